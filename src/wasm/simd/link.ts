/** Limits of the memory that a compiled module imports: it is shared, has a page, and at most 65536. */
const SHARED = [0x03, 0x01, 0x80, 0x80, 0x04];
/** The same five bytes where it is not shared: a page, written at full length, and no maximum. */
const UNSHARED = [0x00, 0x81, 0x80, 0x80, 0x00];

/** `env`, `memory`, and that it is a memory: what stands before its limits. */
const IMPORT = [3, ...bytesOf('env'), 6, ...bytesOf('memory'), 0x02];

/**
 * The bytes of a compiled module, importing a memory that is shared with other threads or not: one that is must be asked for as such.
 *
 * @internal
 */
export function moduleBytes(base64: string, { shared }: { readonly shared: boolean }): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const limits = indexOfBytes(bytes, [...IMPORT, ...SHARED]) + IMPORT.length;
  if (!shared) bytes.set(UNSHARED, limits);
  return bytes;
}

/** The functions of compiled modules, working on a memory; undefined where the engine has no SIMD. @internal */
export function linkModules(
  modules: readonly string[],
  memory: WebAssembly.Memory,
): Readonly<Record<string, unknown>> | undefined {
  const shared = !(memory.buffer instanceof ArrayBuffer);
  const exports: Record<string, unknown> = {};
  for (const base64 of modules) {
    const bytes = moduleBytes(base64, { shared });
    if (!WebAssembly.validate(bytes)) return undefined;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    Object.assign(exports, instance.exports);
  }
  return exports;
}

function bytesOf(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

function indexOfBytes(bytes: Uint8Array, part: readonly number[]): number {
  return bytes.findIndex((_, at) => part.every((byte, i) => bytes[at + i] === byte));
}

/** The part of TensorFlow.js's `BackendWasm` that can be watched. @internal */
export interface WatchedWasm {
  readonly wasm: {
    _malloc: (bytes: number) => number;
    readonly _free: (address: number) => void;
    /** The whole heap. Replaced whenever it grows. */
    readonly HEAPU8: Uint8Array;
    /** Exports of the module; with threads, `wasmMemory` is the memory instead. */
    readonly asm?: Readonly<Record<string, unknown>>;
    readonly wasmMemory?: unknown;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  move: (dataId: object, values: unknown, shape: number[], dtype: string, refCount: number) => void;
}

/** A float32 tensor of a backend. */
interface Floats {
  readonly dataId: object;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Bits of a NaN that no computation makes; new memory begins with it. */
const UNWRITTEN = 0x7fa5_c3d2;

/** 4 GiB, all that a pointer can reach, less what kernels may need for themselves: those of XNNPACK do not say that they found none. */
const MOST_BYTES = 2 ** 32 - 2 ** 28;

/** Methods that read or write the heap. */
const TOUCHING = ['move', 'readSync', 'typedArrayFromHeap', 'disposeData'] as const;

/**
 * Makes a WASM backend notice that its memory is full and that it crashed, before anything is written to a wrong place: where `malloc`
 * finds nothing it gives the address 0, and the backend would write there, over its own state and then over tensors.
 *
 * @param fail - told once what happened; gives the error to throw
 * @returns a function that says what happened where the memory could not grow for a kernel
 * @internal
 */
export function guardWasm(backend: WatchedWasm, fail: (happened: string) => Error): () => string | undefined {
  const { wasm } = backend;
  const isDenied = watchGrowth(wasm);
  const shortage = (): string | undefined =>
    isDenied() || wasm.HEAPU8.length > MOST_BYTES
      ? `its memory was full (${(wasm.HEAPU8.length / 2 ** 30).toFixed(2)} GiB)`
      : undefined;
  wasm._free(wasm._malloc(8)); // at its first call the stub puts the function itself in its place
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = allocate(bytes);
    const short = shortage() ?? (address === 0 && bytes > 0 ? 'its memory was full' : undefined);
    if (short !== undefined) throw fail(`${short}, no room for ${bytes} bytes more`);
    return address;
  };
  const move = backend.move.bind(backend);
  backend.move = (dataId, values, shape, dtype, refCount) => {
    move(dataId, values, shape, dtype, refCount);
    if (values !== null && values !== undefined) return;
    const word = firstWord(backend, { dataId, shape, dtype });
    word?.setUint32(0, UNWRITTEN, true);
  };
  const methods = backend as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of TOUCHING) {
    const method = methods[name];
    if (method === undefined) continue;
    methods[name] = (...given) => {
      try {
        return method.apply(backend, given);
      } catch (error) {
        const crash = wasmCrash(error);
        throw crash === undefined ? error : fail(crash);
      }
    };
  }
  return shortage;
}

/** Whether a kernel has left its result as it was allocated, which those of XNNPACK do where they find no memory. @internal */
export function isUnwritten(backend: WatchedWasm, result: Floats): boolean {
  return firstWord(backend, result)?.getUint32(0, true) === UNWRITTEN;
}

function firstWord({ wasm, dataIdMap }: WatchedWasm, { dataId, shape, dtype }: Floats): DataView | undefined {
  if (dtype !== 'float32' || shape.includes(0)) return undefined;
  return new DataView(wasm.HEAPU8.buffer, dataIdMap.get(dataId).memoryOffset, Uint32Array.BYTES_PER_ELEMENT);
}

/** What happened where an error is a trap of a WebAssembly module, or an address beyond its heap. @internal */
export function wasmCrash(error: unknown): string | undefined {
  // By name: the module may belong to another realm.
  if (!(error instanceof Error) || (error.name !== 'RuntimeError' && error.name !== 'RangeError')) return undefined;
  if (error.message.includes('call stack')) return undefined;
  return `it crashed with ${JSON.stringify(error.message.split('\n', 1)[0])} (${error.name})`;
}

/** The backend's memory: an export of its module, or (with threads) an object that all of them were given. @internal */
export function wasmMemory({ wasm }: Pick<WatchedWasm, 'wasm'>): WebAssembly.Memory | undefined {
  const candidates = [wasm.wasmMemory, ...Object.values(wasm.asm ?? {})];
  return candidates.find((candidate): candidate is WebAssembly.Memory => candidate instanceof WebAssembly.Memory);
}

/** Whether the last attempt to grow was in vain; the module tries it with several sizes. */
function watchGrowth(wasm: WatchedWasm['wasm']): () => boolean {
  const memory = wasmMemory({ wasm });
  let isDenied = false;
  if (memory !== undefined) {
    const grow = (pages: number): number => {
      isDenied = true;
      const before = WebAssembly.Memory.prototype.grow.call(memory, pages);
      isDenied = false;
      return before;
    };
    Object.defineProperty(memory, 'grow', { value: grow, configurable: true });
  }
  return () => isDenied;
}

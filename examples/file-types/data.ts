import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillUniforms, foldIn, type Key } from 'catrs';

/** What a fragment may be of, by the end of the file's name; longer ends first. */
export const TYPES = [
  { name: 'type declarations', ends: ['.d.ts', '.d.mts', '.d.cts'] },
  { name: 'JavaScript', ends: ['.js', '.mjs', '.cjs'] },
  { name: 'JSON', ends: ['.json'] },
  { name: 'Markdown', ends: ['.md'] },
  { name: 'source map', ends: ['.map'] },
  { name: 'WebAssembly', ends: ['.wasm'] },
] as const;

/** Fragments of files with their types: bytes, [fragments][length]. */
export interface Fragments {
  readonly bytes: readonly Uint8Array[];
  readonly labels: readonly number[];
}

/** How many fragments of how many bytes. */
export interface FragmentRequest {
  readonly length: number;
  /** Fragments of each type to train on. */
  readonly training: number;
  /** Fragments of each type to certify. */
  readonly evaluation: number;
  readonly key: Key;
}

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/**
 * Fragments of the files of the npm packages that this repository installs, as package-lock.json pins them: nothing else is needed.
 *
 * A package is for evaluation if the hash of its name is 1 modulo 3, else for training, so that no file of a package is on both sides.
 * Packages for one operating system are left out. A fragment starts at a random byte; files are taken in turn, those of fewer bytes than a
 * fragment never.
 */
export function loadFragments({ length, training, evaluation, key }: FragmentRequest): {
  readonly training: Fragments;
  readonly evaluation: Fragments;
} {
  const files = packages().flatMap((name) => filesOf(name).map((path) => ({ path, isHeldOut: hash(name) % 3 === 1 })));
  const draw = (isHeldOut: boolean, perType: number, drawKey: Key): Fragments => {
    const bytes: Uint8Array[] = [];
    const labels: number[] = [];
    for (const [label] of TYPES.entries()) {
      const paths = files
        .filter((file) => file.isHeldOut === isHeldOut && typeOf(file.path) === label)
        .map((file) => file.path);
      const large = paths.filter((path) => statSync(path).size >= length);
      for (const fragment of fragmentsOf(large, length, perType, foldIn(drawKey, label))) {
        bytes.push(fragment);
        labels.push(label);
      }
    }
    return { bytes, labels };
  };
  return { training: draw(false, training, foldIn(key, 0)), evaluation: draw(true, evaluation, foldIn(key, 1)) };
}

function fragmentsOf(paths: readonly string[], length: number, count: number, key: Key): Uint8Array[] {
  const uniforms = new Float32Array(2 * Math.max(count, paths.length));
  fillUniforms(uniforms, { key, start: 0, dimension: uniforms.length });
  // Files in random order, and as often as needed: one file of a package of many counts no more than one of a package of few.
  const order = paths.map((path, i) => ({ path, at: uniforms[i]! })).sort((a, b) => a.at - b.at);
  return Array.from({ length: count }, (_, i) => {
    const content = readFileSync(order[i % order.length]!.path);
    const begin = Math.floor(uniforms[uniforms.length / 2 + i]! * (content.length - length + 1));
    return Uint8Array.from(content.subarray(begin, begin + length));
  });
}

/** The packages in the folder of modules that every system gets, in order. */
function packages(): string[] {
  const folders = readdirSync(MODULES).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(MODULES, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  return folders.filter((name) => !name.startsWith('.') && isForAll(join(MODULES, name))).sort();
}

function isForAll(folder: string): boolean {
  try {
    const { os, cpu } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
    return os === undefined && cpu === undefined;
  } catch {
    return false;
  }
}

/** The files of a package that have a type, without packages inside it. */
function filesOf(name: string): string[] {
  return readdirSync(join(MODULES, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && typeOf(entry.name) >= 0)
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(join(MODULES, name), path).split(sep).includes('node_modules'))
    .filter((path) => basename(path) !== '.package-lock.json')
    .sort();
}

function typeOf(path: string): number {
  return TYPES.findIndex(({ ends }) => ends.some((end) => path.endsWith(end)));
}

/** FNV-1a of 32 bits. */
function hash(name: string): number {
  return [...name].reduce((h, character) => Math.imul(h ^ character.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);
}

import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { CatrsError, refusal, showValue } from '../errors.ts';

/** The packages that bring TensorFlow's library, the first that is installed wins. @internal */
export const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** One of the packages that bring TensorFlow's library. */
export type NativePackage = (typeof PACKAGES)[number];

/** What is used of the package. */
interface NativeModule {
  readonly version: Readonly<Record<'tfjs-node', string>>;
}

/** Which package to load, and from where. */
interface Wanted {
  readonly packageName: NativePackage | undefined;
  readonly resolveFrom: string | URL | undefined;
}

/** A package that is installed. @internal */
export interface FoundPackage {
  readonly name: NativePackage;
  /** The file to load. */
  readonly path: string;
}

/**
 * Finds the package.
 *
 * @throws CatrsError if it is not installed, or another copy of it is at work
 * @internal
 */
export function findNative(call: string, { packageName, resolveFrom }: Wanted): FoundPackage {
  const names = packageName === undefined ? PACKAGES : [packageName];
  const { name, path } = find(call, names, resolveFrom);
  if ('tensorflow' in tf.engine().registryFactory && !isLoaded(path)) {
    const details = { call, field: 'packageName', value: name, got: `${name} at ${path}` };
    const way = 'name the package that was loaded first with `packageName` and `resolveFrom`';
    throw refusal(CatrsError, { ...details, way }, 'must be the package whose TensorFlow is loaded already');
  }
  return { name, path };
}

const require = createRequire(import.meta.url);
const isLoaded = (path: string): boolean => require.cache[path] !== undefined;

/**
 * Loads the package, which makes its backend the current one, and gives its version.
 *
 * @throws CatrsError if it cannot be loaded
 * @internal
 */
export function loadNative(call: string, { name, path }: FoundPackage): string {
  supplyUtil();
  // What TensorFlow says of the processor and of drivers that are not there; its errors still appear.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  try {
    return (require(path) as NativeModule).version['tfjs-node'];
  } catch (error) {
    const got = showValue(error instanceof Error ? error.message : String(error));
    const way = `npm rebuild ${name}, or see docs/guide/native.md`;
    throw refusal(CatrsError, { call, field: name, value: error, got, way }, 'must be a package that can be loaded');
  }
}

function find(call: string, names: readonly NativePackage[], from: string | URL | undefined): FoundPackage {
  for (const base of from === undefined ? [import.meta.url, inFolder(process.cwd())] : [inFolder(from)]) {
    for (const name of names) {
      const path = resolved(base, name);
      if (path !== undefined) return { name, path };
    }
  }
  const [name] = names.slice(-1) as [NativePackage];
  const where = from === undefined ? `beside catrs and in ${process.cwd()}` : `in ${showValue(from.toString())}`;
  const details = { call, field: name, value: undefined, got: `nothing ${where}`, way: `npm install ${name}` };
  throw refusal(CatrsError, details, 'must be installed');
}

function inFolder(folder: string | URL): string {
  const path = typeof folder === 'string' ? resolve(folder) : fileURLToPath(folder);
  return pathToFileURL(join(path, 'package.json')).href;
}

function resolved(base: string, name: string): string | undefined {
  try {
    return createRequire(base).resolve(name);
  } catch {
    return undefined;
  }
}

/** tfjs-node (4.22) calls two functions of `util` that Node 23 no longer has, and whose use Node 22 reports. */
function supplyUtil(): void {
  const lacks = !('isNullOrUndefined' in util && 'isArray' in util);
  if (!lacks && !process.versions.node.startsWith('22.')) return;
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
}

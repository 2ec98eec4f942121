import * as tf from '@tensorflow/tfjs';
import { BackendError, refusal } from '../errors.ts';
import { guardWasm, wasmCrash, type WatchedWasm } from './wasm-guard.ts';

/** What was asked of a backend, for the text of its failure. @internal */
export interface Pass {
  /** The public call. */
  readonly call: string;
  /** Shape of the batch, rows first. */
  readonly shape: readonly number[];
}

interface Device {
  readonly lost?: Promise<{ readonly message?: string }>;
  readonly addEventListener?: (type: string, listener: (event: { readonly error?: Error }) => void) => void;
}

/** A backend of TensorFlow.js as it was when a pass began. */
interface Backend {
  readonly name: string;
  readonly instance: object;
}

// The only state here: what happened to backends that must not be used any more. It belongs to a backend and goes with it.
const failures = new WeakMap<object, string>();
const watched = new WeakMap<object, () => string | undefined>();

/**
 * Runs a part of a pass that TensorFlow.js computes at once. A full memory, a crash or a lost device becomes a {@link BackendError} that
 * names the batch; afterwards the backend refuses further use, all but `cpu`, whose memory no failure can spoil.
 *
 * @throws BackendError also where the backend has failed before
 * @internal
 */
export function onBackend<T>(pass: Pass, run: () => T): T {
  const backend = usableBackend(pass);
  try {
    const result = run();
    assertSound(backend);
    return result;
  } catch (error) {
    throw passFailure(pass, backend, error);
  }
}

/** Waits for values of a pass, with the errors of {@link onBackend}. @internal */
export async function readBack<T>(pass: Pass, read: () => Promise<T>): Promise<T> {
  const backend = usableBackend(pass);
  try {
    const values = await read();
    assertSound(backend);
    return values;
  } catch (error) {
    throw passFailure(pass, backend, error);
  }
}

/** Makes the current backend notice its failures from now on, if it can. @internal */
export function watchBackend(): Backend {
  const [name, instance] = [tf.getBackend(), tf.backend() as object];
  if (!watched.has(instance)) watched.set(instance, watch({ name, instance }));
  return { name, instance };
}

/** Makes a backend refuse further use, all but the giving back of its tensors; gives the error of what happened. @internal */
export function breakBackend({ name, instance }: Backend, happened: string): BackendError {
  if (!failures.has(instance)) {
    failures.set(instance, happened);
    refuseUse({ name, instance }, happened);
  }
  return tooLarge(name, name, { shown: 'a batch', value: undefined }, happened);
}

/** What happened to a backend that refuses further use. @internal */
export function failureOf(backend: object): string | undefined {
  return failures.get(backend);
}

function watch(backend: Backend): () => string | undefined {
  const { name, instance } = backend;
  if (name === 'wasm') return guardWasm(instance as WatchedWasm, (happened) => breakBackend(backend, happened));
  const { device } = instance as { readonly device?: Device };
  device?.lost?.then(
    ({ message = '' }) => breakBackend(backend, `its device was lost (${JSON.stringify(message)})`),
    () => undefined,
  );
  // What a device refuses it does not compute, and what is read back is 0 or old.
  device?.addEventListener?.('uncapturederror', ({ error }) => {
    breakBackend(backend, `its device refused a command, ${JSON.stringify(error?.message.split('\n', 1)[0])}`);
  });
  return () => undefined;
}

/** The current backend, watched. Throws BackendError if it has failed. */
function usableBackend({ call }: Pass): Backend {
  const backend = watchBackend();
  const happened = failures.get(backend.instance);
  if (happened !== undefined) throw notRestarted(call, happened);
  return backend;
}

/** A kernel that found no memory may have said nothing, and a device speaks later. */
function assertSound(backend: Backend): void {
  const happened = failures.get(backend.instance) ?? watched.get(backend.instance)?.();
  if (happened !== undefined) throw breakBackend(backend, happened);
}

/** The error that a pass ends with: one of the backend, where it is one. */
function passFailure({ call, shape }: Pass, backend: Backend, error: unknown): unknown {
  if (error instanceof BackendError && error.value !== undefined) return error; // of a pass inside this one
  const { name, instance } = backend;
  const happened = failures.get(instance) ?? whatHappened(error, name);
  if (happened === undefined) return error;
  if (name !== 'cpu') breakBackend(backend, happened);
  const failure = tooLarge(call, name, { shown: `one of shape [${shape}]`, value: shape[0] }, happened);
  failure.cause = error;
  return failure;
}

/** How engines say that there is no memory for an array. */
const FULL =
  /Array buffer allocation failed|Invalid typed array length: \d{9}|[Oo]ut of memory|allocation size overflow/;
const LOST = /\blost\b|mapAsync|GPUBuffer|Out of memory/i;

function whatHappened(error: unknown, name: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const said = `${JSON.stringify(error.message.split('\n', 1)[0])} (${error.name})`;
  if (FULL.test(error.message)) return `its memory was full, ${said}`;
  // Addresses beyond the heap are noticed where they are used; an error of this kind may as well come from the classifier.
  if (name === 'wasm' && error.name !== 'RangeError') return wasmCrash(error);
  return name === 'webgpu' && LOST.test(error.message) ? `its device failed with ${said}` : undefined;
}

const RESTART =
  'what it holds may be overwritten; restart it, in a new process, page or worker or by useWasm(), and load the model again';

function tooLarge(
  call: string,
  name: string,
  { shown, value }: { readonly shown: string; readonly value: number | undefined },
  happened: string,
): BackendError {
  const way = name === 'cpu' ? 'take a smaller one' : `take a smaller one; ${RESTART}`;
  const details = { call, field: 'batchSize', value, got: `${shown}, at which ${happened}`, way };
  return refusal(BackendError, details, `must be small enough for the memory of the ${name} backend`);
}

function notRestarted(call: string, happened: string): BackendError {
  const details = { call, field: 'backend', value: happened, got: `another use of it: ${happened}`, way: RESTART };
  return refusal(BackendError, details, 'must be restarted after a failure');
}

/** Methods of a backend that touch none of its memory. */
const HARMLESS: ReadonlySet<string> = new Set([
  'constructor',
  'dispose',
  'epsilon',
  'floatPrecision',
  'memory',
  'numDataIds',
  'refCount',
  'timerAvailable',
]);

function refuseUse({ name: backend, instance }: Backend, happened: string): void {
  const refuse = (): never => {
    throw notRestarted(backend, happened);
  };
  const put = (name: string, value: unknown): void => {
    Object.defineProperty(instance, name, { value, configurable: true, writable: true });
  };
  for (const name of methodsOf(instance)) if (!HARMLESS.has(name)) put(name, refuse);
  // Clean-ups go on, lest their errors hide the first one, but nothing is written to a broken heap.
  put('disposeData', () => true);
  put('dispose', () => undefined);
  const storage = { get: refuse, set: refuse, has: () => false, delete: () => true, numDataIds: () => 0 };
  for (const name of ['dataIdMap', 'tensorMap', 'data']) if (name in instance) put(name, storage);
}

function methodsOf(backend: object): Set<string> {
  const names = new Set<string>();
  let from: unknown = backend;
  while (typeof from === 'object' && from !== null && from !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      if (typeof value === 'function') names.add(name);
    }
    from = Object.getPrototypeOf(from);
  }
  return names;
}

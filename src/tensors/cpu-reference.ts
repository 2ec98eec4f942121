import * as tf from '@tensorflow/tfjs';
import { BackendError, refusal } from '../errors.ts';

/** What a tensor held on `cpu`. @internal */
export interface CpuValues {
  readonly values: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

/**
 * Computes on the `cpu` backend what is set up for another one.
 *
 * A computation begins and ends on the current backend without giving the host a turn, so that nothing else is ever computed on `cpu`.
 * Tensors stay where they are: `cpu` gets copies of them. TensorFlow.js would move them, which WebGPU cannot do at once, so a first attempt
 * finds out which it needs, with zeros in their place.
 * @internal
 */
export class CpuReference {
  readonly #call: string;
  /** What was read of the tensors of the other backend, by their memory. */
  readonly #copies = new Map<object, Values>();

  constructor(call: string) {
    this.#call = call;
  }

  /** Reads tensors that will be needed, so that no attempt is made in vain. */
  lend(tensors: readonly tf.Tensor[]): Promise<void> {
    return this.#read(tensors.filter(({ isDisposed }) => !isDisposed).map(({ dataId }) => dataId));
  }

  /** Values of the tensors that `compute` makes; it may be called more than once. */
  async compute(compute: () => readonly tf.Tensor[]): Promise<CpuValues[]> {
    for (;;) {
      const missing = new Set<object>();
      const attempt = this.#attempt(compute, missing);
      if (missing.size > 0) await this.#read(missing);
      else if ('error' in attempt) throw attempt.error;
      else return Promise.all(attempt.results);
    }
  }

  async #read(dataIds: Iterable<object>): Promise<void> {
    for (const dataId of dataIds) this.#copies.set(dataId, await engineOf().read(dataId));
  }

  /** Computes on `cpu`, within this turn of the host; adds the memory of the tensors whose values were missing. */
  #attempt(
    compute: () => readonly tf.Tensor[],
    missing: Set<object>,
  ): { readonly results: readonly Promise<CpuValues>[] } | { readonly error: unknown } {
    const home = tf.getBackend();
    this.#switchTo('cpu');
    const giveBack = lendToCurrent(this.#copies, missing);
    let made: readonly tf.Tensor[] = [];
    try {
      made = tf.tidy(() => compute().map((tensor) => tf.clone(tensor)));
      return { results: made.map(valuesOf) };
    } catch (error) {
      return { error };
    } finally {
      tf.dispose([...made]);
      giveBack();
      this.#switchTo(home);
    }
  }

  /** TensorFlow.js sets a backend that has started before `setBackend` returns; `cpu` starts at once. */
  #switchTo(name: string): void {
    const engine = engineOf();
    if (name in engine.registryFactory) {
      void tf.setBackend(name);
      if (engine.registry[name] !== undefined && engine.backendInstance === engine.registry[name]) return;
    }
    const details = {
      call: this.#call,
      field: 'backend',
      value: name,
      got: 'no cpu backend',
      way: 'leave it registered',
    };
    throw refusal(BackendError, details, 'must be compared with cpu');
  }
}

/** Of `cpu` the values are read before `data` returns; the tensor may be disposed then. */
async function valuesOf(tensor: tf.Tensor): Promise<CpuValues> {
  const { shape } = tensor;
  return { values: Float32Array.from(await tensor.data()), shape };
}

/** More references than a computation can give back. */
const LENT = 2 ** 30;

/**
 * Lets the current backend have copies of the tensors of others where it would have them moved: zeros where there is no copy, which are noted as
 * missing. Gives the function that ends it.
 */
function lendToCurrent(copies: ReadonlyMap<object, Values>, missing: Set<object>): () => void {
  const engine = engineOf();
  const current = tf.backend() as unknown as Storage;
  const homes = new Map<object, Storage>();
  const moveData = engine.moveData.bind(engine);
  engine.moveData = (backend, dataId) => {
    const place = engine.state.tensorInfo.get(dataId);
    if (backend !== current || place === undefined) return moveData(backend, dataId);
    homes.set(dataId, place.backend);
    const { shape, dtype } = place;
    const copy = copies.get(dataId);
    if (copy === undefined) missing.add(dataId);
    place.backend = current;
    current.move(dataId, copy ?? zeros(shape, dtype), shape, dtype, LENT);
  };
  return () => {
    Reflect.deleteProperty(engine, 'moveData');
    for (const [dataId, backend] of homes) {
      current.disposeData(dataId, true);
      const place = engine.state.tensorInfo.get(dataId);
      if (place) place.backend = backend;
    }
  };
}

function zeros(shape: number[], dtype: tf.DataType): Values {
  return tf.util.makeZerosTypedArray(tf.util.sizeFromShape(shape), dtype as 'float32');
}

type Values = tf.backend_util.BackendValues;

/** The part of the engine of TensorFlow.js that says where tensors are and which backend computes. */
interface Engine {
  readonly state: { readonly tensorInfo: WeakMap<object, Place> };
  readonly backendInstance: unknown;
  readonly registry: Readonly<Record<string, unknown>>;
  readonly registryFactory: Readonly<Record<string, unknown>>;
  moveData(backend: object, dataId: object): void;
  read(dataId: object): Promise<Values>;
}

interface Place {
  backend: Storage;
  readonly shape: number[];
  readonly dtype: tf.DataType;
}

interface Storage {
  move(dataId: object, values: Values, shape: number[], dtype: tf.DataType, refCount: number): void;
  disposeData(dataId: object, force: boolean): boolean;
}

function engineOf(): Engine {
  return tf.engine() as unknown as Engine;
}

import * as tf from '@tensorflow/tfjs';
import { BackendError } from '../errors.ts';

type Values = tf.backend_util.BackendValues;

/** The part of an engine of TensorFlow.js that says where tensors are. */
interface Places {
  readonly state: { readonly tensorInfo: WeakMap<object, Place> };
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

/** More references than a computation can give back. */
const LENT = 2 ** 30;

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
  readonly #copies = new Map<object, Values>();

  constructor(call: string) {
    this.#call = call;
  }

  /** Reads tensors that will be needed, so that no attempt is made in vain. */
  async lend(tensors: readonly tf.Tensor[]): Promise<void> {
    const places = tf.engine() as unknown as Places;
    for (const { dataId, isDisposed } of tensors) if (!isDisposed) this.#copies.set(dataId, await places.read(dataId));
  }

  /** Values of the tensors that `compute` makes; it may be called more than once. */
  async compute(compute: () => readonly tf.Tensor[]): Promise<Float32Array[]> {
    for (;;) {
      const missing = new Set<object>();
      const attempt = this.#attempt(compute, missing);
      if ('values' in attempt && missing.size === 0) {
        const values = await Promise.all(attempt.values);
        return values.map((each) => Float32Array.from(each));
      }
      if ('error' in attempt && missing.size === 0) throw attempt.error;
      const places = tf.engine() as unknown as Places;
      for (const dataId of missing) this.#copies.set(dataId, await places.read(dataId));
    }
  }

  #attempt(
    compute: () => readonly tf.Tensor[],
    missing: Set<object>,
  ): { readonly values: readonly Promise<ArrayLike<number>>[] } | { readonly error: unknown } {
    const engine = tf.engine() as unknown as Places;
    const home = tf.getBackend();
    this.#switchTo('cpu');
    const cpu = tf.backend() as unknown as Storage;
    const lent = new Map<object, Storage>();
    const moveData = engine.moveData.bind(engine);
    engine.moveData = (backend, dataId) => {
      const place = engine.state.tensorInfo.get(dataId);
      if (backend !== cpu || place === undefined) return moveData(backend, dataId);
      lent.set(dataId, place.backend);
      const { shape, dtype } = place;
      const copy = this.#copies.get(dataId);
      if (copy === undefined) missing.add(dataId);
      place.backend = cpu;
      cpu.move(
        dataId,
        copy ?? (tf.util.makeZerosTypedArray(tf.util.sizeFromShape(shape), dtype as 'float32') as Values),
        shape,
        dtype,
        LENT,
      );
    };
    let results: readonly tf.Tensor[] = [];
    try {
      results = tf.tidy(() => compute().map((tensor) => tf.clone(tensor)));
      return { values: results.map(async (tensor) => tensor.data()) }; // of cpu they are read before `data` returns
    } catch (error) {
      return { error };
    } finally {
      tf.dispose([...results]);
      Reflect.deleteProperty(engine, 'moveData');
      for (const [dataId, backend] of lent) {
        cpu.disposeData(dataId, true);
        const place = engine.state.tensorInfo.get(dataId);
        if (place) place.backend = backend;
      }
      this.#switchTo(home);
    }
  }

  /** TensorFlow.js sets a backend that has started before `setBackend` returns; `cpu` starts at once. */
  #switchTo(name: string): void {
    const engine = tf.engine() as unknown as {
      readonly backendInstance: unknown;
      readonly registry: Record<string, unknown>;
    };
    if (name in tf.engine().registryFactory) {
      void tf.setBackend(name);
      if (engine.registry[name] !== undefined && engine.backendInstance === engine.registry[name]) return;
    }
    throw new BackendError(`\`backend\` must be compared with cpu, got no cpu backend (leave it registered)`, {
      call: this.#call,
      field: 'backend',
      value: name,
    });
  }
}

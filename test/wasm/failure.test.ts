import * as tf from '@tensorflow/tfjs';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  BackendError,
  GaussianLoss,
  GaussianNoise,
  NoisePgd,
  SmoothedClassifier,
  SmoothedPgd,
  StabilityLoss,
  checkClassifier,
  createKey,
} from '../../src/index.ts';
import { guardKernels } from '../../src/wasm/register-kernels.ts';
import { useWasm } from '../../src/wasm/index.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { documentedForm, thrownBy } from '../helpers/errors.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const key = createKey(3);

/** What of the backend a test breaks. */
interface Internals {
  readonly wasm: { asm: Record<string, unknown>; _malloc: (bytes: number) => number; readonly HEAPU8: Uint8Array };
  makeOutput(shape: number[], dtype: string): { readonly dataId: object };
}

const internals = (): Internals => tf.backend() as unknown as Internals;

beforeEach(() => useWasm());

/** A trap inside a kernel: the real one of a pointer to nowhere, by a function of the module itself. */
function trap(): void {
  // The address of a tensor that does not exist.
  (internals().wasm.asm['Relu'] as (...ids: number[]) => void)(-1, 0, -1);
}

const model = (): tf.Sequential =>
  tf.sequential({ layers: [tf.layers.flatten({ inputShape: [4, 4, 1] }), tf.layers.dense({ units: 3 })] });

/** Everything that can be done with a backend fails in the same way, for catrs and for the host. */
async function expectRefusal(kept: tf.Tensor, classifier: tf.LayersModel): Promise<void> {
  const image = (): tf.Tensor => tf.fill([4, 4, 1], 0.5);
  const g = new SmoothedClassifier(classifier, { noise, numClasses: 3 });
  const uses: Record<string, () => unknown> = {
    'a kernel': () => tf.add(kept, kept),
    'a kernel without input': () => tf.range(0, 5),
    'a view': () => tf.reshape(kept, [-1]),
    'a clone': () => tf.clone(kept),
    'a write': () => tf.tensor([1, 2, 3]),
    'a read': () => kept.data(),
    'a synchronous read': () => kept.dataSync(),
    'a certificate': () => g.certify(image(), { key, n0: 10, n: 100, alpha: 0.01 }),
    'a certificate of a tensor that is there': () => g.certify(kept, { key, n0: 10, n: 100, alpha: 0.01 }),
    'a check': () => checkClassifier(classifier, kept.expandDims(0)),
    'a move to another backend': async () => {
      await tf.setBackend('cpu');
      return tf.add(kept, 1);
    },
  };
  for (const [name, use] of Object.entries(uses)) {
    const error = await thrownBy(async () => use());
    expect(error, name).toBeInstanceOf(BackendError);
    expect((error as Error).message, name).toMatch(/must be restarted after a failure/);
    expect((error as Error).message, name).toMatch(documentedForm);
  }
  expect(() => kept.dispose()).not.toThrow();
}

describe('a WASM backend that has failed', () => {
  it('has trapped in a kernel: names the kernel, and refuses further use', async () => {
    const [kept, classifier] = [tf.fill([4, 4, 1], 0.5), model()];
    tf.registerKernel({ kernelName: 'Trapping', backendName: 'wasm', kernelFunc: () => (trap(), []) as never });
    guardKernels();
    const error = await thrownBy(() => tf.engine().runKernel('Trapping', {}, {}));
    tf.unregisterKernel('Trapping', 'wasm');
    expect(error).toBeInstanceOf(BackendError);
    expect((error as Error).message).toMatch(
      /^wasm: `batchSize` must be small enough .+, at which it crashed with ".+" \(RuntimeError\) in Trapping \(/,
    );
    await expectRefusal(kept, classifier);
  });

  it('has no room for a tensor: says so before anything is overwritten', async () => {
    const [kept, classifier] = [tf.fill([4, 4, 1], 0.5), model()];
    const values = await kept.data();
    const before = internals();
    const fill = (): unknown => {
      for (let i = 0; i < 64; i++) internals().makeOutput([2 ** 25], 'float32');
      return expect.fail('the heap must be full');
    };
    const { memoryOffset } = (
      before as unknown as { dataIdMap: { get(id: object): { memoryOffset: number } } }
    ).dataIdMap.get(kept.dataId);
    const error = await thrownBy(fill);
    expect((error as Error).message).toMatch(/at which its memory was full/);
    // The heap is as it was, although nothing gives it any more.
    const words = new Float32Array(before.wasm.HEAPU8.buffer, memoryOffset, kept.size);
    expect([...words]).toEqual([...values]);
    await expectRefusal(kept, classifier);
  });

  it('has a kernel that found no memory and said nothing', async () => {
    const kept = tf.fill([4, 4, 1], 0.5);
    const kernelFunc = (): { dataId: object; shape: number[]; dtype: 'float32' } => ({
      ...internals().makeOutput([7], 'float32'),
      shape: [7],
      dtype: 'float32',
    });
    tf.registerKernel({ kernelName: 'Silent', backendName: 'wasm', kernelFunc });
    guardKernels();
    const error = await thrownBy(() => tf.engine().runKernel('Silent', {}, {}));
    tf.unregisterKernel('Silent', 'wasm');
    expect((error as Error).message).toMatch(/at which Silent found no memory for its work/);
    await expectRefusal(kept, model_());
  });

  it('is replaced by useWasm', async () => {
    const kept = tf.tensor([1, 2]);
    await thrownBy(() => internals().wasm._malloc(2 ** 32 - 8));
    expect(() => tf.add(kept, 1)).toThrow(BackendError);
    await useWasm();
    expect([...(await tf.add(tf.tensor([1, 2]), 1).data())]).toEqual([2, 3]);
    expect(() => tf.add(kept, 1)).toThrow(BackendError);
  });
});

/** A model whose weights are elsewhere, so that only the backend can refuse. */
function model_(): tf.LayersModel {
  return { ...({} as tf.LayersModel), apply: (x: tf.Tensor) => x, trainableWeights: [], inputs: [] } as never;
}

describe('the error of a pass that was too large', () => {
  const crash = (): never => {
    trap();
    return expect.fail('the trap must trap');
  };
  const x = (rows: number): tf.Tensor => tf.fill([rows, 4, 4, 1], 0.5);
  const passes: Record<string, readonly [() => unknown, RegExp]> = {
    'of certify': [
      () =>
        new SmoothedClassifier(crash, { noise, numClasses: 3, batchSize: 70 }).certify(tf.zeros([4, 4, 1]), {
          key,
          n0: 100,
          n: 100,
          alpha: 0.01,
        }),
      /^SmoothedClassifier.certify: .+ got one of shape \[70,4,4,1\]/,
    ],
    'of checkClassifier': [() => checkClassifier(crash, x(9)), /^checkClassifier: .+ got one of shape \[9,4,4,1\]/],
    'of an attack': [
      () =>
        new SmoothedPgd({ epsilon: 1, steps: 1, numNoise: 2 }).perturb(targetOf(crash, noise), {
          x: x(5),
          labels: [0, 0, 0, 0, 0],
          key,
        }),
      /^SmoothedPgd.perturb: .+ got one of shape \[10,4,4,1\]/,
    ],
    'of an attack on the noise': [
      () =>
        new NoisePgd({ epsilon: 1, steps: 1 }).perturb(crash, {
          x: x(5),

          noise: noise.sampleBatch({ key, numNoise: 2, shape: [5, 4, 4, 1] }),
        }),
      /^NoisePgd.perturb: .+ got one of shape \[10,4,4,1\]/,
    ],
    'of a loss with a pass of its own': [
      () => {
        const loss = new StabilityLoss(crash, { noise, lambda: 2, numNoise: 2 });
        return loss.prepare({ x: x(5), labels: [0, 0, 0, 0, 0], key }).value();
      },
      /^StabilityLoss.value: .+ got one of shape \[5,4,4,1\]/,
    ],
    'of a loss': [
      () => {
        const loss = new GaussianLoss(crash, { noise, numNoise: 2 });
        return loss.prepare({ x: x(5), labels: [0, 0, 0, 0, 0], key }).value();
      },
      /^GaussianLoss.value: .+ got one of shape \[10,4,4,1\]/,
    ],
  };

  it.each(Object.keys(passes))('%s names the batch, and ends the backend', async (name) => {
    const [pass, text] = passes[name]!;
    const error = await thrownBy(pass);
    expect(error).toBeInstanceOf(BackendError);
    expect((error as Error).message).toMatch(text);
    expect((error as BackendError).field).toBe('batchSize');
    expect(() => tf.tensor([1])).toThrow(BackendError);
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, fillNormals } from 'catrs';
import { lenet } from 'catrs/models';
import { onnxClassifier } from 'catrs/onnx';
import type { OnnxSession, OnnxTensorConstructor } from 'catrs/onnx';
import { int8Lenet, measureRanges } from '../../examples/incremental/int8-lenet.ts';
import { useBackend } from '../helpers/backends.ts';
import { requireGuest } from '../helpers/guests.ts';

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

const runtime = requireGuest<Runtime>('onnxruntime-node');
const SHAPE = [28, 28, 1] as const;
const COPIES = 40;

describe('LeNet in int8', () => {
  if ('reason' in runtime) {
    it('runs in onnxruntime', ({ skip }) => skip(runtime.reason));
    return;
  }
  const { InferenceSession, Tensor } = runtime.found;
  beforeAll(() => useBackend('wasm'));

  it('has the logits of the network within a twentieth of their spread, and those of a row whatever is beside it', async () => {
    const model = lenet({ key: createKey(3) });
    const values = new Float32Array(COPIES * 784);
    fillNormals(values, { key: createKey(4), start: 0, dimension: 784, scale: 0.5 });
    const noisy = tf.tensor(values, [COPIES, ...SHAPE]);
    const file = await int8Lenet(model, await measureRanges(model, noisy));
    const classifier = onnxClassifier(await InferenceSession.create(file), { Tensor });
    const expected = await dataOf(model.predict(noisy) as tf.Tensor);
    const got = await classifier.classify(values.slice(), { batch: COPIES, shape: SHAPE });
    const beside = [...got]; // the next call may use the array again
    const centre = got.reduce((sum, value) => sum + value, 0) / got.length;
    const spread = got.reduce((most, value) => Math.max(most, Math.abs(value - centre)), 0);
    const wrong = got.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? NaN))), 0);
    expect(wrong).toBeLessThan(spread / 20);
    // Rounded it is: float32 alone would be a thousand times nearer.
    expect(wrong).toBeGreaterThan(spread / 20_000);
    for (const row of [0, 7]) {
      const alone = await classifier.classify(values.slice(784 * row, 784 * (row + 1)), { batch: 1, shape: SHAPE });
      expect([...alone]).toEqual(beside.slice(10 * row, 10 * (row + 1)));
    }
    // Each of its 430 500 weights is one byte.
    expect(file.length).toBeLessThan(450_000);
    noisy.dispose();
    model.dispose();
  });
});

async function dataOf(x: tf.Tensor): Promise<Float32Array> {
  const data = await x.data();
  x.dispose();
  return data as Float32Array;
}

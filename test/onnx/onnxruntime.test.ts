import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { imageStatistics } from '../../src/models/normalize.ts';
import { lenet } from '../../src/models/lenet.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { onnxClassifier } from '../../src/onnx/onnx-classifier.ts';
import type { OnnxSession, OnnxTensorConstructor } from '../../src/onnx/onnx-session.ts';
import { toOnnx } from '../../src/onnx/to-onnx.ts';
import { createKey } from '../../src/random/key.ts';
import { fillNormals } from '../../src/random/fill-normals.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { requireGuest } from '../helpers/guests.ts';

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

const runtime = requireGuest<Runtime>('onnxruntime-node');
const key = createKey(6);

describe('onnxruntime-node', () => {
  if ('reason' in runtime) {
    it('runs what toOnnx writes', ({ skip }) => skip(runtime.reason));
    return;
  }
  const { InferenceSession, Tensor } = runtime.found;
  beforeAll(() => useBackend('wasm'));

  const models = [
    ['lenet', [28, 28, 1], () => lenet({ key })],
    ['lenet of colours', [20, 24, 3], () => lenet({ key, inputShape: [20, 24, 3] })],
    ['cifarResnet', [32, 32, 3], () => moved(cifarResnet({ key, depth: 8, ...imageStatistics.cifar10 }))],
  ] as const;

  it.each(models)('gives the logits of %s within 1e-5 of their scale', async (_, shape, make) => {
    const model = make();
    const x = tf.tensor(uniforms(5 * shape[0] * shape[1] * shape[2]), [5, ...shape]);
    const classifier = onnxClassifier(await InferenceSession.create(await toOnnx(model)), { Tensor });
    const output = model.predict(x) as tf.Tensor;
    const expected = (await output.data()) as Float32Array;
    const inputs = Float32Array.from(await x.data());
    const got = await classifier.classify(inputs, { batch: 5, shape });
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    got.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5 * scale));
    expect(got).toHaveLength(50);
    tf.dispose([x, output]);
    model.dispose();
  });

  it('certifies a LeNet with the votes of TensorFlow.js', async () => {
    const model = lenet({ key });
    const classifier = onnxClassifier(await InferenceSession.create(await toOnnx(model)), { Tensor });
    const options = { noise: new GaussianNoise({ sigma: 0.5 }), numClasses: 10 };
    const x = tf.tensor(uniforms(784), [28, 28, 1]);
    const request = { key, n: 500 };
    const counts = await new SmoothedClassifier(classifier, options).sampleCounts(x, request);
    const expected = await new SmoothedClassifier(model, options).sampleCounts(x, request);
    const differing = counts.reduce((sum, count, c) => sum + Math.abs(count - expected[c]!), 0);
    expect(differing).toBeLessThanOrEqual(2); // one vote at a near-tie
    x.dispose();
    model.dispose();
  });
});

function uniforms(count: number): Float32Array {
  const values = new Float32Array(count);
  fillUniforms(values, { key, start: 0, dimension: count });
  return values;
}

/** The model with weights and running statistics of batch norm that are not those of the identity. */
function moved(model: tf.LayersModel): tf.LayersModel {
  for (const [i, layer] of model.layers.entries()) {
    if (!layer.getClassName().includes('BatchNormalization')) continue;
    const weights = layer.getWeights().map((weight, role) => {
      const values = new Float32Array(weight.size);
      fillNormals(values, { key, start: 10 * i + role, dimension: weight.size, scale: 0.3 });
      return tf.tidy(() => tf.add(weight, tf.abs(tf.tensor1d(values))));
    });
    layer.setWeights(weights);
    tf.dispose(weights);
  }
  return model;
}

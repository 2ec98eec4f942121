import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { onnxClassifier, type OnnxSession, type OnnxTensorConstructor, toOnnx } from 'catrs/onnx';
import { useBackend } from '../helpers/backends.ts';
import { nativeTensorflow, requireGuest } from '../helpers/guests.ts';
import { expectOfficial, filledResnet, officialImages, officialResnets } from './official-resnets.ts';

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

const runtime = requireGuest<Runtime>('onnxruntime-node');
const native = nativeTensorflow();
const { depth, official } = officialResnets[1]!;
const { size } = official;

describe("torchvision's ResNet-50, written by toOnnx", () => {
  it.skipIf('reason' in runtime)('gives the logits of torchvision on onnxruntime', async () => {
    if ('reason' in runtime) return;
    await useBackend('cpu');
    const model = filledResnet(depth, official);
    const file = await toOnnx(model);
    model.dispose();
    const session = await runtime.found.InferenceSession.create(file);
    const f = onnxClassifier(session, { Tensor: runtime.found.Tensor });
    const logits = await f.classify(officialImages(official), { batch: 2, shape: [size, size, 3] });
    expect(logits).toHaveLength(2000);
    expectOfficial([Array.from(logits.subarray(0, 1000)), Array.from(logits.subarray(1000))], official);
  });
});

describe("torchvision's ResNet-50 on TensorFlow's own library", () => {
  it.skipIf('reason' in native)('gives the logits of torchvision', async () => {
    await useBackend('tensorflow');
    const model = filledResnet(depth, official);
    const x = tf.tensor(officialImages(official), [2, size, size, 3]);
    const logits = model.predict(x) as tf.Tensor2D;
    expectOfficial(await logits.array(), official);
    tf.dispose([x, logits]);
    model.dispose();
  });
});

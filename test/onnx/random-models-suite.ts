import { beforeAll, describe, expect, it } from 'vitest';
import { writtenLayers } from '../../src/onnx/layer-nodes.ts';
import type { OnnxSession, OnnxTensor, OnnxTensorConstructor } from '../../src/onnx/onnx-session.ts';
import { useBackend } from '../helpers/backends.ts';
import { requireGuest } from '../helpers/guests.ts';
import { compareNetworks, type RunOnnx, writtenTypes } from './random-models.ts';

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

const runtime = requireGuest<Runtime>('onnxruntime-node');
/** Tries `count` networks around each layer type. */
export function describeRandomModels(count: number): void {
  describe(`onnxruntime computes what cpu computes, ${count} networks a layer`, () => {
    if ('reason' in runtime) {
      it('of random models', ({ skip }) => skip(runtime.reason));
      return;
    }
    beforeAll(() => useBackend('cpu'));
    const { InferenceSession, Tensor } = runtime.found;
    const run: RunOnnx = async (file, { shape, values }) => {
      const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
      const outputs = await session.run({ input: new Tensor('float32', values, shape) }, ['output']);
      const { data, dims } = outputs['output'] as OnnxTensor;
      return { shape: dims, values: data as Float32Array };
    };
    const compared = new Set<string>();

    it.each(writtenTypes)('of networks with %s', async (type) => {
      const result = await compareNetworks(type, { count, run, seed: 11 });
      expect(result.findings).toEqual([]);
      result.compared.forEach((kind) => compared.add(kind));
    });

    it('with every layer that toOnnx writes', () => {
      expect(writtenLayers.filter((kind) => !compared.has(kind))).toEqual([
        'CatrsNormalize',
        'CatrsTorchBatchNormalization',
      ]);
    });
  });
}

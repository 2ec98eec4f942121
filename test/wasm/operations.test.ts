import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import type { Sample } from './compare.ts';
import { expectSameOnCpu, scalarOf } from './compare.ts';
import type { Operation } from './operations.ts';
import { operations } from './operations.ts';

const names = Object.keys(operations);

beforeAll(async () => {
  await useWasm();
  await import('@tensorflow/tfjs-backend-webgpu');
});

/** The operation's result and, unless only constants go through it, its gradients. */
function resultAndGradients({ f, gradient = true }: Operation): (...inputs: tf.Tensor[]) => tf.Tensor[] {
  return (...inputs) => [
    tf.cast(f(...inputs), 'float32'),
    ...(gradient ? tf.grads((...xs: tf.Tensor[]) => scalarOf(f(...xs)))(inputs) : []),
  ];
}

async function kernelsOf(operation: Operation): Promise<string[]> {
  await tf.setBackend('cpu');
  const make = ({ values, shape }: Sample): tf.Tensor => tf.tensor(values, [...shape]);
  const { kernelNames } = await tf.profile(() =>
    tf.tidy(() => {
      resultAndGradients(operation)(...operation.inputs.map(make));
    }),
  );
  // Functions with a gradient of their own are listed beside the kernels inside them.
  return kernelNames.filter((name) => !name.endsWith('__op'));
}

describe('every operation that catrs uses', () => {
  it.each(names)('%s: gives on wasm what it gives on cpu, gradients included', async (name) => {
    const operation = operations[name]!;
    await expectSameOnCpu(resultAndGradients(operation), operation.inputs);
  });

  it('has its kernels, and those of its gradients, on every backend', async () => {
    const needed = new Set<string>();
    for (const name of names) for (const kernel of await kernelsOf(operations[name]!)) needed.add(kernel);
    expect(needed.size).toBeGreaterThan(50);
    for (const backend of ['cpu', 'wasm', 'webgpu']) {
      const present = new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
      const missing = [...needed].filter((kernel) => !present.has(kernel)).sort();
      expect({ backend, missing }).toEqual({ backend, missing: [] });
    }
  });
});

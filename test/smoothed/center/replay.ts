import * as tf from '@tensorflow/tfjs';
import { gaussianShift } from '../../../src/noise/gaussian-radius.ts';
import { centerKeys, certificateKeys } from '../../../src/random/purposes.ts';
import type { Key, Noise, TypedClassifier } from '../../../src/index.ts';

/** The samples of one run, by what they are for: outputs, or null for one that cannot be drawn. */
export interface Replayed {
  readonly candidates?: readonly (readonly number[] | null)[];
  readonly samples?: readonly (readonly number[] | null)[];
  readonly check?: readonly (readonly number[] | null)[];
  readonly certification?: readonly (readonly number[] | null)[];
}

const PHASES = ['candidates', 'samples', 'check', 'certification'] as const;

/**
 * A noise and a model that give chosen outputs: a noisy copy holds the number of its phase and that of its draw, and the model looks them up. `keys` are those
 * of the prediction and of the certificate.
 */
export function replay(
  outputs: Replayed,
  keys: { readonly predict: Key; readonly certify: Key },
): { readonly noise: Noise; readonly model: TypedClassifier } {
  const searched = centerKeys(keys.predict);
  const byKey = [searched.candidates, searched.samples, searched.check, certificateKeys(keys.certify).estimation];
  const rowsOf = (phase: number): Replayed['samples'] => outputs[PHASES[phase] ?? 'check'];
  const noise: Noise = {
    ...{ name: 'replay', parameters: { sigma: 1 }, norms: ['l2'], domain: 'real' },
    radius: () => 0,
    shiftDown: (bound, radius, request) => gaussianShift(bound, radius, { ...request, sigma: 1 }),
    perturb: (_, { key, start, count, onFailure }) => {
      const phase = byKey.findIndex((one) => String(one) === String(key));
      const numbers = Array.from({ length: count }, (__, i) => start + i);
      for (const i of numbers) if (rowsOf(phase)?.[i] === null) onFailure?.(i);
      return tf.tensor2d(numbers.map((i) => [phase, i]));
    },
  };
  const size = PHASES.flatMap((phase) => outputs[phase] ?? []).find((row) => row !== null)?.length ?? 1;
  const model: TypedClassifier = {
    classify: (inputs, { batch }) => {
      const out = new Float32Array(batch * size);
      for (let row = 0; row < batch; row++) {
        const output = rowsOf(inputs[2 * row] ?? 0)?.[inputs[2 * row + 1] ?? 0];
        out.set(output ?? new Array<number>(size).fill(0), row * size);
      }
      return out;
    },
  };
  return { noise, model };
}

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { sevenLosses } from './seven-losses.ts';

/** Forward passes of `value` and, with two steps of attack, of `prepare`. */
const passes: Readonly<Record<string, readonly [prepare: number, value: number]>> = {
  Gaussian: [0, 1],
  Stability: [0, 2],
  SmoothAdv: [2, 1],
  MACER: [0, 1],
  Consistency: [0, 1],
  SmoothMix: [2, 2],
  'CAT-RS': [2, 2],
};

describe('the mode in which a loss asks its classifier', () => {
  beforeAll(() => useBackend('cpu'));

  it.each(sevenLosses)('$name: inference in prepare, training in value', async ({ name, make }) => {
    const modes: unknown[] = [];
    const classifier = (x: tf.Tensor, { training }: { readonly training: boolean }): tf.Tensor2D => {
      modes.push(training);
      return tf.tidy(() => tf.matMul(tf.reshape(x, [-1, 2]), tf.tensor2d([1, -1, 0.5, -0.5, 1, 0], [2, 3])));
    };
    const x = tf.tensor2d([0.1, 0.8, 0.3, 0.9], [2, 2]);
    const loss = make(classifier, 2, 2);
    const prepared = loss.prepare({ x, labels: [0, 1], key: createKey(2) });
    const [inPrepare = 0, inValue = 0] = passes[name] ?? [];
    expect(modes.splice(0)).toEqual(Array(inPrepare).fill(false));
    const value = prepared.value();
    expect(modes).toEqual(Array(inValue).fill(true));
    tf.dispose([x, value]);
    prepared.dispose();
  });
});

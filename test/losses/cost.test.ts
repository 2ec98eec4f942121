import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Classifier,
  ConfidenceAwareLoss,
  ConsistencyLoss,
  createKey,
  GaussianLoss,
  GaussianNoise,
  MacerLoss,
  NoisePgd,
  SmoothAdvLoss,
  SmoothedDdn,
  SmoothedPgd,
  SmoothMixLoss,
  SmoothMixPgd,
  StabilityLoss,
  type TrainingLoss,
} from 'catrs';
import { useBackend } from '../helpers/backends.ts';

// The table of docs/guide/methods.md: forward passes over the B images of a batch, in prepare and in value.
const noise = new GaussianNoise({ sigma: 0.5 });
const steps = 3;
const numNoise = 4;
const attack = new SmoothedPgd({ epsilon: 0.5, steps });
const rows: readonly {
  name: string;
  make: (classifier: Classifier) => TrainingLoss;
  prepare: number;
  value: number;
}[] = [
  { name: 'Gaussian', make: (f) => new GaussianLoss(f, { noise, numNoise }), prepare: 0, value: numNoise },
  {
    name: 'Stability',
    make: (f) => new StabilityLoss(f, { noise, lambda: 1, numNoise }),
    prepare: 0,
    value: 1 + numNoise,
  },
  {
    name: 'SmoothAdv, PGD',
    make: (f) => new SmoothAdvLoss(f, { noise, attack, numNoise }),
    prepare: steps * numNoise,
    value: numNoise,
  },
  {
    name: 'SmoothAdv, DDN',
    make: (f) =>
      new SmoothAdvLoss(f, { noise, attack: new SmoothedDdn({ epsilon: 1, steps, initialNorm: 1 }), numNoise }),
    prepare: steps * numNoise,
    value: numNoise,
  },
  { name: 'MACER', make: (f) => new MacerLoss(f, { noise, lambda: 1, numNoise }), prepare: 0, value: numNoise },
  {
    name: 'Consistency',
    make: (f) => new ConsistencyLoss(f, { noise, lambda: 1, numNoise }),
    prepare: 0,
    value: numNoise,
  },
  {
    name: 'Consistency, adversarial',
    make: (f) => new ConsistencyLoss(f, { noise, lambda: 1, numNoise, attack }),
    prepare: steps * numNoise,
    value: numNoise,
  },
  {
    name: 'SmoothMix',
    make: (f) => new SmoothMixLoss(f, { noise, attack: new SmoothMixPgd({ stepSize: 0.5, steps }), numNoise }),
    prepare: steps * numNoise,
    value: 2 * numNoise,
  },
  {
    name: 'CAT-RS',
    make: (f) =>
      new ConfidenceAwareLoss(f, { noise, attack: new NoisePgd({ epsilon: 1, steps }), lambda: 1, numNoise }),
    prepare: steps * numNoise,
    value: 2 * numNoise,
  },
];

describe('forward passes of a step', () => {
  beforeAll(() => useBackend('cpu'));

  it.each(rows)('$name', ({ make, prepare, value }) => {
    const size = 5;
    let asked = 0;
    const weights = tf.tensor2d(
      Array.from({ length: 12 }, (_, i) => Math.sin(i)),
      [4, 3],
    );
    const loss = make((x) => {
      asked += x.shape[0]!;
      return tf.tidy(() => tf.matMul(x as tf.Tensor2D, weights));
    });
    const x = tf.fill([size, 4], 0.5);
    const prepared = loss.prepare({ x, labels: [0, 1, 2, 0, 1], key: createKey(0), epoch: 0 });
    expect(asked / size).toBe(prepare);
    prepared.value().dispose();
    expect(asked / size - prepare).toBe(value);
    prepared.dispose();
    tf.dispose([x, weights]);
  });
});

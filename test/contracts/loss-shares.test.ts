import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { ConsistencyLoss, type ConsistencyMode } from '../../src/losses/consistency-loss.ts';
import { CopiesLoss } from '../../src/losses/copies-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../../src/losses/stability-loss.ts';
import type { TrainingBatch, TrainingLoss } from '../../src/losses/types.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends, describeContract } from '../helpers/backends.ts';
import { type FixtureArray, readFixture, toTensor } from '../helpers/fixtures.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const key = createKey(8);
const pgd = new SmoothedPgd({ epsilon: 0.5, steps: 2 });
const ddn = new SmoothedDdn({ epsilon: 0.5, steps: 2 });

interface LossRow {
  readonly name: string;
  readonly make: (classifier: Classifier) => TrainingLoss;
}
const adversarial = (name: string, attack: InputAttack): LossRow => ({
  name: `SmoothAdvLoss, ${name}`,
  make: (f) => new SmoothAdvLoss(f, { noise, attack, numNoise: 2 }),
});
const consistency = (mode: ConsistencyMode, attack?: InputAttack): LossRow => ({
  name: `ConsistencyLoss, ${mode}${attack ? ', attacked' : ''}`,
  make: (f) => new ConsistencyLoss(f, { noise, lambda: 2, mode, ...(attack && { attack }) }),
});
const catRs = (name: string, confidenceMask: boolean): LossRow => ({
  name: `ConfidenceAwareLoss${name}`,
  make: (f) => {
    const attack = new NoisePgd({ epsilon: 0.5, steps: 2 });
    return new ConfidenceAwareLoss(f, { noise, attack, lambda: 2, confidenceMask });
  },
});

/** Every training loss: its value must be a mean over images, whose draws belong to the image. */
const losses: readonly LossRow[] = [
  { name: 'GaussianLoss', make: (f) => new GaussianLoss(f, { noise, numNoise: 2 }) },
  { name: 'StabilityLoss', make: (f) => new StabilityLoss(f, { noise, lambda: 2 }) },
  adversarial('PGD', pgd),
  adversarial('DDN', ddn),
  consistency('default'),
  consistency('xent'),
  consistency('kl'),
  consistency('mse'),
  consistency('default', pgd),
  { name: 'MacerLoss', make: (f) => new MacerLoss(f, { noise, lambda: 1, numNoise: 4, beta: 1 }) },
  {
    name: 'SmoothMixLoss',
    make: (f) => new SmoothMixLoss(f, { noise, attack: new SmoothMixPgd({ stepSize: 0.5, steps: 2 }) }),
  },
  {
    name: 'CopiesLoss, drawn copies',
    make: (f) => new CopiesLoss(f, { noise: new SplittingNoise({ halfWidth: 0.3 }), numNoise: 2 }),
  },
  {
    name: 'CopiesLoss, enumerated copies',
    make: (f) =>
      new CopiesLoss(f, { noise: new DeterministicSplittingNoise({ halfWidth: 0.3, key: createKey(1) }), numNoise: 2 }),
  },
  catRs('', false),
  catRs(', confidence mask', true),
];

interface Fixture {
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
}
const fixture = await readFixture<Fixture>('tinycnn.json');
const labels = [0, 1, 2, 0, 1, 2];

/** The share of a batch, cut as the trainers do. */
const shareOf = (x: tf.Tensor, begin: number, size: number): TrainingBatch => ({
  x: tf.slice(x, begin, size),
  labels: labels.slice(begin, begin + size),
  key,
  firstImage: begin,
});

describeContract('shares of a batch', losses, ({ make }) => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let x: tf.Tensor;
  beforeAll(() => {
    variables = tinyCnnVariables(fixture.model);
    x = toTensor(fixture.inputs);
  });
  afterAll(() => tf.dispose([variables, x]));

  /** The loss and all its gradients, one after the other. */
  async function step(batch: TrainingBatch): Promise<number[]> {
    const loss = make(tinyCnn(variables));
    using prepared = loss.prepare(batch);
    const { value, grads } = tf.variableGrads(() => prepared.value(), Object.values(variables));
    const found = await Promise.all([value, ...Object.values(grads)].map((tensor) => tensor.data()));
    tf.dispose([value, grads]);
    return found.flatMap((values) => [...values]);
  }

  it('have, weighted by their sizes, the loss and the gradients of the batch', async () => {
    const whole = await step(shareOf(x, 0, 6));
    const first = await step(shareOf(x, 0, 2));
    const rest = await step(shareOf(x, 2, 4));
    const other = await step({ ...shareOf(x, 2, 4), firstImage: 0 });
    whole.forEach((expected, i) => {
      const average = (2 * first[i]! + 4 * rest[i]!) / 6;
      expect(Math.abs(average - expected), `number ${i}`).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
    });
    expect(other[0], 'the draws of other images').not.toBe(rest[0]);
  });
});

describeBackends('a share of a batch', () => {
  it('has the noise of the batch, bit by bit', async () => {
    const whole = noise.sampleBatch({ key, numNoise: 2, shape: [5, 3] });
    const share = noise.sampleBatch({ key, numNoise: 2, shape: [2, 3], firstImage: 3 });
    const cut = tf.slice(whole, [0, 3], [-1, 2]);
    expect(await share.array()).toEqual(await cut.array());
    tf.dispose([whole, share, cut]);
  });

  /** Class 0 near 0.5, where it is flat, and class 1 further away. */
  const flat: Classifier = (images) => {
    const squares = tf.sum(tf.square(tf.sub(tf.reshape(images, [-1, 4]), 0.5)), 1, true);
    const first = tf.sub(0.1, tf.mul(10, tf.relu(tf.sub(squares, 0.1))));
    return tf.concat([first, tf.zerosLike(first), tf.sub(tf.zerosLike(first), 1)], 1) as tf.Tensor2D;
  };
  it.each(Object.entries({ pgd, ddn }))('is attacked as in the batch where gradients vanish: %s', async (_, attack) => {
    const attacked = async (images: number, firstImage: number): Promise<Float32Array> => {
      const request = { x: tf.fill([images, 2, 2, 1], 0.5), noise: tf.zeros([1, images, 2, 2, 1]), key, firstImage };
      const found = attack.perturb(targetOf(flat, noise, [0, 1]), {
        ...request,
        labels: Array.from({ length: images }, () => 0),
      });
      const values = await found.data<'float32'>();
      tf.dispose([request.x, request.noise, found]);
      return values;
    };
    const whole = await attacked(6, 0);
    const share = await attacked(4, 2);
    whole.slice(8).forEach((value, i) => expect(share[i]).toBeCloseTo(value, 5));
    expect(new Set(whole).size, 'directions differ').toBeGreaterThan(8);
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd, type SmoothMixPgdOptions } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedDdn, type SmoothedDdnOptions } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd, type SmoothedPgdOptions } from '../../src/attacks/smoothed-pgd.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { CatrsError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey, split } from '../../src/random/key.ts';
import { klRows, labelEntries, meanSoftmax } from '../../src/tensors/cross-entropy.ts';
import type { InputRange, Key, LengthNorm } from '../../src/types.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeContract } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { readFixture, toTensor, type FixtureArray } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnModel, tinyCnnWeights } from '../helpers/tiny-cnn.ts';

/** What every attack may use: 6 images, their labels, noise [2, 6, ...] and soft targets. */
interface Inputs {
  readonly x: tf.Tensor;
  readonly labels: tf.Tensor1D;
  readonly noise: tf.Tensor;
  readonly softTargets: tf.Tensor2D;
}

interface AttackRow {
  readonly name: string;
  readonly epsilon: number;
  /** The norm of epsilon; absent: ℓ2. */
  readonly norm?: LengthNorm;
  /** Whether an example may stay where it is, being misclassified already. */
  readonly mayStay?: boolean;
  /** Length of the change may exceed epsilon by this share, for re-standardisation or rounding. */
  readonly slack: number;
  /** Range of the values of the result, if the attack promises one. */
  readonly clip?: readonly [number, number];
  /** What the attack changes. */
  readonly start: (inputs: Inputs) => tf.Tensor;
  readonly run: (classifier: Classifier, inputs: Inputs, key: Key) => tf.Tensor;
  /** What the attack promises to increase. */
  readonly objective: (logits: (x: tf.Tensor) => tf.Tensor, inputs: Inputs, moved: tf.Tensor) => tf.Tensor;
}

const noise = new GaussianNoise({ sigma: 0.5 });
const noisy = (logits: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, e: tf.Tensor): tf.Tensor3D =>
  tf.reshape(logits(tf.reshape(tf.add(x, e), [12, 8, 8, 1])), [2, 6, 3]);

const noisePgd = (steps: number): AttackRow => ({
  name: `NoisePgd, ${steps} steps`,
  epsilon: 0.5,
  slack: 0.01,
  start: (inputs) => inputs.noise,
  run: (classifier, { x, noise, softTargets }) =>
    new NoisePgd({ epsilon: 0.5, steps }).perturb(classifier, { x, noise, softTargets }),
  objective: (logits, { x, softTargets }, moved) => tf.mean(klRows(noisy(logits, x, moved), softTargets)),
});

const defaultTargets: AttackRow = {
  ...noisePgd(2),
  name: 'NoisePgd, default targets',
  run: (classifier, { x, noise }) => new NoisePgd({ epsilon: 0.5, steps: 2 }).perturb(classifier, { x, noise }),
  objective: (logits, inputs, moved) => {
    const targets = meanSoftmax(noisy(logits, inputs.x, inputs.noise));
    return tf.mean(klRows(noisy(logits, inputs.x, moved), targets));
  },
};

const noisyProbability = (logits: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, e: tf.Tensor, labels: tf.Tensor1D) =>
  tf.mean(labelEntries(tf.softmax(noisy(logits, x, e)), labels), 0);

/** A row of an attack on the input; without `own`, it gets the noise of the inputs. */
const inputAttack = (name: string, attack: InputAttack, row: Partial<AttackRow>, range?: InputRange): AttackRow => ({
  name,
  epsilon: 0.5,
  slack: 1e-5,
  start: (inputs) => inputs.x,
  run: (classifier, { x, labels, noise: e }, key) =>
    attack.perturb(targetOf(classifier, noise, range), { x, labels, key, noise: e }),
  objective: (logits, inputs, moved) =>
    tf.neg(tf.mean(tf.log(noisyProbability(logits, moved, inputs.noise, inputs.labels)))),
  ...row,
});

const clip = [0, 1] as const;

const smoothedPgd = (name: string, options: Partial<SmoothedPgdOptions>, row: Partial<AttackRow> = {}): AttackRow => {
  const attack = new SmoothedPgd({ epsilon: 0.5, steps: 3, numNoise: 2, ...options });
  const { norm, epsilon = 0.5, inputRange: clip } = options;
  return inputAttack(`SmoothedPgd${name}`, attack, { epsilon, ...(norm && { norm }), ...(clip && { clip }), ...row });
};

const drawing = (attack: InputAttack): Pick<AttackRow, 'run'> => ({
  run: (classifier, { x, labels }, key) => attack.perturb(targetOf(classifier, noise), { x, labels, key }),
});

const manyNoises = 16;
const gradientFree = smoothedPgd(
  ', gradient-free',
  {},
  {
    ...drawing(new SmoothedPgd({ epsilon: 0.5, steps: 3, numNoise: manyNoises, gradientFree: true })),
    // An estimate from the noises that it draws: it raises the mean probability of another class under these.
    objective: (logits, { x, labels }, moved) => {
      const drawn = noise.sampleBatch({ key: split(key)[0], numNoise: manyNoises, shape: x.shape });
      const pairs = Array.from({ length: manyNoises / 2 }, (_, i) => tf.slice(drawn, 2 * i, 2));
      return tf.neg(tf.mean(tf.stack(pairs.map((pair) => noisyProbability(logits, moved, pair, labels)))));
    },
  },
);

const smoothedDdn = (name: string, options: Partial<SmoothedDdnOptions>, row: Partial<AttackRow> = {}): AttackRow =>
  inputAttack(
    `SmoothedDdn${name}`,
    new SmoothedDdn({ epsilon: 1, steps: 6, numNoise: 2, ...options }),
    {
      epsilon: 1,
      mayStay: true,
      clip,
      ...row,
    },
    clip,
  );

const smoothMixPgd = (
  name: string,
  end: 'clean' | 'adversary',
  options: Partial<SmoothMixPgdOptions>,
  row: Partial<AttackRow>,
): AttackRow => {
  const attack = new SmoothMixPgd({ stepSize: 0.3, steps: 3, numNoise: 2, ...options });
  const perturb: InputAttack['perturb'] = (target, request) => {
    const pair = attack.perturb(target, request);
    pair[end === 'clean' ? 'adversary' : 'clean'].dispose();
    return pair[end];
  };
  return inputAttack(`SmoothMixPgd${name}`, { perturb }, { clip, ...row }, clip);
};

/** Every attack of the library. A new attack is a new row. */
const attacks: readonly AttackRow[] = [
  noisePgd(1),
  noisePgd(4),
  defaultTargets,
  smoothedPgd('', {}),
  smoothedPgd(', clipped', { inputRange: clip }),
  smoothedPgd(', shortened, then clipped', { inputRange: clip, order: 'shorten-then-clip' }),
  smoothedPgd(', own noise', {}, drawing(new SmoothedPgd({ epsilon: 0.5, steps: 3, numNoise: 2 }))),
  smoothedPgd(', linf', { inputRange: clip, norm: 'linf', epsilon: 0.1 }),
  smoothedPgd(', l1', { inputRange: clip, norm: 'l1', epsilon: 2 }),
  gradientFree,
  smoothedDdn('', {}, { slack: 8 / 510 }),
  smoothedDdn(', without rounding', { levels: null, gamma: 0.2 }),
  smoothMixPgd(', adversary', 'adversary', {}, { epsilon: 0.9 }),
  smoothMixPgd(', adversary within epsilon', 'adversary', { epsilon: 0.4 }, { epsilon: 0.4 }),
  smoothMixPgd(', clean', 'clean', { mixStep: 1 }, { epsilon: 0.3 }),
];

interface Fixture {
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly noises: FixtureArray;
}
const fixture = await readFixture<Fixture>('tinycnn.json');
const key = createKey(5);

describeContract('every attack', attacks, (attack) => {
  let inputs: Inputs;
  let weights: ReturnType<typeof tinyCnnWeights>;
  let classifier: (x: tf.Tensor) => tf.Tensor2D;
  const values = async (tensor: tf.Tensor): Promise<number[]> => {
    const list = Array.from(await tensor.data());
    tensor.dispose();
    return list;
  };

  beforeAll(() => {
    weights = tinyCnnWeights(fixture.model);
    classifier = tinyCnn(weights);
    inputs = tf.tidy(() => ({
      x: toTensor(fixture.inputs),
      labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
      noise: tf.slice(toTensor(fixture.noises), 0, 2),
      // One-hot rows too: 0 ln 0 must be 0 on every backend.
      softTargets: tf.tensor2d([1, 0, 0, 0.2, 0.8, 0, 0.3, 0.3, 0.4, 0, 1, 0, 0.5, 0.25, 0.25, 0, 0, 1], [6, 3]),
    }));
  });
  afterAll(() => tf.dispose([weights, { ...inputs }]));

  it('returns a float32 tensor of the shape of what it attacks, all numbers', async () => {
    const start = attack.start(inputs);
    const moved = attack.run(classifier, inputs, key);
    expect(moved.shape).toEqual(start.shape);
    expect(moved.dtype).toBe('float32');
    expect((await values(moved)).every(Number.isFinite)).toBe(true);
  });

  it('increases its objective', async () => {
    const moved = attack.run(classifier, inputs, key);
    const before = tf.tidy(() => attack.objective(classifier, inputs, attack.start(inputs)));
    const after = tf.tidy(() => attack.objective(classifier, inputs, moved));
    moved.dispose();
    expect((await values(after))[0]).toBeGreaterThan((await values(before))[0]! * 1.02);
  });

  it('moves every example, by at most epsilon and within the range', async () => {
    const start = attack.start(inputs);
    const moved = attack.run(classifier, inputs, key);
    const rows = start.size / 64;
    const order = { l1: 1, l2: 2, linf: Infinity }[attack.norm ?? 'l2'];
    const lengths = await values(tf.tidy(() => tf.norm(tf.reshape(tf.sub(moved, start), [rows, 64]), order, 1)));
    for (const length of lengths) {
      expect(length).toBeLessThanOrEqual(attack.epsilon * (1 + attack.slack));
      if (!attack.mayStay) expect(length).toBeGreaterThan(0.1 * attack.epsilon);
    }
    expect(Math.max(...lengths)).toBeGreaterThan(0.1 * attack.epsilon);
    const [low, high] = attack.clip ?? [-Infinity, Infinity];
    expect((await values(moved)).every((value) => value >= low && value <= high)).toBe(true);
  });

  it('gives the same result for the same key', async () => {
    const first = await values(attack.run(classifier, inputs, key));
    expect(await values(attack.run(classifier, inputs, key))).toEqual(first);
  });

  it('neither changes nor disposes what it is given', async () => {
    const tensors: tf.Tensor[] = [inputs.x, inputs.labels, inputs.noise, inputs.softTargets, ...Object.values(weights)];
    const before = await Promise.all(tensors.map((tensor) => tensor.data()));
    attack.run(classifier, inputs, key).dispose();
    expect(tensors.some((tensor) => tensor.isDisposed)).toBe(false);
    expect(await Promise.all(tensors.map((tensor) => tensor.data()))).toEqual(before);
  });

  it('asks the classifier in inference mode only', () => {
    const modes = new Set<boolean>();
    const spy: Classifier = (x, { training }) => (modes.add(training), classifier(x));
    attack.run(spy, inputs, key).dispose();
    expect([...modes]).toEqual([false]);
  });

  it('attacks a layers model like the same function', async () => {
    const model = tinyCnnModel(fixture.model);
    const expected = await values(attack.run(classifier, inputs, key));
    const found = await values(attack.run(model, inputs, key));
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 3));
    model.dispose();
  });

  it('leaks no tensor, also when the classifier fails on the way', async () => {
    await expectNoLeak(() => attack.run(classifier, inputs, key).dispose());
    await expectNoLeak(async () => {
      let calls = 0;
      const failing: Classifier = (x) => {
        if (calls++ === 1) throw new Error('no more');
        return classifier(x);
      };
      if (attack.name.endsWith(' 1 steps')) return;
      expect(await thrownBy(() => attack.run(failing, inputs, key))).toMatchObject({ message: 'no more' });
    });
    expect(tf.engine().state.gradientDepth).toBe(0);
  });

  it('refuses to run inside a gradient tape', async () => {
    const error = await thrownBy(() => tf.grad((x) => attack.run(classifier, { ...inputs, x }, key))(inputs.x));
    expect(error).toBeInstanceOf(CatrsError);
    expect((error as Error).message).toContain('must not be made inside a gradient tape');
    expect(tf.engine().state.gradientDepth).toBe(0);
  });

  it('can run inside tidy, which frees the result', () =>
    expectNoLeak(() => void tf.tidy(() => void attack.run(classifier, inputs, key))));
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { CatrsError, OptionError } from '../../src/errors.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { ConsistencyLoss, type ConsistencyLossOptions } from '../../src/losses/consistency-loss.ts';
import { CopiesLoss } from '../../src/losses/copies-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { MacerLoss, type MacerLossOptions } from '../../src/losses/macer-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../../src/losses/stability-loss.ts';
import type { Prepared, TrainingLoss } from '../../src/losses/types.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { DeterministicNoise, Noise } from '../../src/noise/types.ts';
import { createKey } from '../../src/random/key.ts';
import { describeContract } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { readFixture, toTensor, type FixtureArray } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';

/** What every loss is prepared from: no more than images, labels and a key. */
interface Batch {
  readonly x: tf.Tensor;
  readonly labels: readonly number[];
  readonly key: ReturnType<typeof createKey>;
}

/** What a loss draws: noise, or whole copies. */
type Draws = Prepared & ({ readonly noise: tf.Tensor } | { readonly copies: tf.Tensor });
const drawnOf = (prepared: Draws): tf.Tensor => ('copies' in prepared ? prepared.copies : prepared.noise);

interface LossRow {
  readonly name: string;
  readonly make: (classifier: Classifier) => TrainingLoss<Batch, Draws>;
  readonly numNoise: number;
  /** Whether `prepare` asks the classifier, as losses with an attack do. */
  readonly attacks?: boolean;
}

const noise = new GaussianNoise({ sigma: 0.5 });
const attack = new NoisePgd({ epsilon: 0.5, steps: 2 });
const catRs = (name: string, lambda: number, confidenceMask = false, numNoise = 2): LossRow => ({
  name: `ConfidenceAwareLoss${name}`,
  make: (classifier) => new ConfidenceAwareLoss(classifier, { noise, attack, lambda, confidenceMask, numNoise }),
  numNoise,
  attacks: lambda > 0,
});

const smoothAdv = (name: string, numNoise: number): LossRow => ({
  name: `SmoothAdvLoss${name}`,
  make: (classifier) => {
    const pgd = new SmoothedPgd({ epsilon: 0.5, steps: 2 });
    return new SmoothAdvLoss(classifier, { noise, attack: pgd, numNoise });
  },
  numNoise,
  attacks: true,
});
const smoothMix = (name: string, mixStep: number): LossRow => ({
  name: `SmoothMixLoss${name}`,
  make: (classifier) => {
    const pgd = new SmoothMixPgd({ stepSize: 0.5, steps: 2, mixStep });
    return new SmoothMixLoss(classifier, { noise, attack: pgd });
  },
  numNoise: 2,
  attacks: true,
});

const consistency = (name: string, options: Omit<ConsistencyLossOptions, 'noise' | 'lambda'>): LossRow => ({
  name: `ConsistencyLoss, ${name}`,
  make: (classifier) => new ConsistencyLoss(classifier, { noise, lambda: 2, ...options }),
  numNoise: options.numNoise ?? 2,
  attacks: options.attack !== undefined,
});
const copies = (copied: Noise | DeterministicNoise, numNoise: number): LossRow => ({
  name: `CopiesLoss, ${copied.name}, ${numNoise} copies`,
  make: (classifier) => new CopiesLoss(classifier, { noise: copied, numNoise }),
  numNoise,
});
const macer = (name: string, options: Partial<MacerLossOptions>): LossRow => ({
  name: `MacerLoss${name}`,
  make: (classifier) => new MacerLoss(classifier, { noise, lambda: 1, numNoise: 4, ...options }),
  numNoise: options.numNoise ?? 4,
});

/** Every training loss of the library. A new loss is a new row. */
const losses: readonly LossRow[] = [
  { name: 'GaussianLoss', make: (classifier) => new GaussianLoss(classifier, { noise }), numNoise: 1 },
  {
    name: 'GaussianLoss, 3 copies',
    make: (classifier) => new GaussianLoss(classifier, { noise, numNoise: 3 }),
    numNoise: 3,
  },
  { name: 'StabilityLoss', make: (classifier) => new StabilityLoss(classifier, { noise, lambda: 2 }), numNoise: 1 },
  {
    name: 'StabilityLoss, 3 copies',
    make: (classifier) => new StabilityLoss(classifier, { noise, lambda: 1, numNoise: 3 }),
    numNoise: 3,
  },
  consistency('default', {}),
  consistency('xent', { mode: 'xent' }),
  consistency('kl', { mode: 'kl', numNoise: 3 }),
  consistency('mse', { mode: 'mse' }),
  consistency('adversarial', { attack: new SmoothedPgd({ epsilon: 0.5, steps: 2 }) }),
  macer('', {}),
  macer(', gentle', { beta: 1, gamma: 2, numNoise: 2 }),
  macer(', without the robustness', { lambda: 0 }),
  smoothAdv('', 1),
  smoothAdv(', 3 copies', 3),
  smoothMix('', 0),
  smoothMix(', mixed from the first step', 1),
  catRs('', 0.5),
  catRs(', without the worst case', 0),
  catRs(', confidence mask', 2, true),
  catRs(', one copy', 1, false, 1),
  copies(noise, 1),
  copies(new SplittingNoise({ halfWidth: 0.3 }), 2),
  copies(new AblationNoise({ inputShape: [8, 8, 1], keep: 20, encoding: { fill: 0.5 } }), 2),
  copies(new BandAblation({ inputShape: [8, 8, 1], keep: 'columns', size: 3, encoding: { fill: 0.5 } }), 2),
  copies(new DeterministicSplittingNoise({ halfWidth: 0.3, key: createKey(1) }), 3),
];

interface Fixture {
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
}
const fixture = await readFixture<Fixture>('tinycnn.json');

describeContract('every loss', losses, ({ make, numNoise, attacks = false }) => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let classifier: (x: tf.Tensor) => tf.Tensor2D;
  let batch: Batch;

  beforeAll(() => {
    variables = tinyCnnVariables(fixture.model);
    classifier = tinyCnn(variables);
    batch = { x: toTensor(fixture.inputs), labels: [0, 1, 2, 0, 1, 2], key: createKey(3) };
  });
  afterAll(() => tf.dispose([variables, batch.x]));

  const numberOf = async (scalar: tf.Tensor): Promise<number> => {
    const [value] = await scalar.data();
    scalar.dispose();
    return value!;
  };

  it('is a finite float32 scalar, the same each time it is asked on one prepared batch', async () => {
    const loss = make(classifier);
    const prepared = loss.prepare(batch);
    const scalar = prepared.value();
    expect([scalar.shape, scalar.dtype]).toEqual([[], 'float32']);
    const first = await numberOf(scalar);
    expect(first).toBeGreaterThan(0);
    expect(await numberOf(prepared.value())).toBe(first);
    prepared.dispose();
    const again = loss.prepare(batch);
    expect(await numberOf(again.value()), 'the same key gives the same draws').toBe(first);
    again.dispose();
    const other = loss.prepare({ ...batch, key: createKey(4) });
    expect(await numberOf(other.value())).not.toBe(first);
    other.dispose();
  });

  it('draws the noise of the batch, [M, B, ...]', () => {
    const prepared = make(classifier).prepare(batch);
    expect(drawnOf(prepared).shape).toEqual([numNoise, 6, 8, 8, 1]);
    prepared.dispose();
  });

  it('takes labels as an array, a typed array or an int32 tensor', async () => {
    const loss = make(classifier);
    const tensor = tf.tensor1d([...batch.labels], 'int32');
    const values: number[] = [];
    for (const labels of [batch.labels, Int32Array.from(batch.labels), Uint8Array.from(batch.labels), tensor]) {
      const prepared = loss.prepare({ ...batch, labels: labels as readonly number[] });
      values.push(await numberOf(prepared.value()));
      prepared.dispose();
    }
    expect(new Set(values).size).toBe(1);
    expect(tensor.isDisposed).toBe(false);
    tensor.dispose();
  });

  it('keeps its own copies: the batch may be disposed before the value', async () => {
    const loss = make(classifier);
    const x = batch.x.clone();
    const prepared = loss.prepare({ ...batch, x });
    expect(x.isDisposed).toBe(false);
    x.dispose();
    expect(Number.isFinite(await numberOf(prepared.value()))).toBe(true);
    prepared.dispose();
  });

  it('frees everything with dispose, once or twice, and with using', () =>
    expectNoLeak(() => {
      const loss = make(classifier);
      const prepared = loss.prepare(batch);
      prepared.value().dispose();
      prepared.dispose();
      prepared.dispose();
      expect(drawnOf(prepared).isDisposed).toBe(true);
      using second = loss.prepare(batch);
      expect(drawnOf(second).isDisposed).toBe(false);
    }));

  it('trains: a step on the tape lowers the loss and leaks nothing', async () => {
    const loss = make(classifier);
    const before = await Promise.all(Object.values(variables).map((variable) => variable.data()));
    const optimizer = tf.train.sgd(0.01);
    await expectNoLeak(async () => {
      using prepared = loss.prepare(batch);
      const first = await numberOf(optimizer.minimize(() => prepared.value(), true, Object.values(variables))!);
      expect(await numberOf(prepared.value())).toBeLessThan(first);
    });
    // Back to the golden weights for the tests that follow.
    Object.values(variables).forEach((variable, i) => {
      const tensor = tf.tensor(before[i]!, variable.shape);
      variable.assign(tensor);
      tensor.dispose();
    });
    optimizer.dispose();
  });

  it('asks in training mode for the value and in inference mode for the attack', () => {
    const modes: boolean[] = [];
    const loss = make((x, { training }) => (modes.push(training), classifier(x)));
    const prepared = loss.prepare(batch);
    expect(modes.every((training) => !training)).toBe(true);
    const asked = modes.length;
    prepared.value().dispose();
    expect(modes.slice(asked).length).toBeGreaterThan(0);
    expect(modes.slice(asked).every((training) => training)).toBe(true);
    prepared.dispose();
  });

  it('is prepared outside the tape only', async () => {
    const loss = make(classifier);
    await expectNoLeak(async () => {
      const inside = () =>
        tf.tidy(() => {
          tf.variableGrads(() => {
            loss.prepare(batch);
            return tf.sum(variables['dense/bias']).asScalar();
          }, Object.values(variables));
        });
      const error = await thrownBy(inside);
      expect(error).toBeInstanceOf(CatrsError);
      expect((error as Error).message).toMatch(/Loss\.prepare: `call` must not be made inside a gradient tape/);
    });
    expect(tf.engine().state.gradientDepth).toBe(0);
  });

  it('needs a key and knows its options', async () => {
    const loss = make(classifier);
    const noKey = await thrownBy(() => loss.prepare({ x: batch.x, labels: batch.labels } as never));
    expect(noKey).toBeInstanceOf(OptionError);
    expect((noKey as Error).message).toMatch(/`key` must be a key \(createKey\(seed\) makes one\), got undefined$/);
    const typo = await thrownBy(() => loss.prepare({ ...batch, lables: [] } as never));
    expect(typo).toBeInstanceOf(OptionError);
    expect((typo as Error).message).toMatch(/unknown option `lables`; known options: `x`, `labels`, `key`/);
  });

  it('leaves no tensor when the preparation fails on the way', async () => {
    const failing = { ...batch, labels: [0, 1, 2, 0, 1, -1] };
    await expectNoLeak(() => thrownBy(() => make(classifier).prepare(failing)));
    let calls = 0;
    const broken: Classifier = (x) => {
      if (calls++ === 1) throw new Error('no more');
      return classifier(x);
    };
    await expectNoLeak(async () => {
      if (!attacks) return; // nothing is asked in prepare
      const loss = make(broken);
      expect(await thrownBy(() => loss.prepare(batch))).toMatchObject({ message: 'no more' });
    });
  });

  it('leaves no tensor when the value fails', async () => {
    const loss = make(() => {
      throw new Error('no more');
    });
    await expectNoLeak(async () => {
      if (attacks) return; // it would fail in prepare
      const prepared = loss.prepare(batch);
      expect(await thrownBy(() => prepared.value())).toMatchObject({ message: 'no more' });
      prepared.dispose();
    });
  });
});

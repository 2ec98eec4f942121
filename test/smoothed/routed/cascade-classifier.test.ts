import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import {
  CascadeClassifier,
  type CascadeCertificate,
  type CascadeClassifierOptions,
  cascadeRadius,
  createKey,
  foldIn,
  GaussianNoise,
  OptionError,
  reproduceCertificate,
  SmoothedClassifier,
  UniformNoise,
  verifyCertificate,
} from 'catrs';
import { normalQuantile } from 'catrs/stats';
import { cascadeCertificate, radiusOfStage } from '../../../src/smoothed/routed/cascade-certificate.ts';
import { normalCdf } from '../../../src/stats/normal.ts';
import { useBackend } from '../../helpers/backends.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';
import { linearClassifier } from '../../helpers/linear.ts';
import { goldenFamily } from '../../noise/golden-family.ts';

const gaussian = (sigma: number | number[]): GaussianNoise => new GaussianNoise({ sigma });
const { logits } = linearClassifier([0, 1], 0);
const stage = (sigma: number | number[]): SmoothedClassifier =>
  new SmoothedClassifier(logits, { noise: gaussian(sigma), numClasses: 2, inputRange: [-9, 9] });
const [much, little] = [1, 0.25];
const stopAt = 0.8;
const g = new CascadeClassifier({ stages: [stage(much), stage(little)], stopAt });
const key = createKey(3);
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

// Under sigma the larger class of a plane has probability Φ(d/σ): the stage answers from the distance σ Φ⁻¹(τ) on.
const reach = (sigma: number): number => sigma * normalQuantile({ p: stopAt, q: 1 - stopAt });
const truth = (y: number): number => {
  const d = Math.abs(y);
  if (normalCdf(d / much) >= stopAt) return d - reach(much);
  return normalCdf(d / little) >= stopAt ? Math.min(d - reach(little), reach(much) - d) : 0;
};

let x: tf.Tensor;
beforeAll(async () => {
  await useBackend('cpu');
  x = tf.tensor1d([0.3, 0.45]); // the first stage stays quiet
});
afterAll(() => x.dispose());

describe('CascadeClassifier.certify', () => {
  it('certifies with the first stage that answers, and that those before it stay quiet', async () => {
    const c = await g.certify(x, { key, n: 2000 });
    expect(c).toMatchObject({ task: 'cascade', label: 1, abstained: false, answering: 1, stopAt, numStages: 2 });
    expect(c.radius).toBeLessThan(truth(0.45));
    expect(c.radius).toBeGreaterThan(truth(0.45) - 0.12);
    expect(c.limitedBy).toBe(c.stages[0]!.radius! < c.stages[1]!.radius! ? 0 : 1);
    const [first, last] = c.stages as [CascadeCertificate['stages'][0], CascadeCertificate['stages'][0]];
    const quiet = [{ sigma: much, votes: Math.max(...first.counts!), n: 2000 }];
    const answers = { sigma: little, votes: last.counts![1]!, n: 2000 };
    expect(c.radius).toBeCloseTo(cascadeRadius({ quiet, answers, stopAt, alpha: 0.001 }), 12);
    expect(verifyCertificate(stored(c), g.noise)).toMatchObject({ valid: true, faults: [], radius: c.radius });
    expect(await reproduceCertificate(g, x, stored(c))).toMatchObject({ same: true });
    await expectNoLeak(async () => void (await g.certify(x, { key, n: 100 })));
  });

  it('asks no more than it needs, and abstains where no stage answers', async () => {
    const [far, near] = [tf.tensor1d([0, 2]), tf.tensor1d([0, 0.02])];
    const c = await g.certify(far, { key, n: 300 });
    expect(c).toMatchObject({ label: 1, answering: 0, limitedBy: 0 });
    expect(c.stages).toHaveLength(1);
    expect(c.radius).toBeLessThan(truth(2));
    const none = await g.certify(near, { key, n: 300 });
    expect(none).toMatchObject({ label: -1, abstained: true, answering: -1, limitedBy: -1, radius: 0 });
    expect(none.stages.map(({ counts }) => counts)).toEqual([null, null]);
    for (const one of [c, none]) expect(verifyCertificate(stored(one), g.noise).faults).toEqual([]);
    tf.dispose([far, near]);
  });

  it('exceeds the true radius in at most alpha of 100 runs (alpha = 0.05, false alarm below 1e-4)', async () => {
    let failures = 0;
    const at = tf.tensor1d([0, 0.3]); // the last stage decides
    for (let i = 0; i < 100; i++) {
      const c = await g.certify(at, { key: foldIn(key, i), n0: 50, n: 60, alpha: 0.05 });
      if (c.radius > truth(0.3)) failures++;
    }
    at.dispose();
    expect(failures).toBeLessThanOrEqual(15);
  });
});

const isAccepted = (certificate: CascadeCertificate): boolean => {
  try {
    return verifyCertificate(certificate, g.noise).valid;
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return false;
  }
};

it('finds every edit that claims more or otherwise', async () => {
  const c = await g.certify(x, { key, n: 400 });
  const [first, last] = c.stages as [CascadeCertificate['stages'][0], CascadeCertificate['stages'][0]];
  const edits: readonly (readonly [keyof CascadeCertificate | 'extra', unknown])[] = [
    ['radius', c.radius * 1.001],
    ['label', 0],
    ['limitedBy', 1 - c.limitedBy],
    ['stopAt', 0.7],
    ['numStages', 1],
    ['answering', 0],
    ['n0', 99],
    ['n', 399],
    ['alpha', 0.01],
    ['key', null],
    ['norm', 'linf'],
    ['norm', 'scaled'],
    ['domain', 'uint8'],
    ['assumptions', []],
    ['stages', [first]],
    ['stages', [last]],
    ['stages', [last, last]],
    ['stages', [first, last, last]],
    ['stages', [{ ...first, counts: null, radius: null }, last]],
    ['stages', [{ ...first, counts: [200, 200] }, last]],
    ['stages', [{ ...first, counts: [200, 100, 100] }, last]],
    ['stages', [first, { ...last, counts: [0, 401] }]],
    ['stages', [first, { ...last, radius: 3 }]],
    ['stages', [first, { ...last, assumptions: [] }]],
    ['stages', [first, { ...last, noise: { name: 'laplace', parameters: { scale: 1 } } }]],
    ['extra', 1],
  ];
  for (const [name, value] of edits) {
    const edited = stored({ ...c, [name]: value }) as CascadeCertificate;
    expect(isAccepted(edited), `${name} ${JSON.stringify(value).slice(0, 80)}`).toBe(false);
  }
});

it('refuses stages and options that do not fit, with the reason', async () => {
  const refused = (options: object, text: string): void =>
    expect(() => new CascadeClassifier({ stages: g.stages, ...options } as CascadeClassifierOptions)).toThrow(text);
  refused({ stages: [g.stages[0]] }, 'CascadeClassifier: `stages` must be a list of at least two SmoothedClassifiers');
  refused({ stopAt: 0.4 }, '`stopAt` must be in [1/2, 1), got 0.4');
  refused({ stopAt: 1 }, '`stopAt` must be in [1/2, 1), got 1');
  const uniform = new SmoothedClassifier(logits, { noise: new UniformNoise({ halfWidth: 1 }), numClasses: 2, inputRange: [-9, 9] }); // prettier-ignore
  refused({ stages: [uniform, uniform] }, '`stages` must all have gaussian or sound-gaussian noise, got "uniform"');
  await expect(g.certify(x, { key, n: 10 })).rejects.toThrow(/`n` must be large enough that unanimous votes prove/);
  await expect(g.certify(x, { key, n: 100, rule: 1 } as never)).rejects.toThrow('unknown option `rule`');
  await expect(g.certify(x, { key, norm: 'scaled', n: 100 })).rejects.toThrow('as the stages measure changes in other');
});

interface Golden {
  readonly cascade: readonly {
    readonly stopAt: number;
    readonly alpha: number;
    readonly stages: readonly { readonly sigma: number; readonly kMax: number; readonly n: number }[];
    readonly last: { readonly sigma: number; readonly k: number; readonly n: number };
    readonly radius: string;
  }[];
}
const rows = goldenFamily<Golden>('extended-dual').cascade.map((row, i) => [i, row] as const);
test.for(rows)('the least of all stages, row %i', ([, { stopAt: tau, alpha, stages, last, radius }]) => {
  const request = { stopAt: tau, alpha, norm: 'l2', dimension: 1 } as const;
  // All votes that are not for the largest class are missing ones of classes below it.
  const quiet = stages.map(({ sigma, kMax, n }) => {
    const counts = [kMax, ...Array<number>(9).fill(0)];
    for (let left = n - kMax, k = 1; left > 0; k = (k % 9) + 1, left--) counts[k]!++;
    const isLargest = Math.max(...counts) === kMax;
    return isLargest ? radiusOfStage({ ...request, counts, label: -1, noise: gaussian(sigma), n }) : NaN;
  });
  const counts = [last.k, last.n - last.k];
  const ofLast = radiusOfStage({ ...request, counts, label: 0, noise: gaussian(last.sigma), n: last.n });
  const records = [...quiet, ofLast].map((one, j) => ({
    ...{ noise: gaussian(1), assumptions: [], counts, radius: one },
    selection: j < quiet.length ? [0, 0] : [1, 0],
  }));
  const shared = { key, domain: 'real', norm: 'l2', dimension: 1, alpha, stopAt: tau, numStages: 9, n0: 1, n: 1 };
  const c = cascadeCertificate({ ...shared, stages: records } as never);
  expect(c.radius - Number(radius)).toBeLessThanOrEqual(0);
  expect(Number(radius) - c.radius).toBeLessThan(2e-11);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { certifyCounts } from '../../src/certify/counts.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import { probabilityOfRadius } from '../../src/certify/radius-evidence.ts';
import type { CertificationRule, RuleContext } from '../../src/certify/rule.ts';
import { stopAtGain, stopAtRadius, stopAtSamples, stopAtWidth } from '../../src/certify/stops.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { OptionError } from '../../src/errors.ts';
import { missProbability } from '../../src/noise/ablation-radius.ts';
import { fractionOf } from '../../src/noise/exact-fraction.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import type { Norm, ProbabilityBound } from '../../src/types.ts';
import { countingLaw, countingNoise } from '../helpers/counting-noise.ts';
import { expectError } from '../helpers/errors.ts';
import { contextOf, play, randomVotes, spread } from './play.ts';

const counts: readonly Norm[] = ['l0', 'patch', 'edit'];
const noise = countingNoise('l0');
const request = { norm: 'l0', dimension: 20 } as const;
const radiusOf = (bound: ProbabilityBound): number => noise.radius(bound, request);

/** A context in a norm that counts changes. */
const counting = (change: Partial<RuleContext> = {}): RuleContext =>
  contextOf({
    norm: 'l0',
    checkEvery: 10,
    radius: radiusOf,
    radiusAgainst: (lower, others, k) => noise.radiusAgainst!(lower, others, k, request),
    ...change,
  });

const stops = [stopAtSamples({ samples: 1000 })];

/** Every rule, asked for no change at all where it is asked for a radius. */
const rules: readonly CertificationRule[] = [
  fixedSample(),
  fixedSample({ bound: 'randomized-clopper-pearson' }),
  topTwo(),
  topK({ k: 1 }),
  topK({ k: 1, labelFrom: 'estimation' }),
  fixedRadius({ radius: 0 }),
  fixedRadius({ radius: [0, 1, 2] }),
  fixedRadius({ radius: 0, prior: 'jeffreys', evidence: 'betting' }),
  plannedRadius({ radius: 0 }),
  plannedRadius({ radius: [0, 1] }),
  anytimeRadius({ stops }),
  ladder({ radius: 0, sizes: [200, 1000] }),
  oracleTest({ radius: 0, probability: 0.57 }),
];

describe('a rule in a norm that counts changes', () => {
  it.each(rules)('$name proves 0 changes where the class is proven and no more: %o', (rule) => {
    // 0.59 proves the class; one change would need 0.6.
    const { result } = play(rule, counting(), spread([410, 590]));
    expect(result).toMatchObject({ radius: 0, reason: 'certified', cAHat: 1 });
    expect(result.lower.p).toBeGreaterThan(0.5);
  });

  it.each(rules)('$name proves nothing where the class is not proven: %o', (rule) => {
    const { result } = play(rule, counting(), spread([500, 500]));
    expect(result.reason).not.toBe('certified');
    expect(result.radius).toBe(0);
    expect(result.steps ?? []).toEqual([]);
  });

  it('refuses radii that are no number of changes, before it draws and when it begins', async () => {
    const makers = {
      fixedRadius: (radius: number) => fixedRadius({ radius }),
      plannedRadius: (radius: number) => plannedRadius({ radius }),
      ladder: (radius: number) => ladder({ radius, sizes: [100] }),
      oracleTest: (radius: number) => oracleTest({ radius, probability: 0.9 }),
    };
    for (const [name, make] of Object.entries(makers)) {
      const half = (call: string) =>
        `${call}: \`radius\` must be a whole number of changes, or several, in norm l0, got 0.5`;
      const none = (call: string) => `${call}: \`radius\` must be greater than 0 for a length, got 0`;
      const settings = { n: 1000, alpha: 0.001 };
      await expectError(() => make(0.5).begin(counting()), OptionError, half(name));
      await expectError(
        () => make(0.5).assertFeasible?.('certify', { ...settings, norm: 'l0' }),
        OptionError,
        half('certify'),
      );
      await expectError(() => make(0).begin(contextOf({ checkEvery: 10 })), OptionError, none(name));
      await expectError(
        () => make(0).assertFeasible?.('certify', { ...settings, norm: 'l2' }),
        OptionError,
        none('certify'),
      );
    }
    const several = 'fixedRadius: `radius` must be a whole number of changes, or several, in norm l0, got [0, 1.5]';
    await expectError(() => fixedRadius({ radius: [0, 1.5] }).begin(counting()), OptionError, several);
  });

  it.each([
    ['fixed radius', fixedRadius({ radius: [0, 1, 2, 3] })],
    ['planned radius', plannedRadius({ radius: [0, 1, 2, 3] })],
  ])('%s claims one radius after the other', (_, rule) => {
    const { result } = play(rule, counting({ n: 5000 }), randomVotes(5, 5000, [0.25, 0.75]));
    // 2 changes need 0.7053, 3 need 0.7842.
    expect(result).toMatchObject({ radius: 2, reason: 'certified' });
    expect(result.steps?.map(({ radius }) => radius)).toEqual([0, 1, 2]);
  });

  it('claims a rank only where the bounds say so, whatever the noise makes of it', () => {
    const careless = { radiusAgainst: () => 0, radius: () => 0 };
    expect(play(topTwo(), counting(careless), spread([500, 500])).result.reason).not.toBe('certified');
    expect(play(topTwo(), counting(careless), spread([400, 600])).result.reason).toBe('certified');
    const three = { ...careless, countsSelection: [1, 50, 49] };
    // Among three classes nobody can say that one of probability 1/3 is among the two most probable ones.
    expect(play(topK({ k: 2 }), counting(three), spread([334, 333, 333])).result.reason).not.toBe('certified');
    expect(play(topK({ k: 2 }), counting(three), spread([100, 450, 450])).result.reason).toBe('certified');
    // In a length 0 is what it was.
    expect(play(topTwo(), contextOf(careless), spread([400, 600])).result.reason).toBe('low-confidence');
  });

  it('stops once anything is proven, or enough', () => {
    const votes = spread([150, 850]);
    const ended = (radius: number) => play(anytimeRadius({ stops: [stopAtRadius({ radius })] }), counting(), votes);
    const [first, third] = [ended(0), ended(2)];
    expect(first).toMatchObject({ stop: 'stop-at-radius', result: { reason: 'certified' } });
    expect(first.result.lower.p).toBeGreaterThan(0.5);
    expect(third.result.radius).toBeGreaterThanOrEqual(2);
    expect(first.used).toBeLessThan(third.used);
  });

  it('goes on by width and gain while nothing is proven', () => {
    const width = anytimeRadius({ stops: [stopAtWidth({ width: 0.5 })] });
    const known = play(width, counting({ n: 20_000 }), spread([8600, 11_400]));
    expect(known).toMatchObject({ stop: 'stop-at-width', result: { radius: 0, reason: 'certified' } });
    const gain = anytimeRadius({ stops: [stopAtGain({ gain: 1, over: 500 })] });
    expect(play(gain, counting(), spread([100, 900])).stop).toBe('stop-at-gain');
  });
});

describe('certifyCounts in a norm that counts changes', () => {
  const plan = { countsSelection: [0, 100], n: 1000, alpha: 0.001, dimension: 20 };

  it.each(counts)('abstains by the bound alone: %s', (norm) => {
    const one = { ...plan, norm, noise: countingNoise(norm) };
    expect(certifyCounts({ ...one, counts: [430, 570] })).toMatchObject({ label: 1, abstained: false, radius: 0 });
    expect(certifyCounts({ ...one, counts: [430, 570] }).reason).toBe('certified');
    expect(certifyCounts({ ...one, counts: [460, 540] })).toMatchObject({ label: -1, abstained: true, radius: 0 });
    expect(certifyCounts({ ...one, counts: [100, 900] }).radius).toBe(
      radiusOf(clopperPearsonLowerBound(900, 1000, 0.001)),
    );
  });
});

describe('probabilityOfRadius in a norm that counts changes', () => {
  const eta = (r: number): number => {
    const { above, below } = missProbability(countingLaw, r);
    return Number(above) / Number(below);
  };
  const next = (q: number): number => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, q);
    view.setBigUint64(0, view.getBigUint64(0) + 1n);
    return view.getFloat64(0);
  };

  it('is the very double at which the radius steps', () => {
    for (const r of [1, 2, 3, 4, 5]) {
      const radius = (bound: ProbabilityBound): number => noise.radius(bound, request);
      const { p, q } = probabilityOfRadius(r, radius, 'l0')!;
      expect(q).toBeCloseTo(eta(r) - 0.5, 15);
      expect(radius({ p, q })).toBe(r);
      expect(radius({ p, q: next(q) })).toBe(r - 1);
      expect(fractionOf(q).above).toBeGreaterThan(0n);
    }
  });

  it('is the least double above 1/2 for no change at all', () => {
    const radius = (bound: ProbabilityBound): number => noise.radius(bound, request);
    expect(probabilityOfRadius(0, radius, 'l0')).toEqual({ p: 0.5 + 2 ** -53, q: 0.5 - 2 ** -53 });
  });

  it('is undefined where no probability proves it', () => {
    const radius = (bound: ProbabilityBound): number => noise.radius(bound, request);
    expect(radius({ p: 1, q: 0 })).toBe(5);
    expect(probabilityOfRadius(6, radius, 'l0')).toBeUndefined();
  });

  it('finds the step of any step function, and again where it has moved', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 0.4999, noNaN: true }), (step) => {
        let at = step;
        let asked = 0;
        const radius = ({ q }: ProbabilityBound): number => {
          asked++;
          return q <= at ? 3 : q < 0.5 ? 0 : -1;
        };
        expect(probabilityOfRadius(3, radius, 'edit')!.q).toBe(step);
        const first = asked;
        expect(probabilityOfRadius(3, radius, 'edit')!.q).toBe(step);
        expect(asked).toBe(first + 1); // known
        at = step / 3;
        expect(probabilityOfRadius(3, radius, 'edit')!.q).toBe(step / 3);
      }),
      { numRuns: 50 },
    );
  });
});

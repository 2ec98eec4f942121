import { describe, expect, it } from 'vitest';
import {
  allOf,
  stopAtDeadline,
  stopAtGain,
  stopAtRadius,
  stopAtSamples,
  stopAtWidth,
} from '../../src/certify/stops.ts';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { ruleOf } from '../../src/certify/rule-of.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { OptionError } from '../../src/errors.ts';
import { clopperPearsonLowerBound } from '../../src/stats/clopper-pearson.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { contextOf, gaussianRadius } from './play.ts';

const given = (value: object) => value as never;
const stops = [stopAtWidth({ width: 0.1 })];

const components =
  ' of 1 to 100 components { weight, a, b } with weights greater than 0 that sum to 1 and a, b in [0.01, 1e9]';
const half = { weight: 0.5, a: 1, b: 1 };
/** What is no mixture: a weight, a parameter, a name or the sum is wrong, or there are none or too many. */
const noMixtures: readonly unknown[] = [
  [],
  [half],
  [half, half, half],
  [half, { ...half, weight: 0.5 + 1e-6 }],
  [half, { ...half, weight: NaN }],
  [
    { ...half, weight: 2 },
    { ...half, weight: -1 },
  ],
  [half, half, { ...half, weight: 0 }],
  [half, { ...half, weight: '0.5' }],
  [half, { ...half, a: NaN }],
  [half, { ...half, b: 0 }],
  [half, { ...half, a: Infinity }],
  [half, { ...half, alpha: 1 }],
  [half, { weight: 0.5, a: 1 }],
  [[1, 0.5, 0.5]],
  [half, null],
  half,
  Array.from({ length: 101 }, () => ({ ...half, weight: 1 / 101 })),
  null,
];

const mistakes: readonly (readonly [() => unknown, string])[] = [
  [
    () => fixedSample(given({ bound: 'wilson' })),
    "fixedSample: `bound` must be 'clopper-pearson' or 'randomized-clopper-pearson', got \"wilson\"",
  ],
  [() => fixedSample(given({ radius: 1 })), 'fixedSample: unknown option `radius`; known options: `bound`'],
  [() => topTwo({ alphaShare: 1 }), 'topTwo: `alphaShare` must be in (0, 1), got 1'],
  [() => topK({ k: 0 }), 'topK: `k` must be an integer of at least 1, got 0'],
  [
    () => topK(given({ k: 1, labelFrom: 'votes' })),
    "topK: `labelFrom` must be 'selection' or 'estimation', got \"votes\"",
  ],
  [
    () => fixedRadius({ radius: -1 }),
    'fixedRadius: `radius` must be a finite number of at least 0, or a list of them in ascending order, got -1',
  ],
  [
    () => fixedRadius({ radius: [0.5, 0.25] }),
    'fixedRadius: `radius` must be a finite number of at least 0, or a list of them in ascending order, got [0.5, 0.25]',
  ],
  [
    () => fixedRadius({ radius: [] }),
    'fixedRadius: `radius` must be a finite number of at least 0, or a list of them in ascending order, got []',
  ],
  [() => fixedRadius({ radius: 1, beta: 0 }), 'fixedRadius: `beta` must be in (0, 1), got 0'],
  [
    () => fixedRadius(given({ radius: 1, prior: 'uniform' })),
    `fixedRadius: \`prior\` must be 'selection', 'jeffreys' or a list${components}, got "uniform"`,
  ],
  [
    () => fixedRadius(given({ radius: 1, evidence: 'all' })),
    "fixedRadius: `evidence` must be 'truncated' or 'betting', got \"all\"",
  ],
  [() => fixedRadius({ radius: 1, finalShare: 1 }), 'fixedRadius: `finalShare` must be in [0, 1), got 1'],
  [
    () => anytimeRadius({ stops: [] }),
    'anytimeRadius: `stops` must be a list of one or more stops (for example [stopAtWidth({ width: 0.05 })]), got []',
  ],
  [
    () => anytimeRadius({ stops: given([{ name: 'mine' }]) }),
    'anytimeRadius: `stops` must be a list of one or more stops (for example [stopAtWidth({ width: 0.05 })]), got [an object (Object)]',
  ],
  [
    () => anytimeRadius(given({ stops, prior: 'flat' })),
    `anytimeRadius: \`prior\` must be 'near-one', 'selection', 'jeffreys' or a list${components}, got "flat"`,
  ],
  [() => ladder({ radius: -1, sizes: [1] }), 'ladder: `radius` must be a finite number of at least 0, got -1'],
  [
    () => ladder({ radius: 1, sizes: [100, 100] }),
    'ladder: `sizes` must be a list of integers of at least 1 in ascending order, got [100, 100]',
  ],
  [() => ladder({ radius: 1, sizes: [100], beta: 1 }), 'ladder: `beta` must be in (0, 1), got 1'],
  [() => oracleTest({ radius: 1, probability: 1 }), 'oracleTest: `probability` must be in (0, 1), got 1'],
  [() => stopAtWidth({ width: 0 }), 'stopAtWidth: `width` must be a finite number greater than 0, got 0'],
  [() => stopAtWidth(0.05 as never), 'stopAtWidth: `options` must be an object, got 0.05'],
  [() => stopAtRadius(given({ width: 1, radius: 1 })), 'stopAtRadius: unknown option `width`; known options: `radius`'],
  [
    () => stopAtRadius({ radius: Infinity }),
    'stopAtRadius: `radius` must be a finite number of at least 0, got Infinity',
  ],
  [() => stopAtSamples({ samples: 1.5 }), 'stopAtSamples: `samples` must be an integer of at least 1, got 1.5'],
  [() => stopAtGain({ gain: 0, over: 1 }), 'stopAtGain: `gain` must be a finite number greater than 0, got 0'],
  [() => stopAtGain({ gain: 1, over: 0 }), 'stopAtGain: `over` must be an integer of at least 1, got 0'],
  [
    () => stopAtDeadline({ milliseconds: -1 }),
    'stopAtDeadline: `milliseconds` must be a finite number of at least 0, got -1',
  ],
  [
    () => stopAtDeadline(given({ milliseconds: 1, now: 5 })),
    'stopAtDeadline: `now` must be a function that gives milliseconds, got 5',
  ],
  [
    () => allOf({ stops: [] }),
    'allOf: `stops` must be a list of one or more stops (for example [stopAtWidth({ width: 0.05 })]), got []',
  ],
];

const noRadius = () => 0;
const unanimous = gaussianRadius(clopperPearsonLowerBound(1000, 1000, 0.001));
const tooLarge = (call: string, value: string, n = 1000, alpha = 0.001, most = unanimous) =>
  `${call}: \`radius\` must be at most ${most} for n = ${n} and alpha = ${alpha} with this noise, got ${value}` +
  ' (even unanimous votes prove no more: raise n, alpha or the scale of the noise)';

const contexts: readonly (readonly [CertificationRule, Parameters<typeof contextOf>[0], string])[] = [
  [
    topTwo(),
    { radiusAgainst: undefined },
    'topTwo: `noise.radiusAgainst` must be a function for this rule, got undefined' +
      ' (this noise knows only the radius of one bound: use fixedSample, or a noise that has it, such as GaussianNoise)',
  ],
  [
    topK({ k: 1 }),
    { radiusAgainst: undefined },
    'topK: `noise.radiusAgainst` must be a function for this rule, got undefined' +
      ' (this noise knows only the radius of one bound: use fixedSample, or a noise that has it, such as GaussianNoise)',
  ],
  [topK({ k: 2 }), {}, 'topK: `k` must be below the number of classes, 2, got 2 (every class is among the top 2)'],
  [fixedRadius({ radius: 2.5 }), {}, tooLarge('fixedRadius', '2.5')],
  [fixedRadius({ radius: [2.5, 3] }), {}, tooLarge('fixedRadius', '[2.5, 3]')],
  [fixedRadius({ radius: 0.1 }), { radius: noRadius }, tooLarge('fixedRadius', '0.1', 1000, 0.001, 0)],
  [oracleTest({ radius: 2.5, probability: 0.9 }), {}, tooLarge('oracleTest', '2.5')],
  [ladder({ radius: 2.5, sizes: [100, 1000] }), { alpha: 0.002 }, tooLarge('ladder', '2.5')],
  [ladder({ radius: 1, sizes: [100, 2000] }), {}, 'ladder: `sizes` must end at n = 1000 or below, got [100, 2000]'],
];

const settings = { n: 9, alpha: 0.001 };
const few = (least: number, n = 9) =>
  `certify: \`n\` must be at least ${least} to certify anything at alpha = 0.001, got ${n}` +
  ' (with fewer samples even unanimous votes abstain: raise n or alpha)';

describe('certification rules refuse', () => {
  it.each(mistakes)('%s', (run, text) => expectError(run, OptionError, text));

  it.each(noMixtures.map((prior) => [prior] as const))('the prior %j', async (prior) => {
    const text = new RegExp(`^fixedRadius: .prior. must be 'selection', 'jeffreys' or a list of 1 to 100 components`);
    const error = await thrownBy(() => fixedRadius(given({ radius: 1, prior })));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toMatch(text);
    await expect(thrownBy(() => anytimeRadius(given({ stops, prior })))).resolves.toBeInstanceOf(OptionError);
  });

  it.each(contexts)('to begin: $name', (rule, change, text) =>
    expectError(() => rule.begin(contextOf(change)), OptionError, text),
  );

  it.each([
    [fixedSample(), settings, few(10)],
    [fixedSample({ bound: 'randomized-clopper-pearson' }), { n: 1, alpha: 0.001 }, few(2, 1)],
    [topTwo(), settings, few(11)],
    [topTwo({ alphaShare: 0.01 }), settings, few(14)],
    [topK({ k: 1 }), settings, few(11)],
    [topK({ k: 1, labelFrom: 'estimation' }), settings, few(12)],
    [fixedRadius({ radius: 1 }), settings, few(10)],
    [anytimeRadius({ stops }), settings, few(10)],
    [ladder({ radius: 1, sizes: [5, 9] }), settings, few(11)],
    [oracleTest({ radius: 1, probability: 0.9 }), settings, few(10)],
  ] as const)('too few samples: %o', (rule, { n, alpha }, text) =>
    expectError(() => rule.assertFeasible?.('certify', { n, alpha }), OptionError, text),
  );
});

describe('ruleOf refuses', () => {
  const rules = 'fixed-sample, top-two, top-k, fixed-radius, planned-radius, anytime-radius, ladder, oracle-test';
  const known = 'stop-at-width, stop-at-radius, stop-at-samples, stop-at-gain, stop-at-deadline, all-of';

  it.each([
    [{ name: 'mine', parameters: {} }, '"mine"'],
    [{ name: 'toString', parameters: {} }, '"toString"'],
    [{}, 'undefined'],
    [null, 'undefined'],
  ])('%o', (record, got) =>
    expectError(
      () => ruleOf(record as never),
      OptionError,
      `ruleOf: \`record\` must name a rule of catrs (${rules}), got ${got} (a rule of one's own cannot be made from its record: pass the rule itself)`,
    ),
  );

  it.each([
    [[{ name: 'mine', parameters: {} }], '"mine"'],
    [[5], 'undefined'],
  ])('the stops %o', (list, got) =>
    expectError(
      () => ruleOf({ name: 'anytime-radius', parameters: { stops: list } }),
      OptionError,
      `ruleOf: \`record.parameters.stops\` must name a stop of catrs (${known}), got ${got}` +
        " (a stop of one's own cannot be made from its record: pass the rule itself)",
    ),
  );

  it.each([
    [
      { name: 'anytime-radius', parameters: {} },
      'anytimeRadius: `stops` must be a list of one or more stops (for example [stopAtWidth({ width: 0.05 })]), got []',
    ],
    [{ name: 'top-k', parameters: {} }, 'topK: `k` must be an integer of at least 1, got undefined'],
    [{ name: 'top-k', parameters: 'k' }, 'topK: `options` must be an object, got "k"'],
    [
      { name: 'ladder', parameters: { radius: 1, sizes: [1], extra: 2 } },
      'ladder: unknown option `extra`; known options: `radius`, `sizes`, `beta`',
    ],
  ])('parameters that the rule does not take: %o', (record, text) =>
    expectError(() => ruleOf(record as never), OptionError, text),
  );
});

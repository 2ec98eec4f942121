import { describe, expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { certifyCounts } from '../../src/certify/counts.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { oracleTest } from '../../src/certify/oracle-test.ts';
import { stopAtRadius, stopAtSamples, stopAtWidth } from '../../src/certify/stops.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { OptionError } from '../../src/errors.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import type { DeterministicNoise, Noise } from '../../src/noise/types.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { expectError } from '../helpers/errors.ts';
import { countingNoise } from '../helpers/counting-noise.ts';
import {
  deterministic,
  everyCertificate,
  everyCountingCertificate,
  gaussian,
  hardCertificate,
  sound,
} from './made-certificates.ts';
import { tryEdits } from './verify-edits.ts';

/** What verifyCertificate says against a changed certificate; the unchanged one must be valid. */
function faults(
  certificate: Certificate,
  change: Partial<Certificate>,
  noise: Noise | DeterministicNoise = gaussian,
): readonly string[] {
  expect(verifyCertificate(certificate, noise).faults).toEqual([]);
  try {
    return verifyCertificate({ ...certificate, ...change }, noise).faults;
  } catch (error) {
    if (error instanceof OptionError) return [error.message];
    throw error;
  }
}

/** A noise of ℓ1 alone, whose radius heeds no norm. */
const onlyL1 = additiveNoise({
  name: 'logistic',
  norms: ['l1'],
  sample: (out) => out.fill(0),
  radius: ({ p, q }) => Math.log(p / q) * (1 - 1e-12),
});

const certified = hardCertificate({ rule: fixedSample(), p: 0.9 });
const abstained = hardCertificate({ rule: fixedSample(), p: 0.3 });

describe('a certificate that was edited', () => {
  it('claims no more than what follows, or is found: a sample of all edits of all kinds', () => {
    let tried = 0;
    for (const [i, made] of everyCertificate().entries()) {
      const one = tryEdits(made, 79, 13 * i);
      expect(one.wrong).toEqual([]);
      tried += one.tried;
    }
    expect(tried).toBeGreaterThan(3000);
  });

  it('in norms that count changes', () => {
    let tried = 0;
    const all = everyCountingCertificate();
    // The least claims are among them: a class and no change, from a sample and from an enumeration.
    const least = all.filter(({ certificate }) => !certificate.abstained && certificate.radius === 0);
    expect(new Set(least.map(({ certificate }) => certificate.bound)).size).toBeGreaterThanOrEqual(6);
    for (const [i, made] of all.entries()) {
      expect(verifyCertificate(made.certificate, made.noise).faults, made.name).toEqual([]);
      const one = tryEdits(made, 41, 13 * i);
      expect(one.wrong).toEqual([]);
      tried += one.tried;
    }
    expect(tried).toBeGreaterThan(3000);
  });

  it('from an abstention into a class without changes, and from a count into a half', () => {
    const noise = countingNoise('l0');
    const none = hardCertificate({ rule: fixedSample(), noise, p: 0.48 });
    expect(none).toMatchObject({ abstained: true, radius: 0, label: -1 });
    const claimed = { abstained: false, label: none.cAHat, reason: 'certified' } as const;
    expect(faults(none, claimed, noise)).toEqual([
      `label is ${none.cAHat}, but -1 follows`,
      'abstained is false, but true follows',
      'reason is certified, but low-confidence follows',
    ]);
    const proven = hardCertificate({ rule: fixedSample(), noise, p: 0.8 });
    expect(proven.radius).toBe(2);
    expect(faults(proven, { radius: 1 }, noise)).toEqual([]);
    expect(faults(proven, { radius: 0 }, noise)).toEqual([]);
    expect(faults(proven, { radius: 1.5 }, noise)).toEqual(['radius is 1.5, but l0 counts changes']);
    expect(faults(proven, { radius: 3 }, noise)).toEqual(['radius is 3, but 2 follows']);
    expect(faults(proven, { radius: -1 }, noise).join()).toContain('must be a number of at least 0');
  });

  it('with more votes of a threshold than copies can have', () => {
    const made = everyCountingCertificate().find(({ certificate }) => 'threshold' in certificate.rule.parameters)!;
    const { certificate, noise } = made;
    expect(certificate).toMatchObject({ counts: [80, 185, 90], n: 190, rule: { parameters: { threshold: 0.3 } } });
    expect(faults(certificate, { counts: [80, 191, 90] }, noise).join('\n')).toContain(
      'counts have 191 votes for one class, but there are 190 copies',
    );
    const half = { rule: { name: 'enumeration', parameters: { threshold: 0.6 } } };
    expect(faults(certificate, half, noise)).toEqual(['counts sum to 355, but 190 copies have at most 190 votes']);
    const none = { rule: { name: 'enumeration', parameters: {} } };
    expect(faults(certificate, none, noise)).toEqual(['counts sum to 355, but there are 190 copies']);
    const wrong = { rule: { name: 'enumeration', parameters: { threshold: 1 } } };
    expect(faults(certificate, wrong, noise)[0]).toBe('rule has threshold 1, but it is in (0, 1)');
  });

  it('with a norm that the noise does not certify', async () => {
    const certificate = hardCertificate({ rule: fixedSample(), noise: onlyL1, p: 0.99 });
    expect(faults(certificate, { norm: 'linf' }, onlyL1)).toEqual([
      'norm is linf, but logistic noise certifies only l1',
    ]);
    const request = { countsSelection: [0, 100], counts: [0, 1000], n: 1000, alpha: 0.001, dimension: 16 };
    await expectError(
      () => certifyCounts({ ...request, noise: onlyL1, norm: 'linf' }),
      OptionError,
      'certifyCounts: `norm` must be one that the noise certifies (l1), got "linf"',
    );
    await expectError(
      () => onlyL1.radius({ p: 0.9, q: 0.1 }, { norm: 'linf', dimension: 16 }),
      OptionError,
      'Noise.radius: `norm` must be one that the noise certifies (l1), got "linf"',
    );
    expect(onlyL1.radius({ p: 0.9, q: 0.1 }, { norm: 'l1', dimension: 16 })).toBeCloseTo(Math.log(9));
  });

  it('with other numbers of classes in the two samples, or than the classifier has', () => {
    const rank = hardCertificate({ rule: topK({ k: 1 }), p: 0.8 });
    const two = { ...rank, countsSelection: rank.countsSelection.slice(0, 2) };
    expect(faults(rank, two)).toContain('countsSelection have 2 classes, but counts 3');
    // Classes without votes can be left out in both: the classifier knows how many there are.
    const none = hardCertificate({ rule: topK({ k: 1 }), p: 1 });
    const fewer = { ...none, countsSelection: none.countsSelection.slice(0, 2), counts: none.counts.slice(0, 2) };
    expect(verifyCertificate(fewer, gaussian).valid).toBe(true);
    expect(verifyCertificate(fewer, gaussian, { numClasses: 3 }).faults).toEqual([
      'counts have 2 classes, but the classifier 3',
    ]);
    expect(faults(certified, { counts: [1000], countsSelection: [50], cAHat: 0, nA: 1000 })).toContain(
      'counts have 1 classes, but there are at least 2',
    );
  });

  it('with steps where the rule did not look', () => {
    const climbed = hardCertificate({ rule: ladder({ radius: 0.2, sizes: [100, 500, 1000] }), p: 0.8 });
    const [step] = climbed.steps!;
    expect(faults(climbed, { steps: [{ ...step!, n: step!.n - 1, nA: step!.nA - 1 }] }).join()).toMatch(
      /a step is at \d+ samples, but the rule looks at multiples of 100 and at n = 1000/,
    );
    const anytime = hardCertificate({ rule: anytimeRadius({ stops: [stopAtSamples({ samples: 950 })] }), p: 0.9 });
    const cut = { steps: [{ radius: 1, nA: 934, n: 934 }], nUsed: 934, nA: 934, counts: [0, 934, 0], n: 1000 };
    expect(faults(anytime, cut)).toContain('nUsed is 934, but stops are tested at multiples of 100 and at n = 1000');
    expect(
      faults(anytime, { steps: [{ radius: 1, nA: anytime.nA + 50, n: anytime.nUsed + 100 }] }).length,
    ).toBeGreaterThan(0);
    expect(faults(anytime, { steps: [] }).length).toBeGreaterThan(0);
    expect(faults(anytime, { steps: [{ ...anytime.steps![0]!, nA: 10 }] }).length).toBeGreaterThan(0);
  });

  it('with a step of a ladder between two of its sizes, where a level is spent again', () => {
    const rule = ladder({ radius: 0.2, sizes: [100, 500, 1000] });
    const certificate = hardCertificate({ rule, p: 0.8 });
    const nA = 560;
    const counts = [70, nA, 70];
    const edited = {
      counts,
      nA,
      nUsed: 700,
      steps: [{ radius: 0.2, nA, n: 700 }],
      countsSelection: certificate.countsSelection,
    };
    expect(faults(certificate, edited).join('\n')).toMatch(/radius is 0.2, but 0 follows/);
  });

  it.each<[keyof Certificate, unknown, (string | undefined)?]>([
    ['assumptions', []],
    ['assumptions', ['real arithmetic', 'magic']],
    ['reason', 'low-confidence'],
    ['stop', 'out-of-reach'],
    ['stop', 'decided'],
    ['bound', 'beta-mixture'],
    ['draw', 0.5],
    ['pBBar', 0],
    ['checkEvery', -100],
    ['checkEvery', 0],
    ['label', -1],
    ['label', 7],
    ['domain', 'uint8'],
    ['topK', 0],
    ['failures', 1],
    ['n0', 500],
    ['scores', { sum: 1, sumOfSquares: 1 }],
    ['steps', []],
    ['smoothing', 'soft'],
    ['abstained', true],
    ['radius', Infinity],
    ['radius', NaN],
  ])('with another %s: %j', (name, value) => {
    expect(faults(certified, { [name]: value }).length).toBeGreaterThan(0);
  });

  it('with a bound on the runner-up of 0, or none', () => {
    const rank = hardCertificate({ rule: topTwo(), p: 0.8 });
    expect(faults(rank, { pBBar: 0 })).toEqual([`pBBar is 0, but ${rank.pBBar} follows`]);
    const { pBBar, ...without } = rank;
    expect(verifyCertificate(without, gaussian).faults).toEqual([`pBBar is undefined, but ${pBBar} follows`]);
  });

  it('of a deterministic noise, with anything that only samples have', () => {
    const counts = [10, 100, 17];
    const made = everyCertificate().find(({ name }) => name === `deterministic ${counts.join(' ')}`)!;
    const changes: readonly Partial<Certificate>[] = [
      { alpha: 0.001 },
      { key: [1, 2] },
      { smoothing: 'soft' },
      { checkEvery: 1 },
      { n0: 100 },
      { countsSelection: [0, 100, 0] },
      { rule: { name: 'fixed-sample', parameters: {} } },
      { assumptions: [] },
      { norm: 'linf' },
      { counts: [127], cAHat: 0, nA: 127, label: 0, pABar: 1, qABar: 0, radius: 100 },
    ];
    for (const change of changes)
      expect(faults(made.certificate, change, deterministic), JSON.stringify(change)).not.toEqual([]);
    // ℓ1 radii do not depend on it, so it is told only where the input is known.
    expect(verifyCertificate({ ...made.certificate, dimension: 1 }, deterministic, { dimension: 16 }).faults).toEqual([
      'dimension is 1, but 16 of the input',
    ]);
  });

  it('with a dimension that makes its radius larger, where the input is known', () => {
    const linf = hardCertificate({ rule: fixedSample(), norm: 'linf', p: 0.9 });
    const forged = { ...linf, dimension: 1, radius: linf.radius * 3.9 };
    expect(verifyCertificate(forged, gaussian).valid, 'nobody can tell without the input').toBe(true);
    expect(verifyCertificate(forged, gaussian, { dimension: 16 }).faults).toEqual([
      'dimension is 1, but 16 of the input',
    ]);
    expect(verifyCertificate(linf, gaussian, { dimension: 16 }).valid).toBe(true);
  });

  it('with a field that no certificate has', () => {
    expect(verifyCertificate({ ...certified, verified: true } as Certificate, gaussian).faults).toEqual([
      'verified is no field of a certificate',
    ]);
  });

  it('with another rule than the one that is given', () => {
    expect(verifyCertificate(certified, gaussian, { rule: fixedSample() }).valid).toBe(true);
    expect(verifyCertificate(certified, gaussian, { rule: topTwo() }).faults[0]).toMatch(/^rule is /);
  });

  it.each<[string, CertificationRule, number]>([
    ['fixed sample, out of reach', fixedSample(), 0.42],
    ['top two, out of reach', topTwo(), 0.36],
    ['top k, out of reach', topK({ k: 1 }), 0.36],
    ['fixed radius, proven', fixedRadius({ radius: 0.2 }), 0.9],
    ['fixed radius, declined', fixedRadius({ radius: 0.2 }), 0.42],
    ['fixed radius, the largest out of reach', fixedRadius({ radius: [0.1, 0.8] }), 0.8],
    ['ladder, proven', ladder({ radius: 0.2, sizes: [100, 500, 1000] }), 0.9],
    ['ladder, declined', ladder({ radius: 0.2, sizes: [100, 500, 1000] }), 0.42],
    ['oracle, proven', oracleTest({ radius: 0.2, probability: 0.75 }), 0.9],
    ['oracle, declined', oracleTest({ radius: 0.2, probability: 0.75 }), 0.42],
    ['anytime, at a radius', anytimeRadius({ stops: [stopAtRadius({ radius: 0.2 })] }), 0.9],
    ['anytime, at a number of samples', anytimeRadius({ stops: [stopAtSamples({ samples: 300 })] }), 0.9],
    ['anytime, at a width', anytimeRadius({ stops: [stopAtWidth({ width: 0.6 })] }), 0.9],
    ['anytime, out of reach', anytimeRadius({ stops: [stopAtRadius({ radius: 2 })] }), 0.42],
  ])('with samples after the rule had ended: %s', (_, rule, p) => {
    // A selection of three samples often takes the wrong class, which a rank certificate then gives up.
    const n0 = rule.name.startsWith('top') ? 3 : 50;
    const all = Array.from({ length: 20 }, (_, seed) => hardCertificate({ rule, p, n0, n: 2000, seed }));
    const certificate = all.find((one) => one.nUsed <= 1700)!;
    const { counts, nUsed, cAHat, nA } = certificate;
    const longer = counts.map((count, c) => count + (c === (cAHat + 1) % 3 ? 300 : 0));
    expect(faults(certificate, { counts: longer, nA, nUsed: nUsed + 300 }).join('\n')).toMatch(
      /the rule ends at \d+ samples|, which cannot be at/,
    );
  });

  it('with so many checks that none can be shown again: it is told at once', () => {
    const many = { n: 2 ** 30, nUsed: 2 ** 29, checkEvery: 1, counts: [2 ** 28, 2 ** 28, 0], nA: 2 ** 28 };
    for (const rule of [
      topTwo(),
      topK({ k: 1 }),
      anytimeRadius({ stops: [stopAtWidth({ width: 1e-6 })] }),
      fixedRadius({ radius: 0.2 }),
    ]) {
      const certificate = hardCertificate({ rule, p: 0.9 });
      const stop = rule.name === 'anytime-radius' ? 'stop-at-width' : 'out-of-reach';
      expect(faults(certificate, { ...many, stop }).length).toBeGreaterThan(0);
    }
  });

  it('keeps what a smaller claim, a larger alpha or another moment of checks leaves true', () => {
    expect(faults(certified, { radius: certified.radius / 2 })).toEqual([]);
    expect(faults(certified, { alpha: 0.02 })).toEqual([]);
    expect(faults(certified, { checkEvery: 50 })).toEqual([]);
    expect(faults(abstained, { alpha: 1e-3 }).length, 'an abstention says where it ended').toBeGreaterThanOrEqual(0);
    expect(
      faults(hardCertificate({ rule: fixedSample(), noise: sound, p: 0.9 }), { n0: 60 }, sound),
      'failures of the selection',
    ).toEqual([]);
  });
});

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
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { CauchyNoise } from '../../src/noise/cauchy-noise.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import type { DeterministicNoise, Noise } from '../../src/noise/types.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { CertificationProcess } from '../../src/smoothed/certification-process.ts';
import { derandomizedCertificate, softCertificate } from '../../src/smoothed/certificates.ts';
import type { Norm } from '../../src/types.ts';
import { randomVotes } from '../certify/play.ts';
import { countedCopies, countingNoise } from '../helpers/counting-noise.ts';

/** A certificate as a log gives it back, with the noise that it names. */
export interface Made {
  readonly name: string;
  readonly certificate: Certificate;
  readonly noise: Noise | DeterministicNoise;
}

/** How a certificate is made, without a classifier. */
export interface Recipe {
  readonly rule: CertificationRule;
  readonly noise?: Noise;
  readonly norm?: Norm;
  /** Probability of class 1 of 3 (of the votes that are no failures); the rest is spread over the others. */
  readonly p: number;
  /** Probability that a sample cannot be drawn. */
  readonly failing?: number;
  readonly n?: number;
  readonly n0?: number;
  readonly alpha?: number;
  readonly checkEvery?: number;
  readonly seed?: number;
  readonly dimension?: number;
}

export const gaussian = new GaussianNoise({ sigma: 0.5 });
export const sound = new SoundGaussianNoise({ sigma: 0.5 });

/** As it comes back from JSON. */
const stored = (certificate: Certificate): Certificate => JSON.parse(JSON.stringify(certificate)) as Certificate;

/** The certificate of random votes: what `certify` does, without a classifier. */
export function hardCertificate(recipe: Recipe): Certificate {
  const { rule, noise = gaussian, norm = noise.norms[0]!, p, failing = 0, n = 1000, n0 = 50 } = recipe;
  const { alpha = 0.01, checkEvery = 100, seed = 0, dimension = 16 } = recipe;
  const numClasses = 3;
  const key = createKey(seed);
  const plan = { key, n0, n, alpha, checkEvery, rule, norm, noise, numClasses, dimension };
  const process = new CertificationProcess(plan);
  const shares = [(1 - p) * 0.7, p, (1 - p) * 0.3].map((share) => share * (1 - failing));
  const votes = randomVotes(seed + 1, n0 + n, shares);
  let next = 0;
  for (let wanted = process.wanted(); wanted !== undefined; wanted = process.wanted()) {
    const counts = new Array<number>(numClasses).fill(0);
    for (const vote of votes.slice(next, next + wanted.needed)) if (vote >= 0) counts[vote]!++;
    next += wanted.needed;
    process.take({ counts, drawn: wanted.needed });
  }
  return stored(process.certificate());
}

let time = 0;
/** A clock that goes on at every look. */
const ticking = (): number => (time += 1);

/** Every rule, with every stop. */
export const everyRule: readonly CertificationRule[] = [
  fixedSample(),
  fixedSample({ bound: 'randomized-clopper-pearson' }),
  topTwo(),
  topTwo({ alphaShare: 0.8 }),
  topK({ k: 1 }),
  topK({ k: 2 }),
  topK({ k: 2, labelFrom: 'estimation' }),
  fixedRadius({ radius: 0.2 }),
  fixedRadius({ radius: [0.1, 0.2, 0.4, 0.6], beta: 0.01 }),
  fixedRadius({ radius: [0.1, 0.3], prior: 'jeffreys', evidence: 'betting', finalShare: 0 }),
  fixedRadius({ radius: [0.2, 0.45], finalShare: 0.5 }),
  fixedRadius({
    radius: [0.2, 0.4],
    prior: [
      { weight: 0.75, a: 40, b: 10 },
      { weight: 0.25, a: 0.5, b: 0.5 },
    ],
  }),
  anytimeRadius({ stops: [stopAtWidth({ width: 0.2 })] }),
  anytimeRadius({ stops: [stopAtWidth({ width: 0.25 })], prior: [{ weight: 1, a: 8, b: 2 }] }),
  anytimeRadius({ stops: [stopAtRadius({ radius: 0.3 })], prior: 'jeffreys' }),
  anytimeRadius({ stops: [stopAtSamples({ samples: 430 })], prior: 'selection' }),
  anytimeRadius({ stops: [stopAtGain({ gain: 0.05, over: 250 })] }),
  anytimeRadius({ stops: [stopAtDeadline({ milliseconds: 4, now: ticking })] }),
  anytimeRadius({
    stops: [
      allOf({ stops: [stopAtWidth({ width: 0.3 }), stopAtSamples({ samples: 250 })] }),
      stopAtSamples({ samples: 800 }),
    ],
  }),
  anytimeRadius({
    stops: [stopAtWidth({ width: 0.1 }), stopAtGain({ gain: 0.02, over: 150 }), stopAtRadius({ radius: 0.5 })],
  }),
  ladder({ radius: 0.2, sizes: [100, 350, 1000] }),
  ladder({ radius: 0.3, sizes: [120, 600] }),
  oracleTest({ radius: 0.2, probability: 0.75 }),
  plannedRadius({ radius: 0.2 }),
  plannedRadius({ radius: [0.1, 0.2, 0.4, 0.6], worth: 3 }),
];

/** Every rule in a norm that counts changes. */
export const everyCountingRule: readonly CertificationRule[] = [
  fixedSample(),
  fixedSample({ bound: 'randomized-clopper-pearson' }),
  topTwo(),
  topK({ k: 2 }),
  fixedRadius({ radius: 0 }),
  fixedRadius({ radius: [0, 1, 3], beta: 0.01 }),
  anytimeRadius({ stops: [stopAtWidth({ width: 1 })] }),
  anytimeRadius({ stops: [stopAtRadius({ radius: 0 })], prior: 'jeffreys' }),
  anytimeRadius({ stops: [stopAtGain({ gain: 1, over: 300 }), stopAtSamples({ samples: 800 })] }),
  ladder({ radius: 1, sizes: [100, 350, 1000] }),
  oracleTest({ radius: 0, probability: 0.75 }),
  plannedRadius({ radius: [0, 2] }),
];

/** Every noise of samples. */
const everyNoise: readonly Noise[] = [
  gaussian,
  sound,
  new LaplaceNoise({ scale: 0.5 }),
  new CauchyNoise({ scale: 0.5 }),
  new UniformNoise({ halfWidth: 0.75 }),
  new SplittingNoise({ halfWidth: 0.75 }),
];

const nameOf = ({ name, parameters }: { readonly name: string; readonly parameters: object }): string =>
  `${name} ${JSON.stringify(parameters)}`;

function softMade(mean: number, noise: Noise): Made {
  const n = 500;
  const scores = { sum: mean * n, sumOfSquares: (mean * mean + 0.01 * mean * (1 - mean)) * n };
  const plan = { key: createKey(3), n0: 40, n, alpha: 0.01, norm: noise.norms[0]!, noise, beta: 3, dimension: 16 };
  const bound = 'empirical-bernstein';
  const certificate = stored(softCertificate({ ...plan, bound, cAHat: 1, failures: 0, scores }));
  return { name: `soft ${noise.name}, mean ${mean}`, noise, certificate };
}

/** The scores of a class are thresholds, with these shares of at least each, and 0 for the rest. */
function softCountsMade(thresholds: readonly number[], shares: readonly number[], noise: Noise, many?: number): Made {
  const n = 500;
  const counts = shares.map((share) => Math.round(share * n));
  const each = counts.map((count, j) => count - (counts[j + 1] ?? 0));
  const power = (e: number): number => each.reduce((sum, count, j) => sum + count * thresholds[j]! ** e, 0);
  const scores = { sum: power(1), sumOfSquares: power(2), counts };
  const plan = { key: createKey(3), n0: 40, n, alpha: 0.01, norm: noise.norms[0]!, noise, beta: 3, dimension: 16 };
  const settings = { ...plan, bound: 'thresholds', thresholds: many ?? thresholds, cAHat: 1, failures: 0 } as const;
  const name = `soft ${noise.name}, thresholds ${thresholds.join(' ')}, counts ${counts.join(' ')}`;
  return { name, noise, certificate: stored(softCertificate({ ...settings, scores })) };
}

export const deterministic = new DeterministicSplittingNoise({ halfWidth: 0.25, key: createKey(7) });

function deterministicMade(
  counts: readonly number[],
  noise: DeterministicNoise = deterministic,
  threshold?: number,
): Made {
  const norm = noise.norms[0]!;
  const certificate = derandomizedCertificate({ counts, threshold, noise, norm, dimension: 16, inferenceForm: false });
  const what = noise === deterministic ? 'deterministic' : `counted copies, ${norm}, threshold ${threshold}:`;
  return { name: `${what} ${counts.join(' ')}`, noise, certificate: stored(certificate) };
}

/** Certificates of every kind in norms that count changes, proofs of 0 changes among them. */
export function everyCountingCertificate(): readonly Made[] {
  const made: Made[] = [];
  for (const norm of ['l0', 'patch', 'edit'] as const) {
    const noise = countingNoise(norm);
    for (const rule of norm === 'l0' ? everyCountingRule : everyCountingRule.slice(0, 1)) {
      for (const p of [0.3, 0.48, 0.57, 0.68, 0.8, 0.97]) {
        const certificate = hardCertificate({ rule, noise, p, seed: Math.round(100 * p) });
        const name = `${nameOf(rule)}, ${norm}, p ${p}: ${certificate.reason}, ${certificate.stop}`;
        made.push({ name, noise, certificate });
      }
    }
    for (const mean of [0.4, 0.9]) made.push(softMade(mean, noise));
    const copies = countedCopies(norm);
    made.push(deterministicMade([80, 70, 40], copies), deterministicMade([0, 190, 0], copies));
    made.push(deterministicMade([80, 185, 90], copies, 0.3), deterministicMade([0, 0, 0], copies, 0.5));
  }
  for (const p of [0.3, 0.68, 0.8]) {
    const noise = countingNoise('l0');
    const rule = plannedRadius({ radius: 0 });
    const certificate = hardCertificate({ rule, noise, p, n0: 0, checkEvery: 20, seed: 3 });
    made.push({ name: `planned without selection, p ${p}: ${certificate.reason}`, noise, certificate });
  }
  return made;
}

/** Certificates of every kind: every rule with certificates and abstentions, every noise and norm, soft, deterministic, failures. */
export function everyCertificate(): readonly Made[] {
  const made: Made[] = [];
  const add = (recipe: Recipe): void => {
    const noise = recipe.noise ?? gaussian;
    const certificate = hardCertificate(recipe);
    const name = `${nameOf(recipe.rule)}, ${noise.name} ${certificate.norm}, p ${recipe.p}: ${certificate.reason}, ${certificate.stop}`;
    made.push({ name, noise, certificate });
  };
  for (const rule of everyRule)
    for (const p of [0.3, 0.55, 0.68, 0.8, 0.97]) add({ rule, p, seed: Math.round(100 * p) });
  for (const p of [0.3, 0.68, 0.8]) add({ rule: plannedRadius({ radius: 0.2 }), p, n0: 0, checkEvery: 20, seed: 3 });
  for (const noise of everyNoise) {
    const rules = [
      fixedSample(),
      anytimeRadius({ stops: [stopAtSamples({ samples: 500 })] }),
      fixedRadius({ radius: 0.02 }),
    ];
    for (const norm of noise.norms) for (const rule of rules) add({ rule, noise, norm, p: 0.9 });
    for (const mean of [0.4, 0.9]) made.push(softMade(mean, noise));
    if (noise.shiftDown === undefined) continue;
    made.push(softCountsMade([0.5, 0.8, 0.9], [0.99, 0.95, 0.9], noise));
    made.push(softCountsMade([0.25, 0.5, 0.75, 1], [0.99, 0.95, 0.9, 0.6], noise, 4));
    made.push(softCountsMade([0.3, 0.6], [0.7, 0.3], noise));
  }
  for (const rule of [fixedSample(), topTwo(), fixedRadius({ radius: 0.2 })])
    add({ rule, noise: sound, p: 0.9, failing: 0.02 });
  for (const counts of [
    [10, 100, 17],
    [60, 62, 5],
    [0, 127, 0],
  ])
    made.push(deterministicMade(counts));
  return made;
}

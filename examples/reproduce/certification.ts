/**
 * Which logs are made, of which images, with how many samples.
 */
import { presets, type PublishedMethod } from 'catrs/recipes';

/** A certification run. */
export interface Certification {
  /** Name of the log, without `.tsv`. */
  readonly name: string;
  /** The training run whose model is certified. */
  readonly run: string;
  /** Every so many test images, from the first one. */
  readonly skip: number;
  /** Number of images. */
  readonly max: number;
  /** Samples that estimate the class probability. */
  readonly n: number;
  /** Samples that select the class. */
  readonly n0: number;
  /** Allowed probability of a wrong certificate, for each image. */
  readonly alpha: number;
}

/** The seed of the noise of every certification. */
export const CERTIFICATION_SEED = 1;
/** The seed of the noise of the soft targets. */
export const SOFT_TARGET_SEED = 2;

/** The seven methods, in the order of the table. */
export const METHODS = Object.keys(presets.cifar10[0.25]) as [PublishedMethod, ...PublishedMethod[]];

/** Runs of the baseline with more epochs: the teacher of CAT-RS, and the published schedule whole. */
export const LONGER: readonly string[] = ['teacher', 'gaussian-90'];

const SHOWN: readonly string[] = ['gaussian', 'catrs'];
const common = { n0: 100, alpha: 0.001 };

/** The logs of the comparison. */
export const CERTIFICATIONS: readonly Certification[] = [
  ...METHODS.map((run) => {
    const images = SHOWN.includes(run) ? { skip: 20, max: 500 } : { skip: 50, max: 200 };
    return { name: run, run, ...images, n: 10_000, ...common };
  }),
  ...SHOWN.map((run) => ({ name: `${run}-100k`, run, skip: 200, max: 50, n: 100_000, ...common })),
];

/** The logs of these runs: those of the comparison and of longer runs, and one smaller log for each run of the ablation. */
export function certificationsOf(runs: readonly string[]): Certification[] {
  const [ablation, longer] = [
    runs.filter((run) => run.startsWith('ablation/')),
    runs.filter((run) => LONGER.includes(run)),
  ];
  return [
    ...CERTIFICATIONS.filter(({ run }) => runs.includes(run)),
    ...longer.map((run) => ({ name: run, run, skip: 50, max: 200, n: 10_000, ...common })),
    ...ablation.map((run) => ({ name: run, run, skip: 50, max: 200, n: 2000, ...common })),
  ];
}

/** The same in little: it shows nothing but that it runs. */
export function quickenedCertification(certification: Certification): Certification {
  return { ...certification, n: certification.n / 50, max: certification.max / 25 };
}

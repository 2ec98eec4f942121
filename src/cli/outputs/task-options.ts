import { CliError } from '../io.ts';
import type { OptionsOf, OptionTable } from '../options.ts';
import { truthOptions } from '../truth-options.ts';

/** Which task. @internal */
export const taskOption = {
  task: {
    flags: '--task <name>',
    help: 'what is certified of each input',
    choices: ['class', 'center'],
    fallback: 'class',
  },
} as const;

/** Of what a log is, where it does not say it: boxes are numbers to it. @internal */
export const loggedTask = {
  task: {
    flags: '--task <name>',
    help: 'what the log is of, where it does not say it',
    choices: ['center'],
  },
} as const;

/** What is certified of each input, other than its class. @internal */
export type OutputTaskName = 'regression' | 'segmentation' | 'center' | 'confidence';

/** The options of the tasks: which has which, `TASKS` says. @internal */
export const outputOptions = {
  outputs: {
    flags: '--outputs <count>',
    help: 'regression: numbers in a row of the model (default: as many as it returns)',
    kind: 'positive',
  },
  percentile: {
    flags: '--percentile <number>',
    help: 'regression: which percentile under noise is the answer (0.5)',
    kind: 'number',
  },
  outputRange: {
    flags: '--output-range <low,high>',
    help: 'regression: between which values all outputs lie; trusted',
    kind: 'range',
  },
  sides: {
    flags: '--sides <name>',
    help: 'regression, confidence: which ends are bounded (regression both, confidence lower)',
    choices: ['both', 'lower', 'upper'],
  },
  low: {
    flags: '--low <list>',
    help: 'regression: in place of --radius, find the radius within which outputs are at least this: a number, or one an output',
    kind: 'numbers',
  },
  high: { flags: '--high <list>', help: 'regression: the same, and at most this', kind: 'numbers' },
  numClasses: { flags: '--num-classes <count>', help: 'segmentation: classes of the model', kind: 'positive' },
  logitsLayout: {
    flags: '--logits-layout <order>',
    help: 'segmentation: where the classes are in the output, on the last axis (nhwc) or the first (nchw) (nhwc)',
    choices: ['nhwc', 'nchw'],
  },
  maskThreshold: {
    flags: '--mask-threshold <number>',
    help: 'segmentation: of a model with one channel, above it a pixel is of class 1 (default: a logit for each class)',
    kind: 'number',
  },
  tau: {
    flags: '--tau <number>',
    help: 'segmentation: the probability that a label has to exceed, which gives the radius (0.75)',
    kind: 'number',
  },
  correction: {
    flags: '--correction <name>',
    help: 'segmentation: how alpha is shared among the pixels (holm)',
    choices: ['holm', 'bonferroni', 'k-fwer'],
  },
  allowedErrors: {
    flags: '--allowed-errors <count>',
    help: 'segmentation: with --correction k-fwer so many labels may be false (0)',
    kind: 'count',
  },
  delta: {
    flags: '--delta <number>',
    help: 'center: the ball of a center holds more than 1/2 - delta of the outputs (0.05)',
    kind: 'number',
  },
  distance: {
    flags: '--distance <name>',
    help: 'center: how far two outputs are from each other (euclidean)',
    choices: ['euclidean', 'manhattan', 'chebyshev', 'angular', 'hamming', 'jaccard'],
  },
  candidates: {
    flags: '--candidates <count|samples>',
    help: 'center: how many draws of their own may be the center (30), or the samples themselves',
    kind: 'countOrFile',
  },
  centerN: {
    flags: '--center-n <count>',
    help: 'center: samples that choose it, and that check it (5000)',
    kind: 'positive',
  },
  centerAlpha: {
    flags: '--center-alpha <number>',
    help: 'center: allowed probability of a wrong answer, beside that of a wrong certificate (0.001)',
    kind: 'number',
  },
  radii: { flags: '--radii <list>', help: 'confidence: at which radii the mean score is bounded', kind: 'numbers' },
  score: {
    flags: '--score <name>',
    help: 'confidence: the share of the class, or that less the largest other (softmax)',
    choices: ['softmax', 'margin'],
  },
  bound: {
    flags: '--bound <name>',
    help: 'confidence: counts at thresholds, the band of all scores, or both at half of alpha (thresholds)',
    choices: ['thresholds', 'band', 'both'],
  },
  thresholds: {
    flags: '--thresholds <count>',
    help: 'confidence: how many quantiles of the first sample are thresholds (20)',
    kind: 'positive',
  },
} as const;

/** The fields of library options that these options stand for, for errors. @internal */
export const outputFieldNames: Readonly<Record<string, string>> = {
  side: 'sides',
  'predict.n': 'centerN',
  'predict.check': 'centerN',
  'predict.alpha': 'centerAlpha',
  'predict.candidates': 'candidates',
};

/** Options of other tables that only some tasks take. */
const SHARED = {
  radius: '--radius',
  n0: '--n0',
  worth: '--worth',
  adaptive: '--adaptive',
  prior: '--prior',
  labels: '--labels',
  classes: '--classes',
  truth: '--truth',
  target: '--target',
  features: '--features',
  categories: '--categories',
} as const;

type TaskOption = keyof typeof outputOptions | keyof typeof SHARED;

/** @internal */
export type TaskSettings = OptionsOf<typeof outputOptions & typeof truthOptions>;

/** Options of the tasks: each list is one of which something must be given, and what else it takes. */
interface TakenOptions {
  readonly needed: readonly (readonly TaskOption[])[];
  readonly more: readonly TaskOption[];
}

const TABLE = ['target', 'features'] as const;

const TASKS: Readonly<Record<OutputTaskName | 'class', TakenOptions>> = {
  class: { needed: [], more: ['radius', 'n0', 'worth', 'adaptive', 'prior', 'labels', 'classes'] },
  regression: {
    needed: [['radius', 'low', 'high']],
    more: ['outputs', 'percentile', 'outputRange', 'sides', 'truth', ...TABLE],
  },
  segmentation: {
    needed: [['numClasses']],
    more: ['n0', 'logitsLayout', 'maskThreshold', 'tau', 'correction', 'allowedErrors', 'truth'],
  },
  center: {
    needed: [['radius']],
    more: ['delta', 'distance', 'candidates', 'centerN', 'centerAlpha', 'truth', ...TABLE],
  },
  confidence: {
    needed: [['radii']],
    more: ['n0', 'score', 'bound', 'thresholds', 'sides', 'labels', 'classes', ...TABLE],
  },
};

/** Throws CliError for an option of another task, which it names, and for one that is missing. @internal */
export function checkTaskOptions(settings: { readonly task: OutputTaskName | 'class' } & object): void {
  const { task } = settings;
  const given = settings as Readonly<Record<string, unknown>>;
  const { needed, more } = TASKS[task];
  const known = [...needed.flat(), ...more];
  const options = Object.keys({ ...outputOptions, ...SHARED }) as TaskOption[];
  const stranger = options.find((option) => given[option] !== undefined && !known.includes(option));
  if (stranger !== undefined) {
    const flag = flagOf(stranger);
    const others = Object.entries(TASKS).flatMap(([name, taken]) =>
      [...taken.needed.flat(), ...taken.more].includes(stranger) ? [name] : [],
    );
    const has = known.map(flagOf).join(', ');
    throw new CliError(`${flag} is for --task ${others.join(' or ')}, got --task ${task}, which has ${has}`);
  }
  const missing = needed.find((ones) => ones.every((option) => given[option] === undefined));
  if (missing) throw new CliError(`${missing.map(flagOf).join(' or ')} must be given for --task ${task}`);
}

/** The flag of an option of a task. */
function flagOf(option: TaskOption): string {
  const { flags } = ({ ...outputOptions, ...truthOptions } as OptionTable)[option] ?? {
    flags: SHARED[option as keyof typeof SHARED],
  };
  return /--[\w-]+/.exec(flags)?.[0] ?? option;
}

import { CliError } from '../io.ts';
import type { OptionTable } from '../options.ts';
import { truthOptions } from '../truth-options.ts';
import { outputOptions, type OutputTaskName, taskOption } from './task-options.ts';

/** Options of other tables that only some tasks take. */
const SHARED = {
  n: '--n',
  alpha: '--alpha',
  radius: '--radius',
  n0: '--n0',
  worth: '--worth',
  adaptive: '--adaptive',
  prior: '--prior',
  keepVotes: '--keep-votes',
  fromLog: '--from-log',
  alphaZeta: '--alpha-zeta',
  until: '--until',
  experts: '--experts',
  expertSigmas: '--expert-sigmas',
  labels: '--labels',
  classes: '--classes',
  truth: '--truth',
  target: '--target',
  features: '--features',
  categories: '--categories',
} as const;

type TaskOption = keyof typeof outputOptions | keyof typeof SHARED;

/** Options of the tasks: each list is one of which something must be given, and what else it takes. */
interface TakenOptions {
  readonly needed: readonly (readonly TaskOption[])[];
  readonly more: readonly TaskOption[];
}

const TABLE = ['target', 'features'] as const;
/** What a detector returns, and how it becomes rows of numbers. */
const BOXES = [
  ...([
    'bins',
    'cells',
    'sort',
    'boxLabels',
    'scoreThreshold',
    'overlap',
    'beyond',
    'boxFormat',
    'boxUnits',
    'head',
  ] as const),
  ...(['activation', 'background', 'boxesOutput', 'scoresOutput', 'labelsOutput'] as const),
] as const;
/** How many copies are drawn, and how often a certificate may be wrong. */
const DRAWN = ['n', 'alpha'] as const;

const TASKS: Readonly<Record<OutputTaskName | 'class', TakenOptions>> = {
  class: {
    needed: [],
    more: [
      ...DRAWN,
      ...(['radius', 'n0', 'worth', 'adaptive', 'prior', 'labels', 'classes', ...TABLE] as const),
      ...(['keepVotes', 'fromLog', 'alphaZeta', 'until', 'experts', 'expertSigmas'] as const),
    ],
  },
  regression: {
    needed: [['radius', 'low', 'high']],
    more: [...DRAWN, 'outputs', 'percentile', 'outputRange', 'sides', 'truth', ...TABLE],
  },
  boxes: {
    needed: [['slots'], ['radius']],
    more: [...DRAWN, ...BOXES, 'percentile', 'truth', 'categories'],
  },
  segmentation: {
    needed: [['numClasses']],
    more: [
      ...DRAWN,
      ...([
        'n0',
        'logitsLayout',
        'maskThreshold',
        'tau',
        'componentRadii',
        'correction',
        'allowedErrors',
        'truth',
      ] as const),
    ],
  },
  conformal: {
    needed: [['alpha'], ['radius'], ['calibration']],
    more: [
      ...(['score', 'sets', 'delta', 'draws', 'calibrationDraws', 'orderStatistic'] as const),
      ...(['labels', 'classes', 'truth'] as const),
      ...TABLE,
    ],
  },
  multilabel: {
    needed: [['top'], ['labelsPerPass', 'labelThreshold']],
    more: [...DRAWN, 'n0', 'targets', 'truth', ...TABLE],
  },
  center: {
    needed: [['radius']],
    more: [...DRAWN, 'delta', 'distance', 'candidates', 'centerN', 'centerAlpha', 'truth', ...TABLE],
  },
  confidence: {
    needed: [['radii']],
    more: [...DRAWN, 'n0', 'score', 'bound', 'thresholds', 'sides', 'labels', 'classes', ...TABLE],
  },
};

/** Throws CliError for an option of another task, which it names, and for one that is missing. @internal */
export function checkTaskOptions(settings: { readonly task: OutputTaskName | 'class' } & object): void {
  const { task } = settings;
  const stranger = strangerIn(settings, task);
  if (stranger !== undefined) {
    const has = knownTo(task).map(flagOf).join(', ');
    throw new CliError(`${flagOf(stranger)} is for --task ${tasksOf(stranger)}, got --task ${task}, which has ${has}`);
  }
  const given = settings as Readonly<Record<string, unknown>>;
  const missing = TASKS[task].needed.find((ones) => ones.every((option) => given[option] === undefined));
  if (missing) throw new CliError(`${missing.map(flagOf).join(' or ')} must be given for --task ${task}`);
}

/** Throws CliError for an option of another task than that of a log. @internal */
export function refuseOtherTasks(settings: object, task: string, file: string): void {
  const stranger = strangerIn(settings, task);
  if (stranger === undefined) return;
  throw new CliError(`${flagOf(stranger)} is for logs of ${tasksOf(stranger)}, got ${file} of ${task} (leave it out)`);
}

/** All options that a task takes. */
function knownTo(task: string): readonly TaskOption[] {
  // Certificates that hold others are not made by the command.
  const { needed, more } = Object.hasOwn(TASKS, task) ? TASKS[task as keyof typeof TASKS] : { needed: [], more: [] };
  return [...needed.flat(), ...more];
}

/** The first option that was given and is of other tasks. */
function strangerIn(settings: object, task: string): TaskOption | undefined {
  const given = settings as Readonly<Record<string, unknown>>;
  const options = Object.keys({ ...outputOptions, ...SHARED }) as TaskOption[];
  return options.find((option) => given[option] !== undefined && !knownTo(task).includes(option));
}

/** The tasks that take an option. */
function tasksOf(option: TaskOption): string {
  return taskOption.task.choices.filter((name) => knownTo(name).includes(option)).join(' or ');
}

/** The flag of an option of a task. */
function flagOf(option: TaskOption): string {
  const { flags } = ({ ...outputOptions, ...truthOptions } as OptionTable)[option] ?? {
    flags: SHARED[option as keyof typeof SHARED],
  };
  return /--[\w-]+/.exec(flags)?.[0] ?? option;
}

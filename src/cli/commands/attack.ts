import { predictOptions, smoothedClassifierOptions } from '../../smoothed/call-options.ts';
import { type CliCommand, cliCommand } from '../command.ts';
import {
  alphaOptions,
  classifierOptions,
  jsonOptions,
  noiseOptions,
  shardedOptions,
  testData,
  workerOptions,
  shownSelection,
} from '../common-options.ts';
import type { OptionsOf } from '../options.ts';

const attackOptions = {
  attack: { flags: '--attack <name>', help: 'attack', choices: ['pgd', 'ddn'], fallback: 'pgd' },
  epsilon: {
    flags: '-e, --epsilon <list>',
    help: 'lengths of the attack, in input units (one, or several by commas)',
    kind: 'numbers',
    required: true,
  },
  steps: { flags: '--steps <count>', help: 'gradient steps', kind: 'positive', fallback: 20 },
  numNoise: {
    flags: '--num-noise <count>',
    help: 'noisy copies that the attack sees',
    kind: 'positive',
    fallback: 8,
  },
  stepSize: {
    flags: '--step-size <number>',
    help: 'pgd: length of a step (default: 2 epsilon / steps)',
    kind: 'number',
  },
  norm: { flags: '--norm <name>', help: 'pgd: norm of epsilon', choices: ['l1', 'l2', 'linf'], fallback: 'l2' },
  certified: { flags: '--certified <log>', help: 'certification log to compare with' },
} as const;

const outOptions = {
  out: { flags: '-o, --out <file>', help: 'TSV file for a row of each image and epsilon' },
  resume: { flags: '-r, --resume', help: 'go on with the file if it is there' },
} as const;

/** The options of `catrs attack`. @internal */
export type AttackSettings = OptionsOf<
  typeof testData &
    typeof classifierOptions &
    typeof noiseOptions &
    typeof alphaOptions &
    typeof attackOptions &
    typeof shardedOptions &
    typeof outOptions &
    typeof workerOptions &
    typeof jsonOptions
>;

/** `catrs attack`. @internal */
export const attackCommand: CliCommand<AttackSettings> = cliCommand({
  name: 'attack',
  description: 'Attack the smoothed classifier and print its empirical robust accuracy.',
  groups: [
    ['Data', testData],
    ['Model', classifierOptions],
    ['Smoothing', { ...noiseOptions, ...alphaOptions }],
    ['Attack', attackOptions],
    ['Images', shardedOptions],
    ['Run', { ...outOptions, ...workerOptions, ...jsonOptions }],
  ],
  library: { ...shownSelection, ...smoothedClassifierOptions.defaults, ...predictOptions.defaults },
  ending: `With --certified, exit code 1 says that an attack has contradicted a certificate.

Example:
  catrs attack --data mnist/ --model runs/catrs --sigma 0.25 --epsilon 0.25,0.5 --skip 100 --out runs/attacked.tsv`,
});

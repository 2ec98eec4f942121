import { SOFT_TARGET_SAMPLES, smoothedClassifierOptions } from '../../smoothed/call-options.ts';
import { type CliCommand, cliCommand } from '../command.ts';
import {
  classifierOptions,
  classOptions,
  jsonOptions,
  noiseOptions,
  resumeOptions,
  selectionOptions,
  trainingData,
  shownSelection,
  workerOptions,
} from '../common-options.ts';
import type { OptionsOf } from '../options.ts';

const outOptions = {
  out: {
    flags: '-o, --out <file>',
    help: 'the NPY file to write; FILE.json says what it was made from',
    required: true,
  },
} as const;

/** The options of `catrs soft-targets`. @internal */
export type SoftTargetsSettings = OptionsOf<
  typeof trainingData &
    typeof classOptions &
    typeof classifierOptions &
    typeof noiseOptions &
    typeof selectionOptions &
    typeof outOptions &
    typeof resumeOptions &
    typeof workerOptions &
    typeof jsonOptions
>;

/** `catrs soft-targets`. @internal */
export const softTargetsCommand: CliCommand<SoftTargetsSettings> = cliCommand({
  name: 'soft-targets',
  description:
    'Take the votes of a model of Gaussian training for each image, as targets for catrs train --method catrs.',
  groups: [
    ['Data', { ...trainingData, ...classOptions }],
    ['Model', classifierOptions],
    ['Smoothing', noiseOptions],
    ['Images', selectionOptions],
    ['Run', { ...outOptions, ...workerOptions, ...resumeOptions, ...jsonOptions }],
  ],
  library: { ...shownSelection, ...smoothedClassifierOptions.defaults, n: SOFT_TARGET_SAMPLES },
  ending: `Example:
  catrs soft-targets --data mnist/ --model runs/gaussian --sigma 0.25 --n 1000 --out runs/targets.npy`,
});

import { predictOptions, smoothedClassifierOptions } from '../../smoothed/call-options.ts';
import { type CliCommand, cliCommand } from '../command.ts';
import {
  alphaOptions,
  classifierOptions,
  jsonOptions,
  drawOptions,
  shardedOptions,
  testData,
  shownSelection,
  workerOptions,
} from '../common-options.ts';
import { noiseChoiceOptions, noiseFieldNames } from '../noise-options.ts';
import type { OptionsOf } from '../options.ts';

/** The options of `catrs predict`. @internal */
export type PredictSettings = OptionsOf<
  typeof testData &
    typeof classifierOptions &
    typeof noiseChoiceOptions &
    typeof drawOptions &
    typeof alphaOptions &
    typeof shardedOptions &
    typeof workerOptions &
    typeof jsonOptions
>;

/** `catrs predict`. @internal */
export const predictCommand: CliCommand<PredictSettings> = cliCommand({
  name: 'predict',
  description: 'Print the class of the smoothed classifier for each image, or that it abstains.',
  groups: [
    ['Data', testData],
    ['Model', classifierOptions],
    ['Noise', noiseChoiceOptions],
    ['Smoothing', { ...drawOptions, ...alphaOptions }],
    ['Images', shardedOptions],
    ['Run', { ...workerOptions, ...jsonOptions }],
  ],
  library: { ...shownSelection, ...smoothedClassifierOptions.defaults, ...predictOptions.defaults },
  names: noiseFieldNames,
  ending: `Example:
  catrs predict --data photos/ --model model/ --sigma 0.25 --n 1000`,
});

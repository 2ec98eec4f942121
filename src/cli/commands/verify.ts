import { smoothedClassifierOptions } from '../../smoothed/call-options.ts';
import { type CliCommand, cliCommand } from '../command.ts';
import { jsonOptions, modelFormOptions, noiseOptions, testDataForm } from '../common-options.ts';
import type { OptionsOf } from '../options.ts';
import { outputOptions } from '../outputs/task-options.ts';
import { truthOptions } from '../truth-options.ts';

/** Both or none is given. */
const runOptions = {
  data: { flags: '-d, --data <path>', help: 'the data of the run' },
  model: { flags: '-m, --model <path>', help: 'the model of the run' },
} as const;

// No default: one that is given counts, or there is no model.
const engineOptions = {
  backend: {
    flags: '--backend <name>',
    help: 'engine; auto (the default): the one that the log names',
    choices: ['auto', 'tensorflow', 'onnxruntime', 'wasm', 'webgpu', 'cpu'],
  },
} as const;

const redrawOptions = {
  rows: {
    flags: '--rows <count>',
    help: 'rows to draw again, spread over the log, or all',
    kind: 'rows',
    fallback: 10,
  },
  votes: {
    flags: '--votes <count>',
    help: 'votes that may differ, for a log of another engine',
    kind: 'count',
    fallback: 0,
  },
} as const;

const seedOptions = {
  seed: {
    flags: '--seed <number>',
    help: 'seed of the run: then also check that each row has the key of its image',
    kind: 'count',
  },
} as const;

/** What is drawn again, and how. @internal */
export type RedrawSettings = OptionsOf<
  typeof redrawOptions & Pick<typeof noiseOptions, 'batchSize' | 'inputRange'> & typeof seedOptions
>;

/** The options of `catrs verify`. @internal */
export type VerifySettings = RedrawSettings &
  OptionsOf<
    typeof runOptions &
      typeof outputOptions &
      typeof truthOptions &
      typeof testDataForm &
      typeof modelFormOptions &
      typeof engineOptions &
      typeof jsonOptions
  >;

/** `catrs verify`. @internal */
export const verifyCommand: CliCommand<VerifySettings> = cliCommand({
  name: 'verify',
  description:
    'Derive all certificates of a log again from their votes; with --model and --data draw those of some rows again.',
  argument: ['<log>', 'a certification log in the full format'],
  groups: [
    ['Log', { ...seedOptions, ...jsonOptions }],
    ['Data', { data: runOptions.data, ...testDataForm, ...truthOptions }],
    ['Model', { model: runOptions.model, ...modelFormOptions, ...engineOptions }],
    ['Drawn again', { ...redrawOptions, batchSize: noiseOptions.batchSize, inputRange: noiseOptions.inputRange }],
    ['Other outputs than classes', outputOptions],
  ],
  library: smoothedClassifierOptions.defaults,
  ending: `Example:
  catrs verify runs/digits.tsv --data mnist/ --model model/ --rows 20`,
});

import { certifyOptions, smoothedClassifierOptions } from '../../smoothed/call-options.ts';
import { recertifyOptions } from '../../smoothed/incremental/recertify-options.ts';
import { type CliCommand, cliCommand } from '../command.ts';
import {
  alphaOptions,
  classifierOptions,
  jsonOptions,
  drawOptions,
  resumeOptions,
  shardedOptions,
  testData,
  workerOptions,
  shownSelection,
} from '../common-options.ts';
import { changedOptions, keepOptions } from '../changed/changed-options.ts';
import { noiseChoiceOptions, noiseFieldNames } from '../noise-options.ts';
import type { OptionsOf } from '../options.ts';
import { routedOptions } from '../routed/routed-options.ts';
import { outputFieldNames, outputOptions, taskOption } from '../outputs/task-options.ts';
import { truthOptions } from '../truth-options.ts';

const ruleOptions = {
  n0: { flags: '--n0 <count>', help: 'noisy copies that choose the class', kind: 'count' },
  radius: {
    flags: '--radius <list>',
    help: 'class: prove these radii (one, or several in ascending order) with as few copies as needed: planned; one radius needs no --n0. Other tasks: within these radii',
    kind: 'numbers',
  },
  worth: {
    flags: '--worth <number>',
    help: 'with --radius: what an image costs that is given up although its radius holds, in copies as a share of n (10)',
    kind: 'number',
  },
  adaptive: {
    flags: '--adaptive [gain]',
    help: 'stop an image when 1000 more copies raise its radius by less (0.01)',
    kind: 'number',
  },
  prior: {
    flags: '--prior <mixture>',
    help: 'the prior of --adaptive, or of --radius, which is then a mixture test and not planned: selection, jeffreys, near-one (--adaptive only), or a Beta mixture weight:a:b,... fixed beforehand',
    kind: 'prior',
  },
} as const;

/** No default: a task may have a fresh key. */
const seedOption = {
  seed: { flags: '--seed <number>', help: 'seed of the key that drives all draws (default: 0)', kind: 'count' },
} as const;

const outOptions = {
  out: { flags: '-o, --out <file>', help: 'the log to write', required: true },
} as const;

/** The options of `catrs certify`. @internal */
export type CertifySettings = OptionsOf<
  typeof taskOption &
    typeof testData &
    typeof truthOptions &
    typeof classifierOptions &
    typeof noiseChoiceOptions &
    Omit<typeof drawOptions, 'seed'> &
    typeof seedOption &
    typeof alphaOptions &
    typeof ruleOptions &
    typeof keepOptions &
    typeof changedOptions &
    typeof routedOptions &
    typeof outputOptions &
    typeof shardedOptions &
    typeof outOptions &
    typeof workerOptions &
    typeof resumeOptions &
    typeof jsonOptions
>;

/** `catrs certify`. @internal */
export const certifyCommand: CliCommand<CertifySettings> = cliCommand({
  name: 'certify',
  description: 'Certify a data set into a log, one row for each image: its class, or another output.',
  groups: [
    ['Task', taskOption],
    ['Data', testData],
    ['Truth', truthOptions],
    ['Model', classifierOptions],
    ['Noise', noiseChoiceOptions],
    ['Smoothing', { ...drawOptions, ...seedOption, ...alphaOptions, ...ruleOptions, ...keepOptions }],
    ['A changed model', changedOptions],
    ['A router and experts', routedOptions],
    ['Other tasks than classes', outputOptions],
    ['Images', shardedOptions],
    ['Run', { ...outOptions, ...workerOptions, ...resumeOptions, ...jsonOptions }],
  ],
  library: {
    ...shownSelection,
    ...smoothedClassifierOptions.defaults,
    ...certifyOptions.defaults,
    alphaZeta: recertifyOptions.defaults.alphaZeta,
  },
  names: { ...noiseFieldNames, ...outputFieldNames, from: 'fromLog', router: 'model', routerRule: 'radius' },
  ending: `Example:
  catrs certify --data mnist/ --model model/ --sigma 0.5 --n 10000 --skip 20 --out runs/digits.tsv
  catrs certify --data mnist/ --model int8.onnx --from-log runs/digits.tsv --until 0.5 --out runs/int8.jsonl
  catrs certify --data mnist/ --model router/ --sigma 0.5 --experts little/,much/ --expert-sigmas 0.25,1 --out runs/routed.jsonl
  catrs certify --task regression --data houses.csv --target price --input-range 0,100 --model price.onnx --sigma 2 --radius 1 --out runs/prices.jsonl`,
});

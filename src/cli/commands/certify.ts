import { certifyOptions, smoothedClassifierOptions } from '../../smoothed/call-options.ts';
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
import { noiseChoiceOptions, noiseFieldNames } from '../noise-options.ts';
import type { OptionsOf } from '../options.ts';

const ruleOptions = {
  n0: { flags: '--n0 <count>', help: 'noisy copies that choose the class', kind: 'count' },
  radius: {
    flags: '--radius <list>',
    help: 'prove these radii (one, or several in ascending order) with as few copies as needed: planned; one radius needs no --n0',
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

const outOptions = {
  out: { flags: '-o, --out <file>', help: 'the log to write', required: true },
} as const;

/** The options of `catrs certify`. @internal */
export type CertifySettings = OptionsOf<
  typeof testData &
    typeof classifierOptions &
    typeof noiseChoiceOptions &
    typeof drawOptions &
    typeof alphaOptions &
    typeof ruleOptions &
    typeof shardedOptions &
    typeof outOptions &
    typeof workerOptions &
    typeof resumeOptions &
    typeof jsonOptions
>;

/** `catrs certify`. @internal */
export const certifyCommand: CliCommand<CertifySettings> = cliCommand({
  name: 'certify',
  description: 'Certify a data set into a log, one row for each image.',
  groups: [
    ['Data', testData],
    ['Model', classifierOptions],
    ['Noise', noiseChoiceOptions],
    ['Smoothing', { ...drawOptions, ...alphaOptions, ...ruleOptions }],
    ['Images', shardedOptions],
    ['Run', { ...outOptions, ...workerOptions, ...resumeOptions, ...jsonOptions }],
  ],
  library: { ...shownSelection, ...smoothedClassifierOptions.defaults, ...certifyOptions.defaults },
  names: noiseFieldNames,
  ending: `Example:
  catrs certify --data mnist/ --model model/ --sigma 0.5 --n 10000 --skip 20 --out runs/digits.tsv`,
});

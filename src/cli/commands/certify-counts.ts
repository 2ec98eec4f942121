import { type CliCommand, cliCommand } from '../command.ts';
import { jsonOptions } from '../common-options.ts';
import type { OptionsOf } from '../options.ts';

const countsOptions = {
  label: {
    flags: '--label <source>',
    help: 'the class of each image: last (the last column), a column or an array by its name, or a file',
  },
  choose: {
    flags: '--choose',
    help: 'choose the class from the counts all the same; the labels only say what is correct',
  },
  n: {
    flags: '-n, --n <count>',
    help: 'samples that were drawn of each image (default: the sum of its counts, if it is the same for all)',
    kind: 'positive',
  },
  start: { flags: '--start <index>', help: 'index of the image of the first row', kind: 'count', fallback: 0 },
  skip: {
    flags: '--skip <count>',
    help: 'each row is of the count-th image after the last',
    kind: 'positive',
    fallback: 1,
  },
} as const;

const certificateOptions = {
  alpha: {
    flags: '--alpha <number>',
    help: 'allowed probability of a wrong certificate',
    kind: 'number',
    fallback: 0.001,
  },
  topK: { flags: '--top-k <count>', help: 'certify that the class stays among so many', kind: 'positive' },
  norm: { flags: '--norm <norm>', help: 'norm of the radius', choices: ['l2', 'linf', 'l1'], fallback: 'l2' },
  dimension: { flags: '--dimension <count>', help: 'number of input values; needed for linf', kind: 'positive' },
} as const;

/** One for all values: the counts do not say how many there are. */
const sigmaOption = {
  sigma: {
    flags: '-s, --sigma <number>',
    help: 'standard deviation of the Gaussian noise, in units of the input range',
    kind: 'number',
    required: true,
  },
} as const;

const outOptions = {
  out: { flags: '-o, --out <file>', help: 'the log to write', required: true },
} as const;

/** The options of `catrs certify-counts`. @internal */
export type CertifyCountsSettings = OptionsOf<
  typeof countsOptions & typeof sigmaOption & typeof certificateOptions & typeof outOptions & typeof jsonOptions
>;

/** `catrs certify-counts`. @internal */
export const certifyCountsCommand: CliCommand<CertifyCountsSettings> = cliCommand({
  name: 'certify-counts',
  description: 'Certify from class counts that someone else drew under Gaussian noise, without a selection sample.',
  argument: ['<counts>', 'a row of class counts for each image: text, CSV, NPY or NPZ, plain or .gz'],
  groups: [
    ['Counts', countsOptions],
    ['Certificates', { ...sigmaOption, ...certificateOptions }],
    ['Run', { ...outOptions, ...jsonOptions }],
  ],
  library: {},
  names: { k: 'topK' },
  ending: `The class of --label must not come from these counts. Without it the class is the most voted one of the same counts, and
alpha is shared between the bounds of all classes.

Example:
  catrs certify-counts cifar0.25.txt --label last --sigma 0.25 --top-k 3 --skip 20 --out runs/top-3.tsv`,
});

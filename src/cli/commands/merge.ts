import { type CliCommand, cliCommand } from '../command.ts';
import { jsonOptions, noiseOptions, selectionOptions, shownSelection } from '../common-options.ts';
import type { OptionsOf } from '../options.ts';

const mergeOptions = {
  out: { flags: '-o, --out <file>', help: 'the log to write', required: true },
  size: {
    flags: '--size <count>',
    help: 'number of images of the data set, to see that none is missing',
    kind: 'positive',
    required: true,
  },
} as const;

/** The options of `catrs merge`. @internal */
export type MergeSettings = OptionsOf<
  typeof mergeOptions & typeof selectionOptions & Pick<typeof noiseOptions, 'seed'> & typeof jsonOptions
>;

/** `catrs merge`. @internal */
export const mergeCommand: CliCommand<MergeSettings> = cliCommand({
  name: 'merge',
  description: 'Merge the logs of all shards of a run into the log of the whole run.',
  argument: ['<logs...>', 'the logs of the shards'],
  groups: [
    ['Logs', { ...mergeOptions, ...jsonOptions }],
    ['The run', { ...selectionOptions, seed: noiseOptions.seed }],
  ],
  library: shownSelection,
  ending: `Example:
  catrs merge runs/part-*.tsv --size 10000 --skip 20 --out runs/digits.tsv`,
});

import { type CliCommand, cliCommand } from '../command.ts';
import { jsonOptions, selectionOptions, shownSelection } from '../common-options.ts';
import type { OptionsOf } from '../options.ts';

const mergeOptions = {
  out: { flags: '-o, --out <file>', help: 'the log to write', required: true },
  size: {
    flags: '--size <count>',
    help: 'number of images of the data set, to see that none is missing',
    kind: 'positive',
    required: true,
  },
  mixEngines: { flags: '--mix-engines', help: 'take logs of several engines: each row says its own' },
} as const;

// No default: logs of other code have no keys, and a seed that is given must count.
const seedOptions = {
  seed: { flags: '--seed <number>', help: 'seed of the run, for logs of catrs (default: 0)', kind: 'count' },
} as const;

/** The options of `catrs merge`. @internal */
export type MergeSettings = OptionsOf<
  typeof mergeOptions & typeof selectionOptions & typeof seedOptions & typeof jsonOptions
>;

/** `catrs merge`. @internal */
export const mergeCommand: CliCommand<MergeSettings> = cliCommand({
  name: 'merge',
  description:
    'Merge the logs of all shards of a run into the log of the whole run, or the pieces of a log of other code into one.',
  argument: ['<logs...>', 'the logs of the shards, or the pieces'],
  groups: [
    ['Logs', { ...mergeOptions, ...jsonOptions }],
    ['The run', { ...selectionOptions, ...seedOptions }],
  ],
  library: shownSelection,
  ending: `Example:
  catrs merge runs/part-*.tsv --size 10000 --skip 20 --out runs/digits.tsv`,
});

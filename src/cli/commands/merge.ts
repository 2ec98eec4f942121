import type { Command } from 'commander';
import { toCount, toPositiveCount } from '../arguments.ts';
import { addSelectionOptions } from '../common-options.ts';
import type { MergeSettings } from '../merge.ts';
import type { CliIo } from '../io.ts';

const EXAMPLE = `
Example:
  catrs merge runs/part-*.tsv --size 10000 --skip 20 --out runs/digits.tsv`;

/** Adds `catrs merge`. @internal */
export function registerMerge(program: Command, io: CliIo): void {
  const command = program
    .command('merge')
    .description('Merge the logs of all shards of a run into the log of the whole run.')
    .argument('<logs...>', 'the logs of the shards')
    .requiredOption('--out <file>', 'the log to write')
    .requiredOption('--size <count>', 'number of images of the data set, to see that none is missing', toPositiveCount)
    .option('--seed <number>', 'seed of the run', toCount, 0);
  addSelectionOptions(command)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (logs: string[], settings: MergeSettings) => {
      const { merge } = await import('../merge.ts');
      await merge(logs, settings, io);
    });
}

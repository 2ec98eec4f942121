import type { Command } from 'commander';
import { toCount, toNumber, toNumbers, toPositiveCount } from '../arguments.ts';
import type { CertifySettings } from '../certify.ts';
import {
  addDataOptions,
  addModelOptions,
  addSelectionOptions,
  addShardOption,
  addSmoothingOptions,
} from '../common-options.ts';
import type { CliIo } from '../io.ts';

const EXAMPLE = `
Example:
  catrs certify --data mnist/ --model model/ --sigma 0.5 --n 10000 --skip 20 --out runs/digits.tsv`;

/** Adds `catrs certify`. @internal */
export function registerCertify(program: Command, io: CliIo): void {
  const command = program.command('certify').description('Certify a data set into a log, one row for each image.');
  addDataOptions(command);
  addModelOptions(command).requiredOption('--out <file>', 'the log to write');
  addSmoothingOptions(command, { n: 100_000 })
    .option('--n0 <count>', 'noisy copies that choose the class', toCount, 100)
    .option(
      '--radius <list>',
      'prove these radii (one, or several in ascending order) with as few copies as needed',
      toNumbers,
    )
    .option('--adaptive [gain]', 'stop an image when 1000 more copies raise its radius by less (0.01)', toNumber);
  addShardOption(addSelectionOptions(command))
    .option('--workers <count>', 'threads', toPositiveCount, 1)
    .option('--resume', 'go on with the log if it is there')
    .option('--no-recheck', 'with --resume: do not certify one image of the log again to compare')
    .option('--durable', 'wait after each row until it is on the disk')
    .option('--json', 'print one JSON object in place of the summary')
    .addHelpText('after', EXAMPLE)
    .action(async (settings: CertifySettings) => {
      const { certify } = await import('../certify.ts');
      await certify(settings, io);
    });
}

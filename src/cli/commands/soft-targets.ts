import type { Command } from 'commander';
import { toCount, toNumber, toPositiveCount, toRange } from '../arguments.ts';
import { addDataOptions, addModelOptions, addSelectionOptions } from '../common-options.ts';
import type { SoftTargetsSettings } from '../soft-targets.ts';
import { splitTrain } from '../train-split.ts';
import type { CliIo } from '../io.ts';

const EXAMPLE = `
Example:
  catrs soft-targets --data mnist/ --model runs/gaussian --sigma 0.25 --n 1000 --out runs/targets.npy`;

/** Adds `catrs soft-targets`. @internal */
export function registerSoftTargets(program: Command, io: CliIo): void {
  const command = program
    .command('soft-targets')
    .description(
      'Take the votes of a model of Gaussian training for each image, as targets for catrs train --method catrs.',
    );
  splitTrain(addDataOptions(command));
  addModelOptions(command)
    .requiredOption('--out <file>', 'the NPY file to write; FILE.json says what it was made from')
    .requiredOption('--sigma <number>', 'standard deviation of the Gaussian noise, in input units', toNumber)
    .option('--n <count>', 'noisy copies of an image', toPositiveCount, 10_000)
    .option('--seed <number>', 'seed of the key that drives all draws', toCount, 0)
    .option('--batch-size <count>', 'noisy copies per forward pass: speed and memory, never a result', toPositiveCount)
    .option('--input-range <low,high>', 'smallest and largest input value (default: 0,1)', toRange);
  addSelectionOptions(command)
    .option('--resume', 'go on with the file if it is there')
    .option('--no-recheck', 'with --resume: do not make one row again to compare')
    .option('--durable', 'wait after each row until it is on the disk')
    .option('--json', 'print one JSON object in place of the summary')
    .addHelpText('after', EXAMPLE)
    .action(async (settings: SoftTargetsSettings) => {
      const { softTargets } = await import('../soft-targets.ts');
      await softTargets(settings, io);
    });
}

import type { Command } from 'commander';
import {
  addDataOptions,
  addModelOptions,
  addSelectionOptions,
  addShardOption,
  addSmoothingOptions,
} from '../common-options.ts';
import type { PredictSettings } from '../predict.ts';
import type { CliIo } from '../io.ts';

const EXAMPLE = `
Example:
  catrs predict --data photos/ --model model/ --sigma 0.25 --n 1000`;

/** Adds `catrs predict`. @internal */
export function registerPredict(program: Command, io: CliIo): void {
  const command = program
    .command('predict')
    .description('Print the class of the smoothed classifier for each image, or that it abstains.');
  addDataOptions(command);
  addModelOptions(command);
  addSmoothingOptions(command, { n: 1000 });
  addShardOption(addSelectionOptions(command))
    .option('--json', 'print one JSON object in place of lines')
    .addHelpText('after', EXAMPLE)
    .action(async (settings: PredictSettings) => {
      const { predict } = await import('../predict.ts');
      await predict(settings, io);
    });
}

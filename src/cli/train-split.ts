import type { Command } from 'commander';

/** Makes the training part the default of `--split`. @internal */
export function splitTrain(command: Command): Command {
  command.options.find(({ long }) => long === '--split')?.default('train');
  return command.setOptionValueWithSource('split', 'train', 'default');
}

import { type Command, Option } from 'commander';
import { toNumber, toNumbers, toPositiveCount } from '../arguments.ts';
import type { AttackSettings } from '../attack.ts';
import {
  addDataOptions,
  addModelOptions,
  addSelectionOptions,
  addShardOption,
  addSmoothingOptions,
} from '../common-options.ts';
import type { CliIo } from '../io.ts';

const EXAMPLE = `
With --certified, exit code 1 says that an attack has contradicted a certificate.

Example:
  catrs attack --data mnist/ --model runs/catrs --sigma 0.25 --epsilon 0.25,0.5 --skip 100 --out runs/attacked.tsv`;

/** Adds `catrs attack`. @internal */
export function registerAttack(program: Command, io: CliIo): void {
  const command = program
    .command('attack')
    .description('Attack the smoothed classifier and print its empirical robust accuracy.');
  addDataOptions(command);
  addModelOptions(command);
  addSmoothingOptions(command, { n: 1000 })
    .addOption(new Option('--attack <name>', 'attack').choices(['pgd', 'ddn']).default('pgd'))
    .requiredOption('--epsilon <list>', 'lengths of the attack, in input units (one, or several by commas)', toNumbers)
    .option('--steps <count>', 'gradient steps', toPositiveCount, 20)
    .option('--num-noise <count>', 'noisy copies that the attack sees', toPositiveCount, 8)
    .option('--step-size <number>', 'pgd: length of a step (default: 2 epsilon / steps)', toNumber)
    .addOption(new Option('--norm <name>', 'pgd: norm of epsilon').choices(['l1', 'l2', 'linf']).default('l2'))
    .option('--certified <log>', 'certification log to compare with');
  addShardOption(addSelectionOptions(command))
    .option('--out <file>', 'TSV file for a row of each image and epsilon')
    .option('--resume', 'go on with the file if it is there')
    .option('--json', 'print one JSON object in place of the table')
    .addHelpText('after', EXAMPLE)
    .action(async (settings: AttackSettings) => {
      const { attack } = await import('../attack.ts');
      await attack(settings, io);
    });
}

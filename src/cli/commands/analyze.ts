import { type Command, Option } from 'commander';
import type { AnalyzeSettings } from '../analyze.ts';
import { toNumber, toNumbers } from '../arguments.ts';
import type { CliIo } from '../io.ts';

const EXAMPLE = `
Example:
  catrs analyze runs/gaussian.tsv runs/catrs.tsv --radii 0,0.5,1,1.5 --plot curves.svg`;

/** Adds `catrs analyze`. @internal */
export function registerAnalyze(program: Command, io: CliIo): void {
  program
    .command('analyze')
    .description('Print tables of certification logs, those of the official PyTorch code too, and write plots.')
    .argument('<logs...>', 'certification logs, plain or .gz')
    .option('--radii <list>', 'radii of the tables (default: round steps up to the largest radius)', toNumbers)
    .addOption(
      new Option('--table <kind>', 'form of the first table').choices(['text', 'markdown', 'latex']).default('text'),
    )
    .option('--alpha <number>', 'alpha of the run, for logs that do not hold it', toNumber)
    .option('--sigma <number>', 'sigma of the run, for logs that do not hold it', toNumber)
    .option('--plot <file.svg>', 'write certified accuracy against radius')
    .option('--plot-probability <file.svg>', 'write the distribution of the class probability')
    .option('--title <text>', 'title of the plots')
    .option('--force', 'replace plots that are there')
    .option('--json', 'print one JSON object in place of tables')
    .addHelpText('after', EXAMPLE)
    .action(async (logs: string[], settings: AnalyzeSettings) => {
      const { analyze } = await import('../analyze.ts');
      await analyze(logs, settings, io);
    });
}

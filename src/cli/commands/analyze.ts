import { type CliCommand, cliCommand } from '../command.ts';
import type { OptionsOf } from '../options.ts';
import { jsonOptions } from '../common-options.ts';

const tableOptions = {
  radii: {
    flags: '--radii <list>',
    help: 'radii of the tables (default: round steps up to the largest radius)',
    kind: 'numbers',
  },
  table: {
    flags: '--table <kind>',
    help: 'form of the first table',
    choices: ['text', 'markdown', 'latex'],
    fallback: 'text',
  },
  alpha: { flags: '--alpha <number>', help: 'alpha of the run, for logs that do not hold it', kind: 'number' },
  pieces: { flags: '--pieces', help: 'take all logs as the pieces of one' },
  sigma: { flags: '-s, --sigma <number>', help: 'sigma of the run, for logs that do not hold it', kind: 'number' },
  inputRange: {
    flags: '--input-range <low,high>',
    help: 'input range of the runs, for logs that do not name it: texts and plots say the unit of radii',
    kind: 'range',
  },
} as const;

const plotOptions = {
  plot: {
    flags: '--plot <file.svg>',
    help: 'write certified accuracy against radius; of other outputs than classes widths, sizes, distances or scores',
  },
  curve: { flags: '--curve <name>', help: 'of other outputs than classes: what is at the side of the plot' },
  plotProbability: {
    flags: '--plot-probability <file.svg>',
    help: 'write the distribution of the class probability',
  },
  picture: {
    flags: '--picture <file.png>',
    help: 'of segmentation: write masks, pixels in the colours of their classes, grey where they abstain, red where they are wrong',
  },
  pictureInputs: {
    flags: '--picture-inputs <list>',
    help: 'which inputs the picture shows (default: the first 8)',
    kind: 'numbers',
  },
  pictureRadii: {
    flags: '--picture-radii <list>',
    help: 'within which radii it shows each log: pixels with a smaller one abstain (0)',
    kind: 'numbers',
  },
  title: { flags: '--title <text>', help: 'title of the plots' },
  force: { flags: '--force', help: 'replace plots and pictures that are there' },
} as const;

/** The options of `catrs analyze`. @internal */
export type AnalyzeSettings = OptionsOf<typeof tableOptions & typeof plotOptions & typeof jsonOptions>;

/** `catrs analyze`. @internal */
export const analyzeCommand: CliCommand<AnalyzeSettings> = cliCommand({
  name: 'analyze',
  description:
    'Print tables of certification logs, whatever is certified, and of logs of predictions, those of the official PyTorch code too, and write plots.',
  argument: ['<logs...>', 'logs, plain or .gz'],
  groups: [
    ['Tables', { ...tableOptions, ...jsonOptions }],
    ['Plots and pictures', plotOptions],
  ],
  library: {},
  ending: `Example:
  catrs analyze runs/gaussian.tsv runs/catrs.tsv --radii 0,0.5,1,1.5 --plot curves.svg`,
});

import { type Command, InvalidArgumentError, Option } from 'commander';
import { toCount, toPositiveCount, toRange } from '../arguments.ts';
import { addBackendOption, DATA_FORMATS } from '../common-options.ts';
import type { CliIo } from '../io.ts';
import type { VerifySettings } from '../verify.ts';

const EXAMPLE = `
Example:
  catrs verify runs/digits.tsv --data mnist/ --model model/ --rows 20`;

/** Adds `catrs verify`. @internal */
export function registerVerify(program: Command, io: CliIo): void {
  const command = program
    .command('verify')
    .description(
      'Derive all certificates of a log again from their votes; with --model and --data draw those of some rows again.',
    )
    .argument('<log>', 'a certification log in the full format')
    .option('--model <path>', 'the model of the run')
    .option('--data <path>', 'the data of the run')
    .option('--labels <path>', 'labels, for IDX and NPY images')
    .addOption(new Option('--split <name>', 'part of a folder or archive').choices(['train', 'test']).default('test'))
    .addOption(new Option('--format <name>', 'format of the data').choices(DATA_FORMATS).default('auto'))
    .option('--x-name <name>', 'array of the images in an NPZ file')
    .option('--y-name <name>', 'array of the labels in an NPZ file')
    .addOption(
      new Option('--output <kind>', 'what the model returns').choices(['logits', 'probabilities']).default('logits'),
    )
    .addOption(
      new Option('--layout <order>', 'axes that an ONNX model wants').choices(['nhwc', 'nchw']).default('nhwc'),
    );
  addBackendOption(command)
    .option('--batch-size <count>', 'noisy copies per forward pass', toPositiveCount)
    .option('--input-range <low,high>', 'smallest and largest input value (default: 0,1)', toRange)
    .option('--seed <number>', 'seed of the run: then also check that each row has the key of its image', toCount)
    .option('--rows <count>', 'rows to draw again, spread over the log, or all', toRows, 10)
    .option('--votes <count>', 'votes that may differ, for a log of another backend', toCount, 0)
    .option('--json', 'print one JSON object in place of lines')
    .addHelpText('after', EXAMPLE)
    .action(async (log: string, settings: VerifySettings) => {
      const { verify } = await import('../verify.ts');
      await verify(log, settings, io);
    });
}

function toRows(text: string): number {
  if (text === 'all') return Infinity;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of at least 1, or all.');
}

import { type Command, Option } from 'commander';
import { presets } from '../../recipes/presets.ts';
import { toCount, toNumber, toPositiveCount, toRange } from '../arguments.ts';
import { addBackendOption, addDataOptions } from '../common-options.ts';
import { splitTrain } from '../train-split.ts';
import { PRESETS, type TrainOptions } from '../train/train-options.ts';
import type { CliIo } from '../io.ts';

const EXAMPLE = `
What is not given comes from --preset, else: batches of 64, learning rate 0.01, momentum 0.9, weight decay 0.0001, and for
the method the settings that are published for CIFAR-10 at sigma 0.25.

Example:
  catrs train --data mnist/ --arch lenet --method catrs --sigma 0.25 --epochs 10 --out runs/catrs`;

/** Adds `catrs train`. @internal */
export function registerTrain(program: Command, io: CliIo): void {
  const command = program.command('train').description('Train a classifier for smoothing, into a folder.');
  splitTrain(addBackendOption(addDataOptions(command)))
    .addOption(
      new Option('--method <name>', 'training method')
        .choices(Object.keys(presets.cifar10[0.25]))
        .makeOptionMandatory(),
    )
    .requiredOption('--out <folder>', 'for model.json, checkpoint.safetensors and scalars.jsonl')
    .option('--sigma <number>', 'standard deviation of the Gaussian noise, in input units', toNumber, 0.25)
    .addOption(new Option('--preset <data>', 'published settings of the method for').choices(PRESETS))
    .option('--arch <name>', 'lenet or resnet<depth> (resnet20, resnet110)')
    .addOption(new Option('--normalize <data>', 'first layer of a resnet').choices(['cifar10', 'cifar100', 'imagenet']))
    .option('--classes <count>', 'number of classes (default: the largest label + 1)', toPositiveCount)
    .option('--init <model>', 'start from this model (model.json or its folder), in place of --arch')
    .option('--soft-targets <file>', 'NPY file of catrs soft-targets, for --method catrs')
    .option('--input-range <low,high>', 'smallest and largest pixel (default: 0,1)', toRange)
    .option('--epochs <count>', 'passes over the data', toPositiveCount)
    .option('--batch-size <count>', 'images of a batch', toPositiveCount)
    .option('--learning-rate <number>', 'of SGD', toNumber)
    .option('--momentum <number>', 'of SGD', toNumber)
    .option('--weight-decay <number>', 'of SGD', toNumber)
    .option('--lr-every <epochs>', 'epochs between two drops of the learning rate; 0: none', toCount)
    .option('--lr-gamma <number>', 'factor of a drop', toNumber)
    .option('--micro-batches <count>', 'parts of a batch, one step each', toPositiveCount)
    .addOption(new Option('--augment <kind>', 'of the images').choices(['none', 'crop-and-flip']))
    .option('--num-noise <count>', 'noisy copies of an image', toPositiveCount)
    .option('--lambda <number>', 'stability, macer, consistency, catrs: weight of the second term', toNumber)
    .option('--eta <number>', 'consistency, smoothmix: weight', toNumber)
    .option('--epsilon <number>', 'smoothadv, smoothmix, catrs: length of the attack', toNumber)
    .option('--attack-steps <count>', 'smoothadv, smoothmix, catrs: steps of the attack', toPositiveCount)
    .option('--step-size <number>', 'smoothadv, smoothmix, catrs: length of a step', toNumber)
    .option('--mix-step <count>', 'smoothmix: steps to the clean image', toCount)
    .option('--warmup-epochs <count>', 'smoothadv, smoothmix: epochs until full strength', toCount)
    .option('--deferred-epochs <count>', 'macer: epochs before its second term', toCount)
    .option('--confidence-mask', 'catrs: confidence from the soft targets')
    .option('--eval <path>', 'images for the accuracy after each epoch (default: the first 1000 of --data)')
    .option('--eval-labels <path>', 'their labels, for IDX and NPY images')
    .option('--seed <number>', 'seed of the key that drives all draws', toCount, 0)
    .option('--workers <count>', 'threads that share each step', toPositiveCount, 1)
    .option('--resume', 'go on with the run in --out, to the same bits')
    .option('--json', 'print one JSON object in place of the summary')
    .addHelpText('after', EXAMPLE)
    .action(async (options: TrainOptions) => {
      const { train } = await import('../train/train.ts');
      await train(options, io);
    });
}

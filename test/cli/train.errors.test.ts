import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { useFolder } from '../node/run.ts';
import { catrs, writeImages } from './interruptible.ts';
import type { CliResult } from './run.ts';
import { saveTiny } from './tiny.ts';

const { path } = useFolder();
let data: string;
beforeAll(async () => {
  data = await writeImages(path('data'), 9);
  await saveTiny(path('softmax'), { softmax: true, shape: [16, 16, 1] });
  await saveTiny(path('small'));
});

const train = (extra: readonly string[], out = 'run'): Promise<CliResult> =>
  catrs(['train', '--data', data, '--method', 'gaussian', '--out', path(out), '--backend', 'wasm', ...extra]);

/** Fails with this exit code and one line that has this text. */
async function refused(run: Promise<CliResult>, text: string, exit = 2): Promise<void> {
  const { code, stdout, stderr } = await run;
  const lines = stderr.trimEnd().split('\n');
  expect(lines.at(-1)).toContain(`catrs: ${text}`);
  expect([code, stdout]).toEqual([exit, '']);
}

const short = ['--arch', 'lenet', '--epochs', '1'];

describe('catrs train refuses', () => {
  it.each<[string, string[], string]>([
    ['no number of epochs', ['--arch', 'lenet'], '--epochs is needed without --preset (for example --epochs 10)'],
    ['no network', ['--epochs', '1'], '--arch is needed without --preset or --init (for example --arch lenet)'],
    ['an unknown network', ['--epochs', '1', '--arch', 'vgg'], '--arch must be lenet or resnet<depth>, got vgg'],
    ['a depth that is none', ['--epochs', '1', '--arch', 'resnet21'], '`depth` must be 6n + 2'],
    ['an unknown method', [...short, '--method', 'trades'], "option '--method <name>' argument 'trades' is invalid"],
    ['an unknown option', [...short, '--lr', '1'], "unknown option '--lr'"],
    [
      'an option of another method',
      [...short, '--eta', '1'],
      '--eta must be left out for --method gaussian, which has --num-noise',
    ],
    [
      'soft targets for another method',
      [...short, '--soft-targets', 'x.npy'],
      '--soft-targets must be left out for --method gaussian (only catrs trains with them)',
    ],
    [
      'a preset that is not published',
      ['--preset', 'fmnist', '--sigma', '0.5'],
      '--preset fmnist must have published settings for gaussian at sigma 0.5, got none: they are for sigma 0.25 (leave',
    ],
    [
      'two networks',
      [...short, '--init', 'm'],
      '--arch must be left out with --init, whose model is taken as it is, got both',
    ],
    ['normalisation of a LeNet', [...short, '--normalize', 'cifar10'], '--normalize must be left out for --arch lenet'],
    [
      'sigma 0',
      [...short, '--sigma', '0'],
      '--sigma must be a number greater than 0 that float32 can hold, or a list of one for each coordinate, got 0',
    ],
    [
      'an ONNX file to start from',
      ['--epochs', '1', '--init', 'net.onnx'],
      'net.onnx: must be a model.json of TensorFlow.js, got an ONNX file, which has no gradient',
    ],
    ['data that are not there', [...short, '--data', 'nowhere'], 'nowhere: there is no such file or folder'],
  ])('%s, and writes nothing', async (_, extra, text) => {
    await refused(train(extra), text);
    expect(await readdir(path(''))).not.toContain('run');
  });

  it('too few classes, and writes nothing', async () => {
    const text = 'must have labels from 0 to 1 for the 2 classes of --classes 2, got 2 for image 2';
    await refused(train([...short, '--classes', '2']), `${data}/train-labels-idx1-ubyte: ${text}`);
    expect(await readdir(path(''))).not.toContain('run');
  });

  it('models that do not fit, and writes nothing', async () => {
    const start = (model: string): Promise<CliResult> => train(['--epochs', '1', '--init', path(model)]);
    const labels = encodeNpy({ dtype: 'uint8', shape: [9], data: new Uint8Array(9) });
    await writeFile(path('zeros.npy'), labels);
    await refused(
      start('small'),
      `${data}/train-labels-idx1-ubyte: must have labels from 0 to 1 for the 2 classes of `,
    );
    await refused(
      train(['--epochs', '1', '--init', path('small'), '--labels', path('zeros.npy')]),
      `${path('small')}: must take the images of the data, of shape [16, 16, 1], got a model for [4, 4, 1] (resize the images to 4 x 4)`,
    );
    await refused(start('nowhere'), `${path('nowhere')}: `);
    const softmax = await train(['--epochs', '1', '--classes', '3', '--init', path('softmax')]);
    expect(softmax.code).toBe(2);
    expect(await readdir(path(''))).not.toContain('run');
  });

  it('images outside the range, and soft targets that are no probabilities, and writes nothing', async () => {
    const size = 9;
    const values = Float32Array.from({ length: size * 256 }, (_, i) => i % 256);
    await mkdir(path('bright'), { recursive: true });
    const images = encodeNpy({ dtype: 'float32', shape: [size, 16, 16, 1], data: values });
    await writeFile(path('bright/x_train.npy'), images);
    await writeFile(
      path('bright/y_train.npy'),
      encodeNpy({ dtype: 'uint8', shape: [size], data: new Uint8Array(size) }),
    );
    const bright = ['--data', path('bright/x_train.npy'), '--labels', path('bright/y_train.npy'), ...short];
    const text = `${path('bright/x_train.npy')}: must have values within --input-range 0,1, got 2 in image 0`;
    await refused(train(bright), text);
    await refused(train([...bright, '--workers', '2']), text);
    await refused(
      train([...bright, '--input-range', '0,254']),
      `${path('bright/x_train.npy')}: must have values within --input-range 0,254, got 255 in image 0`,
    );
    const votes = encodeNpy({ dtype: 'float32', shape: [size, 3], data: new Float32Array(3 * size).fill(10) });
    await writeFile(path('votes.npy'), votes);
    const soft = [...short, '--method', 'catrs', '--soft-targets', path('votes.npy')];
    await refused(train(soft), '--soft-targets must have rows of probabilities, got [10, 10, 10] for example');
    expect(await readdir(path(''))).not.toContain('run');
    const ran = await train([...bright, '--input-range', '0,255', '--sigma', '64'], 'wide');
    expect(ran.code).toBe(0);
  });

  it('a folder with a model, and leaves it', async () => {
    const before = await readdir(path('small'));
    const model = path('small/model.json');
    const text = `--out must be a new folder, got ${path('small')}, which has ${model} without a checkpoint (choose another)`;
    await refused(train(short, 'small'), text);
    await refused(train([...short, '--resume'], 'small'), text);
    expect(await readdir(path('small'))).toEqual(before);
  });

  it('to go on with other settings, fewer epochs or damaged files', async () => {
    const ran = await train(['--arch', 'lenet', '--epochs', '2'], 'done');
    expect(ran.code).toBe(0);
    const file = path('done/checkpoint.safetensors');
    const again = (...extra: string[]): Promise<CliResult> =>
      train(['--arch', 'lenet', '--epochs', '2', '--resume', ...extra], 'done');
    const way = '(give the options of before, or choose another --out)';
    const same = `${file}: must be of the same run to go on with, got another`;
    await refused(again('--batch-size', '5'), `${same} settings.loop.batchSize (64, now 5) ${way}`);
    await refused(again('--sigma', '0.5'), `${same} settings.sigma (0.25, now 0.5) ${way}`);
    const other = await writeImages(path('other'), 12);
    await refused(again('--data', other), `${same} data.size (9, now 12) ${way}`);
    await refused(again('--epochs', '1'), `--epochs must be at least the 2 that are done in ${file}, got 1`);
    await truncate(path('done/scalars.jsonl'), 10);
    await refused(again(), `${path('done/scalars.jsonl')}: must have the`);
    await truncate(file, 1000);
    const damaged = await again();
    expect([damaged.code, damaged.stderr]).toEqual([2, expect.stringContaining('catrs: ')]);
    await mkdir(path('foreign'));
    await writeFile(path('foreign/checkpoint.safetensors'), 'mine');
    const foreign = await train(short, 'foreign');
    expect([foreign.code, foreign.stderr]).toEqual([2, expect.stringContaining('which has a run (add --resume')]);
  });

  it('a loss that diverges, with exit code 1 and a checkpoint that is valid', async () => {
    const diverging = ['--arch', 'lenet', '--epochs', '20', '--learning-rate', '1e30', '--momentum', '0'];
    await refused(train(diverging, 'diverged'), 'the training loss must stay finite, got ', 1);
    expect(await readdir(path('diverged'))).toEqual(expect.arrayContaining(['checkpoint.safetensors']));
  });
});

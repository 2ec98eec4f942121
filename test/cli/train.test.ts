import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../src/node/load-model.ts';
import { useFolder } from '../node/run.ts';
import { catrs, writeImages } from './interruptible.ts';
import type { CliResult } from './run.ts';

const { path } = useFolder();
let data: string;
beforeAll(async () => {
  data = await writeImages(path('data'));
});

const train = (out: string, extra: readonly string[] = [], onText?: Parameters<typeof catrs>[1]): Promise<CliResult> =>
  catrs(
    [
      'train',
      '--data',
      data,
      '--arch',
      'lenet',
      '--batch-size',
      '8',
      '--out',
      path(out),
      '--backend',
      'wasm',
      ...extra,
    ],
    onText,
  );

/** A hash of the weights of a run: vitest needs minutes to show how two files differ. */
async function weightsOf(out: string): Promise<string> {
  const name = (await readdir(path(out))).find((one) => one.startsWith('weights.'));
  return createHash('sha256')
    .update(await readFile(path(`${out}/${name}`)))
    .digest('hex');
}

interface Line {
  readonly wallTime: number;
  readonly step: number;
  readonly epoch: number;
  readonly loss?: number;
  readonly epochLoss?: number;
  readonly learningRate: number;
  readonly accuracy?: number;
}
const linesOf = async (out: string): Promise<Line[]> =>
  (await readFile(path(`${out}/scalars.jsonl`), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const withoutTimes = (lines: readonly Line[]): object[] => lines.map((line) => ({ ...line, wallTime: 0 }));

describe('catrs train', () => {
  it('trains into a folder: model, checkpoint, scalars, and a summary', async () => {
    const { code, stdout, stderr } = await train('plain', ['--method', 'gaussian', '--epochs', '2', '--json']);
    expect(stderr).toContain('training lenet by gaussian on 20 images, on wasm (tfjs 4.22.0, kernels 2)\n');
    expect(code).toBe(0);
    const files = (await readdir(path('plain'))).sort();
    expect(files).toEqual([
      'checkpoint.safetensors',
      'model.json',
      'scalars.jsonl',
      expect.stringMatching(/^weights\.[0-9a-f]{8}\.bin$/),
    ]);
    const lines = await linesOf('plain');
    expect(lines.map(({ step, epoch }) => [step, epoch])).toEqual([
      ...[1, 2, 3, 3].map((step) => [step, 0]),
      ...[4, 5, 6, 6].map((step) => [step, 1]),
    ]);
    const losses = lines.slice(4, 7).map(({ loss = NaN }) => loss);
    const last = lines.at(-1);
    expect(last?.epochLoss).toBeCloseTo((losses[0]! + losses[1]! + losses[2]!) / 3, 12);
    expect(last?.accuracy).toBeGreaterThan(0.2);
    expect(last?.learningRate).toBe(0.01);
    expect(JSON.parse(stdout)).toEqual({
      model: path('plain/model.json'),
      checkpoint: path('plain/checkpoint.safetensors'),
      log: path('plain/scalars.jsonl'),
      engine: 'wasm (tfjs 4.22.0, kernels 2)',
      method: 'gaussian',
      sigma: 0.25,
      epochs: 2,
      steps: 6,
      loss: last?.epochLoss,
      accuracy: last?.accuracy,
      seconds: expect.any(Number) as number,
    });
    const model = await loadModel(path('plain'), { format: 'layers-model' });
    expect(model.outputs[0]?.shape).toEqual([null, 3]);
    model.dispose();
  });

  it('goes on after Ctrl-C in the middle of an epoch, to the same weights and scalars as without it', async () => {
    const options = [
      '--method',
      'catrs',
      '--num-noise',
      '2',
      '--attack-steps',
      '1',
      '--epochs',
      '2',
      '--micro-batches',
      '2',
    ];
    const whole = await train('whole', options);
    expect(whole.code).toBe(0);
    let seen = 0;
    const cut = await train('cut', options, (text, interrupt) => {
      if (text.includes('batch ') && ++seen === 1) interrupt.abort();
    });
    expect(cut.code).toBe(130);
    expect(cut.stderr).toContain(
      `catrs: interrupted; ${path('cut/checkpoint.safetensors')} is valid, and the same command with --resume goes on\n`,
    );
    expect(await readdir(path('cut'))).not.toContain('model.json');
    const refused = await train('cut', options);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      `catrs: --out must be a new folder, got ${path('cut')}, which has a run (add --resume to go on with it)\n`,
    ]);
    const resumed = await train('cut', [...options, '--resume']);
    expect(resumed.stderr).toContain('going on after 0 epochs and 1 batches\n');
    expect(resumed.code).toBe(0);
    expect(await weightsOf('cut')).toEqual(await weightsOf('whole'));
    expect(withoutTimes(await linesOf('cut'))).toEqual(withoutTimes(await linesOf('whole')));
  });

  it('goes on with more epochs, and with a finished run changes nothing', async () => {
    const options = ['--method', 'stability', '--lr-every', '1', '--augment', 'crop-and-flip'];
    await train('two', [...options, '--epochs', '2']);
    await train('longer', [...options, '--epochs', '1']);
    const before = await weightsOf('longer');
    const again = await train('longer', [...options, '--epochs', '1', '--resume']);
    expect(again.code).toBe(0);
    expect(await weightsOf('longer')).toEqual(before);
    await train('longer', [...options, '--epochs', '2', '--resume']);
    expect(await weightsOf('longer')).toEqual(await weightsOf('two'));
    expect((await linesOf('two')).map(({ learningRate }) => learningRate)).toEqual([
      ...[0.01, 0.01, 0.01, 0.01],
      ...[0.001, 0.001, 0.001, 0.001],
    ]);
  });

  it.each(['smoothadv', 'macer', 'consistency', 'smoothmix'])('trains by %s', async (method) => {
    const attack = method.startsWith('smooth') ? ['--attack-steps', '1', '--step-size', '0.1'] : [];
    const { code, stdout, stderr } = await train(method, [
      '--method',
      method,
      '--num-noise',
      '2',
      '--epochs',
      '1',
      ...attack,
    ]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`by ${method}`)]);
    expect(stdout).toContain(`${path(method)}/model.json: 1 epochs, 3 steps on wasm (tfjs 4.22.0, kernels 2), loss `);
  });

  it('takes the published settings of a preset, and options before them', async () => {
    const { code } = await train('preset', [
      '--method',
      'gaussian',
      '--preset',
      'mnist',
      '--epochs',
      '1',
      '--momentum',
      '0.5',
    ]);
    expect(code).toBe(0);
    const bytes = await readFile(path('preset/checkpoint.safetensors'), 'latin1');
    const settings = /"loop\\":\{(.*?)\}/.exec(bytes.replace(/\\\\/g, '\\'))?.[1]?.replace(/\\/g, '') ?? '';
    expect(JSON.parse(`{${settings}}`)).toEqual({
      epochs: 1,
      batchSize: 8,
      learningRate: 0.01,
      momentum: 0.5,
      weightDecay: 1e-4,
      stepEpochs: 30,
      gamma: 0.1,
      microBatches: 1,
      augmentation: 'none',
      timing: 'published',
    });
  });

  it('shares each step between threads, up to rounding', { timeout: 120_000 }, async () => {
    const options = ['--method', 'gaussian', '--epochs', '1'];
    const { code, stderr } = await train('threads', [...options, '--workers', '2']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('on wasm (tfjs 4.22.0, kernels 2), 2 threads\n')]);
    await train('thread', options);
    const [one, two] = [await linesOf('thread'), await linesOf('threads')];
    expect(two).toHaveLength(one.length);
    two.forEach(({ loss }, i) => expect(loss ?? 0).toBeCloseTo(one[i]?.loss ?? 0, 5));
    const other = await train('threads', [...options, '--resume']);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('got another workers (2, now 1)')]);
  });

  it('starts from a model, with other images for the accuracy', async () => {
    const args = ['train', '--data', data, '--method', 'gaussian', '--epochs', '1', '--learning-rate', '0'];
    const { code, stderr } = await catrs([...args, '--init', path('plain'), '--out', path('init'), '--eval', data]);
    expect(stderr).toContain('training of --init by gaussian');
    expect(code).toBe(0);
    expect(await weightsOf('init')).toEqual(await weightsOf('plain'));
  });

  it('trains on the images that --skip and --max choose, as on a file of them', async () => {
    await writeImages(path('every-second'), 20, 2);
    const options = ['--method', 'gaussian', '--epochs', '1', '--classes', '3', '--eval', data];
    const chosen = await train('chosen', [...options, '--skip', '2', '--max', '9']);
    expect([chosen.code, chosen.stderr]).toEqual([0, expect.stringContaining('on 9 images')]);
    const file = await train('file', [...options, '--data', path('every-second'), '--max', '9']);
    expect(file.code).toBe(0);
    expect(await weightsOf('chosen')).toEqual(await weightsOf('file'));
    const other = await train('chosen', [...options, '--skip', '1', '--max', '9', '--resume']);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('must be of the same run to go on with')]);
  });

  it('shows one example in its help', async () => {
    const { code, stdout } = await catrs(['train', '--help']);
    expect(code).toBe(0);
    expect(stdout.match(/^ {2}catrs train .*$/gm)).toEqual([
      '  catrs train --data mnist/ --arch lenet --method catrs --sigma 0.25 --epochs 10 --out runs/catrs',
    ]);
  });
});

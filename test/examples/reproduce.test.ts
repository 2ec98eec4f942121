import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { arrayDataset } from 'catrs/data';
import type { LabelledDataset } from 'catrs/data';
import { lenet } from 'catrs/models';
import { presets } from 'catrs/recipes';
import { useWasm } from 'catrs/wasm';
import { createKey, GaussianNoise } from 'catrs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CERTIFICATIONS, METHODS } from '../../examples/reproduce/certification.ts';
import { parseCommandLine } from '../../examples/reproduce/command-line.ts';
import { ablationRuns, learningRateOf, quickened, readConfig } from '../../examples/reproduce/config.ts';
import type { RunConfig } from '../../examples/reproduce/config.ts';
import { firstImages, readFashionMnist } from '../../examples/reproduce/data.ts';
import { plannedJobs } from '../../examples/reproduce/jobs.ts';
import { makeLoss } from '../../examples/reproduce/make-loss.ts';
import { runQueue } from '../../examples/reproduce/queue.ts';
import { train } from '../../examples/reproduce/train.ts';

const IMAGES = 24;
const catrs = readConfig('catrs');
/** CAT-RS in seconds, with its own soft targets. */
const tiny: RunConfig = {
  ...catrs,
  softTargets: undefined,
  loss: { ...catrs.loss, numNoise: 2 },
  attack: { epsilon: 1, steps: 1 },
  training: { ...catrs.training, epochs: 2, drops: [1], batchSize: 8, microBatches: 2 },
};

let folder: string;
let dataset: LabelledDataset;
beforeAll(async () => {
  await useWasm({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'catrs-reproduce-'));
  const noise = new GaussianNoise({ sigma: 1 });
  const draw = noise.sampleBatch({ shape: [IMAGES, 28, 28, 1], numNoise: 1, key: createKey(7), firstImage: 0 });
  const values = Float32Array.from(await draw.data(), (value) => Math.min(1, Math.abs(value) / 3));
  draw.dispose();
  dataset = arrayDataset({ values, labels: Array.from({ length: IMAGES }, (_, i) => i % 10), shape: [28, 28, 1] });
});
afterAll(() => rm(folder, { recursive: true }));

interface Trained {
  readonly weights: Buffer;
  readonly log: string;
  readonly said: readonly string[];
}

async function trainIn(name: string, config: RunConfig, training = dataset): Promise<Trained> {
  const said: string[] = [];
  const run = join(folder, name);
  const say = (line: string): void => void said.push(line);
  await train({ config, training, test: firstImages(dataset, 8), folder: run, say, saveEvery: 0 });
  const log = await readFile(join(run, 'training.tsv'), 'utf8');
  const model = JSON.parse(await readFile(join(run, 'model.json'), 'utf8')) as {
    readonly weightsManifest: readonly { readonly paths: readonly string[] }[];
  };
  const [weights = ''] = model.weightsManifest[0]?.paths ?? [];
  return { weights: await readFile(join(run, weights)), log: log.replaceAll(/^(\d+)\t[\d.]+/gm, '$1'), said };
}

/** The data set, which breaks when it is asked for the so-manieth example. */
function breaking(after: number): LabelledDataset {
  let asked = 0;
  return {
    ...firstImages(dataset),
    example: (index) => {
      if (++asked > after) throw new Error('the disk is gone');
      return dataset.example(index);
    },
  };
}

describe('train', () => {
  it('goes on from the middle of an epoch as if it had never stopped', async () => {
    const whole = await trainIn('whole', tiny);
    await expect(trainIn('stopped', tiny, breaking(IMAGES + 16))).rejects.toThrow('the disk is gone');
    const resumed = await trainIn('stopped', tiny);
    expect(resumed.said[0]).toBe('going on from checkpoint, after 1 epochs and 2 batches');
    expect(resumed.weights.equals(whole.weights)).toBe(true);
    expect(resumed.log).toBe(whole.log);
  });

  it('makes a longer run out of a finished one, from the end of its first learning rate', async () => {
    const longer = { ...tiny, training: { ...tiny.training, epochs: 3, drops: [2] } };
    const straight = await trainIn('straight', longer);
    const short = await trainIn('extended', tiny);
    const extended = await trainIn('extended', longer);
    expect(extended.said[0]).toBe('going on from trunk, after 1 epochs and 0 batches');
    expect(extended.weights.equals(straight.weights)).toBe(true);
    expect(extended.weights.equals(short.weights)).toBe(false);
    expect(extended.log).toBe(straight.log);
  });

  it('refuses a checkpoint of another configuration, and leaves it as it is', async () => {
    await trainIn('other', tiny);
    const file = join(folder, 'other/checkpoint.safetensors');
    const before = await readFile(file);
    await expect(trainIn('other', { ...tiny, loss: { ...tiny.loss, lambda: 2 } })).rejects.toThrow(
      /checkpoint\.safetensors must be of this configuration.*move its folder away/,
    );
    expect((await readFile(file)).equals(before)).toBe(true);
  });
});

describe('the configurations', () => {
  it.each(METHODS)('%s has the published options of its loss, attack and loop', (method) => {
    const published = presets.mnist[0.25][method];
    const { loss, attack, training } = readConfig(method);
    // These two count epochs of 90: the warm-up is shortened in proportion, the deferral ends where it does there.
    const { warmupEpochs, deferredEpochs, ...options } = loss as Record<string, unknown>;
    expect(published.loss).toMatchObject(options);
    expect(Object.keys(published.loss).toSorted()).toEqual(Object.keys(loss).toSorted());
    const whole = (published.loss as { readonly warmupEpochs?: number }).warmupEpochs;
    expect(warmupEpochs).toBe(whole && Math.max(1, Math.round((whole / 90) * training.epochs)));
    if (deferredEpochs !== undefined) expect(deferredEpochs).toBe(training.drops[0]);
    expect(attack).toEqual('attack' in published ? published.attack : undefined);
    const { batchSize, learningRate, gamma, momentum, weightDecay, microBatches } = training;
    expect(published.training).toMatchObject({ learningRate, gamma, momentum, weightDecay, microBatches });
    // The default of train_macer.py in the repository of the official logs; that of the MNIST commands has 256.
    expect(batchSize).toBe(method === 'macer' ? 64 : published.training.batchSize);
  });

  it('give every method the same epochs and learning rates', () => {
    for (const method of METHODS) {
      const { training, sigma, seed } = readConfig(method);
      const { epochs, drops } = catrs.training;
      expect({ method, sigma, seed, epochs: training.epochs, drops: training.drops }).toEqual(
        { method, sigma: 0.25, seed: 0, epochs, drops }, // prettier-ignore
      );
    }
    const rates = [0, 1, 2, 3].map((epoch) => learningRateOf({ ...catrs.training, drops: [1, 3] }, epoch));
    expect(rates.map((rate) => Number(rate.toPrecision(6)))).toEqual([0.01, 0.001, 0.001, 0.0001]);
  });

  it('make a loss in every run of the ablation, and what they change is the loss', async () => {
    const model = lenet({ key: createKey(0) });
    const x = tf.fill([4, 28, 28, 1], 0.5);
    const values: Record<string, number> = {};
    for (const run of ablationRuns()) {
      const loss = makeLoss(model, readConfig(run));
      using prepared = loss.prepare({ x, labels: [0, 1, 2, 3], key: createKey(3) });
      const value = prepared.value();
      values[run.replace('ablation/', '')] = (await value.data())[0] ?? NaN;
      value.dispose();
    }
    tf.dispose([x, model.weights.map((weight) => weight.read())]);
    const { catrs: published = NaN, 'no-mask': noMask, 'all-copies': all, 'no-worst-case': none } = values;
    expect(noMask).toBeGreaterThan(published); // an untrained network: hardly any image has K = M
    expect(all).toBeGreaterThan(noMask ?? NaN); // and with K = M also the hard copies count
    expect(none).toBeLessThanOrEqual(published);
    expect(Object.values(values).every(Number.isFinite)).toBe(true);
  });

  it('name the run that is missing', () => {
    expect(() => readConfig('ablation/nothing')).toThrow(/must have the run 'nothing', has gaussian, catrs,/);
  });
});

describe('the jobs', () => {
  it('have what they wait for, the teacher of CAT-RS first', () => {
    const jobs = plannedJobs(['gaussian', 'catrs'], false);
    expect(jobs.map(({ name, after }) => [name, ...after])).toEqual([
      ['train teacher'],
      ['soft targets of teacher', 'train teacher'],
      ['train catrs', 'soft targets of teacher'],
      ['train gaussian'],
      ...CERTIFICATIONS.filter(({ run }) => run === 'gaussian' || run === 'catrs').map(({ name, run }) => [
        `certify ${name}`,
        `train ${run}`,
      ]),
    ]);
  });

  it('run in order, at most so many at once, and none before what it needs', async () => {
    const events: string[] = [];
    let running = 0;
    const job = (name: string, ...after: string[]) => ({
      name,
      after,
      run: async () => {
        events.push(`+${name}`);
        expect(++running).toBeLessThanOrEqual(2);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
        events.push(`-${name}`);
      },
    });
    await runQueue([job('a'), job('b', 'a'), job('c'), job('d', 'b', 'c')], 2);
    expect(events.slice(0, 2)).toEqual(['+a', '+c']);
    expect(events.indexOf('+b')).toBeGreaterThan(events.indexOf('-a'));
    expect(events.indexOf('+d')).toBeGreaterThan(Math.max(events.indexOf('-b'), events.indexOf('-c')));
    await expect(runQueue([job('x', 'y')], 2)).rejects.toThrow('these jobs wait for others that are not there: x');
  });

  it('go on when one fails, but for those that wait for it', async () => {
    const done: string[] = [];
    const job = (name: string, ...after: string[]) => ({
      name,
      after,
      run: () => (name === 'bad' ? Promise.reject(new Error('no disk')) : Promise.resolve(void done.push(name))),
    });
    const run = runQueue([job('bad'), job('waits', 'bad'), job('other'), job('last', 'other')], 1);
    await expect(run).rejects.toThrow('bad: no disk\nnot begun: waits');
    expect(done).toEqual(['other', 'last']);
  });
});

describe('the command line', () => {
  it('says what is wrong, and where the data can be had', async () => {
    expect(() => parseCommandLine(['--methods', 'gaussian,catsr'])).toThrow(
      /--methods must be some of .*, got 'catsr'/,
    );
    expect(() => parseCommandLine(['--jobs', '0'])).toThrow("--jobs must be a positive integer, got '0'");
    await expect(readFashionMnist(folder, 'train')).rejects.toThrow(
      /must have train-images-idx3-ubyte or .*\.gz of Fashion-MNIST, got neither .*--data FOLDER/,
    );
  });

  it('keeps a quick run out of the way of the real one', () => {
    const [whole, quick] = [parseCommandLine([]), parseCommandLine(['--quick'])];
    expect(quick.places.runs).not.toBe(whole.places.runs);
    expect(quick.places.results).not.toBe(whole.places.results);
    expect(quickened(catrs).training.epochs).toBe(2);
  });
});

import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeLoss } from '../../src/cli/train/make-model.ts';
import type { RunRecord } from '../../src/cli/train/run-state.ts';
import { resolveSettings } from '../../src/cli/train/train-settings.ts';
import { decodeNpy } from '../../src/data/npy.ts';
import { decodeSafetensors } from '../../src/data/safetensors.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { imageStatistics } from '../../src/models/normalize.ts';
import { createKey, split } from '../../src/random/key.ts';
import type { PublishedMethod } from '../../src/recipes/preset-types.ts';
import { presets } from '../../src/recipes/presets.ts';
import { useFolder } from '../node/run.ts';
import { writeCifar } from './cifar-folder.ts';
import { catrs } from './interruptible.ts';
import { tinyModel } from './tiny.ts';

const { path } = useFolder();
beforeAll(() => writeCifar(path('cifar')));

/** The real network and the published settings: only the batch and the number of epochs are made small. */
const train = (method: string, extra: readonly string[] = []): ReturnType<typeof catrs> =>
  catrs([
    ...['train', '--data', path('cifar'), '--preset', 'cifar10', '--method', method, '--sigma', '0.25'],
    ...['--batch-size', '4', '--epochs', '1', '--backend', 'wasm', '--out', path(method), ...extra],
  ]);

interface Checkpoint {
  readonly record: RunRecord;
  readonly standing: { readonly step: number };
  readonly weights: ReadonlyMap<string, Float32Array>;
}

async function checkpointOf(method: string): Promise<Checkpoint> {
  const { tensors, metadata } = decodeSafetensors(await readFile(path(`${method}/checkpoint.safetensors`)));
  const { record, standing } = JSON.parse(metadata.get('catrs.state') ?? '') as Checkpoint;
  const weights = [...tensors].filter(([name]) => name.startsWith('weights/'));
  return {
    record,
    standing,
    weights: new Map(weights.map(([name, { data }]) => [name.slice('weights/'.length), data as Float32Array])),
  };
}

const lossesOf = async (method: string): Promise<number[]> =>
  (await readFile(path(`${method}/scalars.jsonl`), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly loss?: number }).loss)
    .filter((loss) => loss !== undefined);

/** Weights with a gradient whose values are those of before, and how many have one. */
function unchanged(before: Checkpoint['weights'], { weights }: Checkpoint): readonly [names: string[], all: number] {
  const names = [...before.keys()].filter((name) => !name.includes('moving_'));
  const isSame = (name: string): boolean => before.get(name)!.every((value, i) => value === weights.get(name)![i]);
  return [names.filter(isSame), names.length];
}

async function initialWeights(): Promise<Checkpoint['weights']> {
  const [key] = split(createKey(0), 4);
  const model = cifarResnet({ key, depth: 110, ...imageStatistics.cifar10 });
  const entries = await Promise.all(
    model.trainableWeights.map(
      async (weight) => [weight.originalName, (await weight.read().data()) as Float32Array] as const,
    ),
  );
  model.dispose();
  return new Map(entries);
}

const sharedLoop = {
  epochs: 1,
  batchSize: 4,
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 1e-4,
  stepEpochs: 50,
  gamma: 0.1,
  augmentation: 'crop-and-flip',
  timing: 'published',
};

describe('the recipe for CIFAR-10', () => {
  it('goes with ResNet-110 from the files of CIFAR to a table of certificates', { timeout: 300_000 }, async () => {
    const teacher = await train('gaussian');
    expect([teacher.code, teacher.stderr]).toEqual([0, expect.stringContaining('by gaussian on 5 images, on wasm')]);
    const gaussian = await checkpointOf('gaussian');
    expect(gaussian.record.architecture).toBe('resnet110 of (x - [0.4914,0.4822,0.4465]) / [0.2023,0.1994,0.201]');
    expect(gaussian.record.settings.loop).toEqual({ ...sharedLoop, microBatches: 1 });
    expect(await lossesOf('gaussian')).toHaveLength(2);
    expect(unchanged(await initialWeights(), gaussian)).toEqual([[], 335]);

    const targets = path('targets.npy');
    const voted = await catrs([
      ...['soft-targets', '--data', path('cifar'), '--model', path('gaussian'), '--sigma', '0.25', '--n', '8'],
      ...['--backend', 'wasm', '--out', targets],
    ]);
    expect([voted.code, voted.stderr]).toEqual([0, expect.stringContaining('5/5')]);
    const { shape, data } = await decodeNpy(await readFile(targets));
    expect(shape).toEqual([5, 10]);
    for (let row = 0; row < 5; row++) {
      const sum = [...data.subarray(10 * row, 10 * row + 10)].reduce<number>(
        (total, share) => total + Number(share),
        0,
      );
      expect(sum).toBeCloseTo(1, 12);
    }

    const student = await train('catrs', ['--soft-targets', targets]);
    expect([student.code, student.stderr]).toEqual([0, expect.stringContaining('by catrs on 5 images, on wasm')]);
    const catRs = await checkpointOf('catrs');
    expect(catRs.record.settings).toEqual({
      method: 'catrs',
      sigma: 0.25,
      loss: { lambda: 0.5, numNoise: 4 },
      attack: { epsilon: 1, steps: 4 },
      loop: { ...sharedLoop, microBatches: 4 },
      seed: 0,
    });
    expect(catRs.record.data['softTargets']).toMatch(/^[0-9a-f]{8}$/);
    // Four parts of the first four images, and one of the last image.
    const losses = await lossesOf('catrs');
    expect([catRs.standing.step, losses.length]).toEqual([5, 5]);
    expect(losses.every((loss) => Number.isFinite(loss) && loss > 0)).toBe(true);
    expect(unchanged(gaussian.weights, catRs)[0]).toEqual([]);

    const log = path('catrs.tsv');
    const certified = await catrs([
      ...['certify', '--data', path('cifar'), '--model', path('catrs'), '--sigma', '0.25', '--n', '32', '--n0', '8'],
      ...['--skip', '5', '--backend', 'wasm', '--out', log],
    ]);
    expect([certified.code, certified.stdout]).toEqual([0, expect.stringContaining('2 images, ')]);
    const rows = parseCertificationLog(await readFile(log, 'utf8'));
    expect(rows.map(({ index, label }) => [index, label])).toEqual([
      [0, 0],
      [5, 5],
    ]);
    const table = await catrs(['analyze', log]);
    expect([table.code, table.stdout]).toEqual([0, expect.stringContaining('average certified radius')]);
  });

  it.each([0.25, 0.5, 1] as const)('starts with the published settings of every method at sigma %d', (sigma) => {
    const model = tinyModel({ shape: [32, 32, 3] });
    for (const method of Object.keys(presets.cifar10[sigma]) as PublishedMethod[]) {
      const { settings, presetModel } = resolveSettings({
        ...{ method, sigma, preset: 'cifar10', data: '', format: 'auto', split: 'train' },
        ...{ noise: 'gaussian', wrap: true },
        ...{ out: '', seed: 0, workers: 1, backend: 'auto' },
      });
      const published = presets.cifar10[sigma][method];
      expect(settings.loss).toEqual(published.loss);
      expect(settings.attack).toEqual('attack' in published ? published.attack : undefined);
      expect(settings.loop).toEqual({ ...published.training, timing: 'published' });
      expect(presetModel).toMatchObject({ architecture: 'cifarResnet', depth: 110 });
      expect(makeLoss(model, settings).prepare).toBeTypeOf('function');
    }
    model.dispose();
  });
});

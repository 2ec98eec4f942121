import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs as command, type CliResult } from './run.ts';

const catrs = (args: readonly (string | number)[]): Promise<CliResult> =>
  command(args, { workerArguments: runTypeScript });

const SIZE = 40;
const SIDE = 6;
const TOKENS = 12;
const BITS = 24;

let folder = '';
const path = (name: string): string => join(folder, name);

/** Numbers from 0 to 2³² that look random. */
const word = (i: number): number => Math.imul(i + 1, 2654435761) >>> 0;

async function write(name: string, shape: readonly number[], data: Float32Array | Uint8Array): Promise<void> {
  const dtype = data instanceof Uint8Array ? 'uint8' : 'float32';
  await writeFile(path(name), encodeNpy({ dtype, shape, data } as never));
}

/** An untrained model that is made for the copies. */
async function writeModel(name: string, layers: readonly tf.layers.Layer[]): Promise<void> {
  const model = tf.sequential({ layers: [...layers] });
  await mkdir(path(name));
  await saveModel(model, path(name), { overwrite: true });
  model.dispose();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-noises-'));
  const labels = Uint8Array.from({ length: SIZE }, (_, i) => i % 2);
  await write('y.npy', [SIZE], labels);
  // Images: bright or dark, with a little texture.
  const images = Uint8Array.from({ length: SIZE * SIDE * SIDE }, (_, i) => {
    const bright = labels[Math.floor(i / SIDE ** 2)] === 1;
    return (bright ? 170 : 60) + (word(i) % 30);
  });
  await write('images.npy', [SIZE, SIDE, SIDE, 1], images);
  // Bits: ones in one half or in the other.
  const bits = Uint8Array.from({ length: SIZE * BITS }, (_, i) => {
    const first = i % BITS < BITS / 2;
    return Number((labels[Math.floor(i / BITS)] === 1) === first);
  });
  await write('bits.npy', [SIZE, BITS], bits);
  // Tokens from 2 on: small ones or large ones; 0 is the pad and 1 the hidden one. Not all sequences have the full length.
  const tokens = Uint8Array.from({ length: SIZE * TOKENS }, (_, i) => {
    const at = i % TOKENS;
    const row = Math.floor(i / TOKENS);
    return at >= TOKENS - (row % 3) ? 0 : 2 + (word(i) % 4) + (labels[row] === 1 ? 4 : 0);
  });
  await write('tokens.npy', [SIZE, TOKENS], tokens);
  const small = (inputShape: number[]): tf.layers.Layer[] => [
    ...(inputShape.length > 1 ? [tf.layers.flatten({ inputShape })] : []),
    tf.layers.dense({ units: 8, activation: 'relu', ...(inputShape.length === 1 && { inputShape }) }),
    tf.layers.dense({ units: 2 }),
  ];
  await writeModel('of-images', small([SIDE, SIDE, 1]));
  await writeModel('of-pairs', small([SIDE, SIDE, 2]));
  await writeModel('of-bits', small([BITS]));
  await writeModel('of-tokens', [
    tf.layers.embedding({ inputDim: 10, outputDim: 4, inputLength: TOKENS }),
    tf.layers.globalAveragePooling1d({}),
    tf.layers.dense({ units: 2 }),
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

interface Row {
  readonly name: string;
  readonly data: string;
  readonly init: string;
  /** Options of the noise. */
  readonly options: readonly (string | number)[];
  readonly norm: string;
  /** What the noise is called in logs. */
  readonly logged: string;
  readonly enumerated?: boolean;
}

const rows: readonly Row[] = [
  { name: 'ablation', data: 'images', init: 'of-pairs', options: ['--keep', 6], norm: 'l0', logged: 'ablation' },
  {
    name: 'ablation',
    data: 'tokens',
    init: 'of-tokens',
    options: ['--keep', 4, '--mask-id', 1],
    norm: 'l0',
    logged: 'ablation',
  },
  {
    name: 'band',
    data: 'images',
    init: 'of-pairs',
    options: ['--band-size', 1, '--threshold', 0.3],
    norm: 'patch',
    logged: 'band-ablation',
    enumerated: true,
  },
  {
    name: 'block',
    data: 'images',
    init: 'of-images',
    options: ['--band-size', '2,2', '--stride', 2, '--no-wrap', '--encoding', 'fill', '--fill', 0],
    norm: 'patch',
    logged: 'band-ablation',
    enumerated: true,
  },
  {
    name: 'bit-flip',
    data: 'bits',
    init: 'of-bits',
    options: ['--addition', 0.1, '--deletion', 0.2],
    norm: 'l0',
    logged: 'bit-flip',
  },
  {
    name: 'deletion',
    data: 'tokens',
    init: 'of-tokens',
    options: ['--deletion', 0.7, '--pad-id', 0],
    norm: 'edit',
    logged: 'deletion',
  },
  {
    name: 'splitting',
    data: 'images',
    init: 'of-images',
    options: ['--half-width', 0.4],
    norm: 'l1',
    logged: 'splitting',
  },
];

describe.each(rows)('--noise $name on $data', ({ name, data, init, options, norm, logged, enumerated = false }) => {
  const run = `${name}-${data}`;
  const noise = ['--noise', name, ...options];
  const input = (): string[] => ['--data', path(`${data}.npy`), '--labels', path('y.npy')];
  const engine = ['--backend', 'cpu'];
  const certify = (log: string, more: readonly (string | number)[] = []): (string | number)[] => [
    ...['certify', ...input(), '--model', path(run), ...engine, ...noise, '--out', path(log)],
    ...(enumerated ? [] : ['--n', 300, '--n0', 20]),
    ...more,
  ];
  const ok = async (args: readonly (string | number)[]): Promise<string> => {
    const { code, stdout, stderr } = await catrs(args);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const withoutTime = async (log: string): Promise<unknown> =>
    parseCertificationLog(await readFile(path(log), 'utf8')).map(({ milliseconds: _, ...row }) => row);

  /** A row with a larger radius than its votes prove. */
  const refuteMore = async (text: string, found: readonly LoggedRow[]): Promise<void> => {
    const claimed = found.find(({ radius }) => radius > 0)!;
    const lines = text.split('\n');
    const header = lines[0]!.split('\t');
    const at = lines.findIndex((line) => line.startsWith(`${claimed.index}\t`));
    const cells = lines[at]!.split('\t');
    for (const column of ['radius', 'fullRadius'].map((each) => header.indexOf(each))) {
      cells[column] = String(Number(cells[column]) + 1);
    }
    await writeFile(path('false.tsv'), lines.with(at, cells.join('\t')).join('\n'));
    const refuted = await catrs(['verify', path('false.tsv')]);
    expect(refuted.code, refuted.stderr).toBe(1);
  };

  it('is trained for, and a run that goes on has the same weights', async () => {
    const train = ['train', ...input(), '--init', path(init), '--method', 'copies', ...noise, ...engine];
    const loop = ['--batch-size', 10, '--learning-rate', 0.1];
    const printed = JSON.parse(await ok([...train, ...loop, '--epochs', 12, '--out', path(run), '--json'])) as {
      readonly accuracy: number;
      readonly loss: number;
      readonly noise: { readonly name: string };
    };
    expect(printed.accuracy).toBeGreaterThan(0.85);
    expect(printed.noise.name).toBe(logged);
    await ok([...train, ...loop, '--epochs', 4, '--out', path(`${run}-again`)]);
    await ok([...train, ...loop, '--epochs', 12, '--out', path(`${run}-again`), '--resume']);
    const files = await readdir(path(run));
    const weights = (of: string): Promise<Buffer> =>
      readFile(path(`${of}/${files.find((file) => file.endsWith('.bin'))!}`));
    expect((await weights(`${run}-again`)).equals(await weights(run))).toBe(true);
    const threads = ['--epochs', 12, '--out', path(`${run}-threads`), '--workers', 2, '--json'];
    const shared = JSON.parse(await ok([...train, ...loop, ...threads])) as { readonly loss: number };
    expect(shared.loss / printed.loss).toBeCloseTo(1, 3); // up to the rounding of sums
    const other = await catrs([...train, ...loop, '--epochs', 13, '--out', path(run), '--resume', '--num-noise', 2]);
    expect(other.stderr).toMatch(/must be of the same run to go on with, got another settings\.loss/);
  });

  it('is certified, by workers and shards too, verified, merged, analyzed and drawn', async () => {
    await ok(certify(`${run}.tsv`));
    const found = parseCertificationLog(await readFile(path(`${run}.tsv`), 'utf8'));
    expect(found).toHaveLength(SIZE);
    for (const { certificate, norm: ofRow } of found) {
      expect([ofRow ?? certificate!.norm, certificate!.noise.name]).toEqual([norm, logged]);
      expect(certificate!.alpha).toBe(enumerated ? 0 : 0.001);
    }
    expect(found.filter(({ correct, radius }) => correct && radius > 0).length).toBeGreaterThan(SIZE / 3);

    await ok(certify(`${run}-workers.tsv`, ['--workers', 2]));
    expect(await withoutTime(`${run}-workers.tsv`)).toEqual(await withoutTime(`${run}.tsv`));
    for (const shard of [0, 1]) await ok(certify(`${run}-${shard}.tsv`, ['--shard', `${shard}/2`]));
    await ok(['merge', path(`${run}-0.tsv`), path(`${run}-1.tsv`), '--size', SIZE, '--out', path(`${run}-merged.tsv`)]);
    expect(await withoutTime(`${run}-merged.tsv`)).toEqual(await withoutTime(`${run}.tsv`));

    const text = await readFile(path(`${run}.tsv`), 'utf8');
    await writeFile(path(`${run}-begun.tsv`), `${text.split('\n').slice(0, 20).join('\n')}\n`);
    await ok(certify(`${run}-begun.tsv`, ['--resume']));
    expect(await withoutTime(`${run}-begun.tsv`)).toEqual(await withoutTime(`${run}.tsv`));

    expect(await ok(['verify', path(`${run}.tsv`)])).toContain(`all of ${SIZE} certificates follow from their votes`);
    const redrawn = ['verify', path(`${run}.tsv`), ...input(), '--model', path(run), '--rows', 5];
    expect(await ok(redrawn)).toContain(`all of ${SIZE} certificates follow from their votes, 5 drawn again`);
    if (norm !== 'l1') await refuteMore(text, found);

    const table = await ok(['analyze', path(`${run}.tsv`), '--plot', path(`${run}.svg`)]);
    expect(table).toContain(`${SIZE}`);
    expect(await readFile(path(`${run}.svg`), 'utf8')).toMatch(/^<svg/);
  });

  it('predicts, in one thread or two', async () => {
    const predict = ['predict', ...input(), '--model', path(run), ...engine, ...noise, '--max', 10, '--json'];
    const sampled = enumerated ? [] : ['--n', 200];
    const one = JSON.parse(await ok([...predict, ...sampled])) as { readonly accuracy: number; readonly rows: unknown };
    expect(one.accuracy).toBeGreaterThan(0.8);
    const two = JSON.parse(await ok([...predict, ...sampled, '--workers', 2])) as { readonly rows: unknown };
    expect(two.rows).toEqual(one.rows);
  });

  it.skipIf(enumerated)(
    `takes the other rules${enumerated ? ': all copies are evaluated, there is no rule' : ''}`,
    async () => {
      for (const [i, rule] of [['--radius', name === 'splitting' ? 0.2 : 1], ['--adaptive']].entries()) {
        const log = `${run}-rule${i}.tsv`;
        const { code, stderr } = await catrs(certify(log, [...rule, '--max', 6]));
        expect(code, stderr).toBe(0);
        expect(await ok(['verify', path(log)])).toContain('all of 6 certificates follow from their votes');
      }
    },
  );
});

it('a network of --arch takes as many channels as a copy has', async () => {
  const images = Uint8Array.from({ length: 4 * 28 * 28 }, (_, i) => word(i) % 256);
  await write('digits.npy', [4, 28, 28, 1], images);
  await write('digits-y.npy', [4], Uint8Array.of(0, 1, 0, 1));
  const data = ['--data', path('digits.npy'), '--labels', path('digits-y.npy')];
  for (const [arch, noise] of [
    ['lenet', ['--noise', 'ablation', '--keep', 45]],
    ['resnet8', ['--noise', 'band', '--band-size', 4, '--encoding', 'mask']],
  ] as const) {
    const out = path(`${arch}-copies`);
    const { code, stderr } = await catrs([
      ...['train', ...data, '--arch', arch, '--method', 'copies', ...noise, '--epochs', 1, '--batch-size', 4],
      ...['--out', out, '--backend', 'wasm'],
    ]);
    expect(code, stderr).toBe(0);
    const model = JSON.parse(await readFile(join(out, 'model.json'), 'utf8')) as object;
    expect(JSON.stringify(model)).toContain('[null,28,28,2]');
  }
});

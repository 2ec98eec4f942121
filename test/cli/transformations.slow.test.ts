import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { formatRadius } from '../../src/evaluate/three-digits.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs as command, type CliResult } from './run.ts';

const catrs = (args: readonly (string | number)[]): Promise<CliResult> =>
  command(args, { workerArguments: runTypeScript });

const SIZE = 16;
const SIDE = 6;

let folder = '';
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-transformations-'));
  const labels = Uint8Array.from({ length: SIZE }, (_, i) => i % 2);
  // A bright column stands left or right; a dark frame keeps shifts and blur away from the middle.
  const values = Float32Array.from({ length: SIZE * SIDE * SIDE }, (_, i) => {
    const [row, column] = [Math.floor(i / SIDE ** 2), i % SIDE];
    const texture = 0.05 * Math.sin(3.7 * i);
    return 0.2 + texture + (column === (labels[row] === 1 ? 4 : 1) ? 0.6 : 0);
  });
  await writeFile(path('x.npy'), encodeNpy({ dtype: 'float32', shape: [SIZE, SIDE, SIDE, 1], data: values }));
  await writeFile(path('y.npy'), encodeNpy({ dtype: 'uint8', shape: [SIZE], data: labels }));
  // Is the right half brighter than the left one?
  const dense = tf.layers.dense({ units: 2 });
  const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [SIDE, SIDE, 1] }), dense] });
  const weights = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
    const isRight = Math.floor(i / 2) % SIDE >= SIDE / 2;
    return (i % 2 === 0) === isRight ? -1 : 1;
  });
  tf.tidy(() => dense.setWeights([tf.tensor(weights, [SIDE * SIDE, 2]), tf.zeros([2])]));
  await saveModel(model, path('model'));
  model.dispose();
});
afterAll(() => rm(folder, { recursive: true }));

interface Row {
  readonly name: string;
  readonly options: readonly (string | number)[];
  readonly parameters: object;
  readonly unit: string;
  /** A radius to ask for. */
  readonly radius: number;
}

const rows: readonly Row[] = [
  { name: 'blur', options: ['--blur', 1], parameters: { mean: 1, law: 'exponential' }, unit: 'square pixels of variance', radius: 0.5 }, // prettier-ignore
  { name: 'blur', options: ['--blur', 1, '--blur-law', 'uniform'], parameters: { mean: 1, law: 'uniform' }, unit: 'square pixels of variance', radius: 0.2 }, // prettier-ignore
  { name: 'light', options: ['--contrast', 0.2, '--brightness', 0.3], parameters: { contrast: 0.2, brightness: 0.3 }, unit: 'of brightness', radius: 0.3 }, // prettier-ignore
  { name: 'shift', options: ['--sigma', 0.5, '--pixel-sigma', 0.1], parameters: { sigma: 0.5, pixelSigma: 0.1 }, unit: 'pixels of shift', radius: 0.4 }, // prettier-ignore
  { name: 'blur-and-light', options: ['--blur', 1, '--contrast', 0.2, '--brightness', 0.3], parameters: { blur: 1, contrast: 0.2, brightness: 0.3 }, unit: 'square pixels of variance', radius: 0.5 }, // prettier-ignore
];

describe.each(rows)('--noise $name $options', ({ name, options, parameters, unit, radius }) => {
  const noise = ['--noise', name, ...options];
  const input = (): string[] => ['--data', path('x.npy'), '--labels', path('y.npy'), '--model', path('model')];
  const engine = ['--backend', 'cpu'];
  const log = `${name}-${options.length}.tsv`;
  const ok = async (args: readonly (string | number)[]): Promise<string> => {
    const { code, stdout, stderr } = await catrs(args);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const certify = (file: string, more: readonly (string | number)[] = []): Promise<string> =>
    ok(['certify', ...input(), ...engine, ...noise, '--n', 200, '--n0', 20, '--out', path(file), ...more]);
  const read = async (file: string): Promise<object[]> =>
    parseCertificationLog(await readFile(path(file), 'utf8')).map(({ milliseconds: _, ...row }) => row);

  it('is certified into a log that names it, which verify, analyze and threads take', async () => {
    const said = await certify(log);
    expect(said).toContain(`, parameter radii in ${unit}`);
    const found = parseCertificationLog(await readFile(path(log), 'utf8'));
    for (const { certificate } of found) {
      expect(certificate!.norm).toBe('parameter');
      expect(certificate!.noise).toMatchObject({ name, parameters });
    }
    expect(found.filter(({ correct, radius: own }) => correct && own > 0).length).toBeGreaterThan(SIZE / 2);

    if (name === 'shift') {
      await certify(`two-${log}`, ['--workers', 2]);
      expect(await read(`two-${log}`)).toEqual(await read(log));
    }

    const redrawn = await ok(['verify', path(log), ...input(), '--rows', 4]);
    expect(redrawn).toContain(`all of ${SIZE} certificates follow from their votes, 4 drawn again`);
    const table = await ok(['analyze', path(log), '--plot', path(`${log}.svg`)]);
    expect(table).toContain(unit);
    expect(table.match(/^ *radius +(.*)$/m)![1]!.split(/ +/).length).toBeGreaterThan(3); // steps that suit the parameter
    expect(await readFile(path(`${log}.svg`), 'utf8')).toContain(unit);
  });

  it('refuses a log that claims more, and proves a radius that is asked for', async () => {
    const text = await readFile(path(log), 'utf8');
    const lines = text.split('\n');
    const header = lines[0]!.split('\t');
    const at = lines.findIndex((line) => Number(line.split('\t')[header.indexOf('fullRadius')]) > 0);
    const cells = lines[at]!.split('\t');
    const claimed = Number(cells[header.indexOf('fullRadius')]) * 1.01;
    cells[header.indexOf('fullRadius')] = String(claimed);
    cells[header.indexOf('radius')] = formatRadius(claimed);
    await writeFile(path('false.tsv'), lines.with(at, cells.join('\t')).join('\n'));
    const refuted = await catrs(['verify', path('false.tsv')]);
    expect(refuted.code, refuted.stderr).toBe(1);

    await ok(['certify', ...input(), ...engine, ...noise, '--n', 400, '--radius', radius, '--max', 4, '--out', path(`planned-${log}`)]); // prettier-ignore
    expect(await ok(['verify', path(`planned-${log}`)])).toContain('all of 4 certificates follow from their votes');
    const planned = parseCertificationLog(await readFile(path(`planned-${log}`), 'utf8'));
    expect(planned.some(({ radius: own }) => own === radius)).toBe(true);
  });

  it('trains on its copies, and predicts', async () => {
    const train = ['train', '--data', path('x.npy'), '--labels', path('y.npy'), '--init', path('model')];
    const out = path(`trained-${log}`);
    await ok([...train, '--method', 'copies', ...noise, ...engine, '--epochs', 1, '--batch-size', 8, '--out', out]);
    const predicted = await ok(['predict', ...input().slice(0, 4), '--model', out, ...engine, ...noise, '--n', 100, '--max', 6, '--json']); // prettier-ignore
    expect((JSON.parse(predicted) as { accuracy: number }).accuracy).toBeGreaterThan(0.8);
  });
});

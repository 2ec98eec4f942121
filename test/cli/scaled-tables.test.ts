import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import { saveModel } from 'catrs/node';
import { useBackend } from '../helpers/backends.ts';
import { catrs, useTiny } from './run.ts';

const tiny = useTiny();

beforeAll(async () => {
  await useBackend('cpu');
  const rows = Array.from({ length: 8 }, (_, i) => [i % 2 ? 'large' : 'small', i % 2 ? 4000 + 10 * i : 3000, 20 + i]);
  const lines = ['kind,"mass (g)",length', ...rows.map((row) => row.join(','))];
  await writeFile(tiny.path('rows.csv'), `${lines.join('\n')}\n`);
  await writeFile(tiny.path('hole.csv'), `${lines.join('\n').replace('3000', '')}\n`);
  await writeFile(tiny.path('nobody.csv'), `${lines.join('\n').replace('small', '')}\n`);
  await writeFile(tiny.path('scales.txt'), '300\n1.5\n');
  // Class 0 is `large`: names are numbered in the order of letters.
  const layer = tf.layers.dense({ units: 2, inputShape: [2] });
  const model = tf.sequential({ layers: [layer] });
  layer.setWeights([tf.tensor2d([[0.01, -0.01], [0, 0]]), tf.tensor1d([0, 0])]); // prettier-ignore
  await saveModel(model, tiny.path('table-model'));
  model.dispose();
});

const run = (command: string, table: string, ...more: readonly (string | number)[]): ReturnType<typeof catrs> =>
  catrs([
    ...[command, '--data', tiny.path(table), '--model', tiny.path('table-model'), '--backend', 'cpu'],
    ...['--mean', '3500,0', '--input-range', '0,10000', '--n', 100, ...more],
  ]);

const complaint = async (...args: Parameters<typeof run>): Promise<string> => {
  const { code, stderr } = await run(...args);
  expect([1, 2]).toContain(code);
  return stderr.trimEnd().split('\n').at(-1)!;
};

describe('a table of classes with a scale for each column', () => {
  it('is certified into a log, by a list and by a file, that verifies and is analyzed in units of the scales', async () => {
    const [list, file] = [tiny.path('list.tsv'), tiny.path('file.tsv')];
    const settings = ['--target', 'kind', '--alpha', 0.01] as const;
    const done = await run('certify', 'rows.csv', ...settings, '--sigma', '300,1.5', '--out', list);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toMatch(/radii in scales of the noise|in scales of the noise/);
    expect(
      (await run('certify', 'rows.csv', ...settings, '--sigma', tiny.path('scales.txt'), '--out', file)).code,
    ).toBe(0);
    const withoutTimes = async (log: string): Promise<string> => (await readFile(log, 'utf8')).replace(/\t\d+:\d\d:[\d.]+\t/g, '\t'); // prettier-ignore
    expect(await withoutTimes(file)).toBe(await withoutTimes(list));
    expect(await withoutTimes(list)).toContain('{"name":"gaussian","parameters":{"sigma":[300,1.5]}}');
    const again = await catrs(['verify', list, '--data', tiny.path('rows.csv'), '--target', 'kind', '--model', tiny.path('table-model'), '--backend', 'cpu', '--mean', '3500,0', '--input-range', '0,10000']); // prettier-ignore
    expect(again.code, again.stderr).toBe(0);
    const table = await catrs(['analyze', list, '--plot', tiny.path('plot.svg')]);
    expect(table.code, table.stderr).toBe(0);
    expect(table.stdout).toContain('accuracy');
    expect(await readFile(tiny.path('plot.svg'), 'utf8')).toContain('radius, in scales of the noise');
  });

  it('is predicted', async () => {
    const { code, stdout, stderr } = await run('predict', 'rows.csv', '--target', 'kind', '--sigma', '300,1.5');
    expect(code, stderr).toBe(0);
    expect(stdout.split('\n')[2]).toMatch(/large/);
    expect(stderr).toContain('accuracy 100.0 %');
  });

  it.each([
    ['rows.csv', ['--sigma', '300,1.5'], /rows\.csv: must come with labels, got images only \(add --target with its column: kind, mass \(g\), length\)$/],
    ['rows.csv', ['--sigma', '300', '--target', 'weight'], /--target must name columns of .*, each once, got "weight"/],
    ['rows.csv', ['--sigma', '300', '--target', 'kind,length'], /--target must name one column of classes, got kind,length$/],
    ['rows.csv', ['--sigma', '1,2,3', '--target', 'kind'], /--sigma must be one number, or one for each of the 2 values of an input \[2\], got 3$/],
    ['rows.csv', ['--sigma', '0.001,1', '--target', 'kind'], /must be near enough to 0 that float32 keeps the noise, got 3000 in feature 0, whose scale is 0\.001 \(centre the feature first/],
    ['rows.csv', ['--sigma', '0,0', '--target', 'kind'], /--sigma must have a scale greater than 0, got \[0, 0\]$/],
    ['rows.csv', ['--sigma', 'none.txt', '--target', 'kind'], /It must be a number, numbers apart by commas, or a file of numbers\./],
    ['hole.csv', ['--sigma', '300,1.5', '--target', 'kind'], /must have a number in column mass \(g\) of line 2, got "" \(fill it, take the line out/],
    ['nobody.csv', ['--sigma', '300,1.5', '--target', 'kind'], /column kind: must have a class in each line, got none in line 2$/],
    ['x.npy', ['--sigma', '300,1.5', '--target', 'kind'], /--target is for a table \(\.csv, \.tsv\), got .*x\.npy \(leave --target out\)$/],
  ] as const)('is refused: %s %o', async (table, more, text) => {
    expect(await complaint('certify', table, ...more, '--out', tiny.path('none.tsv'))).toMatch(text);
  }); // prettier-ignore
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  AgreedClassifier,
  CascadeClassifier,
  createKey,
  fixedRadius,
  GaussianNoise,
  type OutputCertifier,
  RoutedClassifier,
  SmoothedClassifier,
} from 'catrs';
import { arrayDataset } from '../../src/data/index.ts';
import { certifyToLog } from '../../src/node/index.ts';
import { catrs } from '../cli/run.ts';
import { useBackend } from '../helpers/backends.ts';
import { type LinearClassifier, linearClassifier } from '../helpers/linear.ts';

const smoothed = ({ logits }: LinearClassifier, sigma: number): SmoothedClassifier =>
  new SmoothedClassifier(logits, { noise: new GaussianNoise({ sigma }), numClasses: 2, inputRange: [-2, 2] });
const g = new RoutedClassifier({
  router: smoothed(linearClassifier([1, 0], 0), 0.5),
  experts: [smoothed(linearClassifier([0, 1], 0), 0.25), smoothed(linearClassifier([0, 1], 0.1), 1)],
});
const values = Float32Array.from({ length: 12 }, (_, i) => Math.sin(5 * i));
const data = arrayDataset({ values, labels: [0, 1, 0, 1, 1, 0], shape: [2] });

let folder = '';
beforeAll(async () => {
  await useBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'catrs-routed-'));
});
afterAll(() => rm(folder, { recursive: true }));
const withoutTimes = (text: string): string => text.replace(/"milliseconds":[\d.]+/g, '');

it('a log of a router with experts is gone on with to the same bytes, and checked by the command', async () => {
  const options = { key: createKey(3), n0: 20, n: 300, rule: fixedRadius({ radius: [0.1, 0.3] }) };
  const file = join(folder, 'routed.jsonl');
  expect(await certifyToLog(g, data, { ...options, file })).toMatchObject({ task: 'routed', done: 6, resumed: 0 });
  const whole = await readFile(file, 'utf8');
  const cut = join(folder, 'cut.jsonl');
  await writeFile(cut, whole.split('\n').slice(0, 4).join('\n') + '\n{"ind');
  expect(await certifyToLog(g, data, { ...options, file: cut })).toMatchObject({ done: 6, resumed: 3 });
  expect(withoutTimes(await readFile(cut, 'utf8'))).toBe(withoutTimes(whole));
  await expect(certifyToLog(g, data, { ...options, alpha: 0.01, file: cut })).rejects.toThrow(
    '`alpha` must be the same',
  );

  const checked = await catrs(['verify', file]);
  expect(checked).toMatchObject({ code: 0 });
  expect(checked.stdout).toContain('all of 6 certificates follow from their evidence');
  expect((await catrs(['analyze', file])).stdout).toContain('share limited by the router');
  const wrong = join(folder, 'wrong.jsonl');
  await writeFile(wrong, whole.replace(/"radius":0\.\d+,"limitedBy":"(both|router)"/, '"radius":0.9,"limitedBy":"$1"'));
  expect((await catrs(['verify', wrong])).code).toBe(1);
});

it('so are logs of experts that agree and of cascades', async () => {
  const options = { key: createKey(3), n0: 20, n: 300 };
  const { router, experts } = g;
  const [agreed, cascade] = [new AgreedClassifier({ router, experts }), new CascadeClassifier({ stages: experts })];
  for (const one of [agreed, cascade] as readonly OutputCertifier<typeof options>[]) {
    const file = join(folder, `${one.task}.jsonl`);
    await certifyToLog(one, data, { ...options, file });
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole.split('\n').slice(0, 4).join('\n') + '\n{"ind');
    expect(await certifyToLog(one, data, { ...options, file })).toMatchObject({ task: one.task, done: 6, resumed: 3 });
    expect(withoutTimes(await readFile(file, 'utf8'))).toBe(withoutTimes(whole));
    const checked = await catrs(['verify', file]);
    expect(checked.stdout).toContain('all of 6 certificates follow from their evidence');
  }
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKey, GaussianNoise, parseCertificationLog, Recertifier, SmoothedClassifier } from 'catrs';
import { arrayDataset } from '../../src/data/index.ts';
import { certifyToLog, mergeLogs } from '../../src/node/index.ts';
import { catrs } from '../cli/run.ts';
import { useBackend } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const options = { noise, numClasses: 2, inputRange: [-Infinity, Infinity] } as const;
const g = new SmoothedClassifier(linearClassifier([1, 0], 0).logits, options);
const changed = new SmoothedClassifier(linearClassifier([1, 0.03], -0.005).logits, options);
const values = Float32Array.from({ length: 8 }, (_, i) => Math.sin(5 * i));
const data = arrayDataset({ values, labels: [0, 1, 0, 1], shape: [2] });
const key = createKey(6);
const settings = { key, n0: 20, n: 400, keepVotes: 100 };

let folder = '';
beforeAll(async () => {
  await useBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'catrs-votes-'));
});
afterAll(() => rm(folder, { recursive: true }));
const withoutTimes = (text: string): string => text.replace(/\d:\d\d:\d\d(\.\d{6})?/g, '');

it('a log with votes is gone on with to the same bytes, merged, and gone on from by a changed model', async () => {
  const file = join(folder, 'old.tsv');
  await certifyToLog(g, data, { ...settings, file });
  const whole = await readFile(file, 'utf8');
  expect(whole.split('\n')[0]!.endsWith('\tengine\tvotes')).toBe(true);
  const lines = whole.split('\n');
  const cut = join(folder, 'cut.tsv');
  for (const text of [lines.slice(0, 3).join('\n') + '\n', lines[0]!.slice(0, -3)]) {
    await writeFile(cut, text);
    await certifyToLog(g, data, { ...settings, file: cut });
    expect(withoutTimes(await readFile(cut, 'utf8'))).toBe(withoutTimes(whole));
  }
  const shards = [0, 1].map((index) => join(folder, `shard-${index}.tsv`));
  for (const [index, one] of shards.entries())
    await certifyToLog(g, data, { ...settings, file: one, select: { shard: { index, count: 2 } } });
  const merged = join(folder, 'merged.tsv');
  await mergeLogs(shards, { file: merged, size: 4, key });
  expect(withoutTimes(await readFile(merged, 'utf8'))).toBe(withoutTimes(whole));

  await expect(certifyToLog(g, data, { ...settings, keepVotes: 0, file })).rejects.toThrow(
    /`keepVotes` must be as in the run that began the log, got 0 where .* has votes/,
  );
  const plain = join(folder, 'plain.tsv');
  await certifyToLog(g, data, { ...settings, keepVotes: 0, file: plain });
  expect((await readFile(plain, 'utf8')).split('\n')[0]!.endsWith('\tengine')).toBe(true);
  await expect(certifyToLog(g, data, { ...settings, file: plain })).rejects.toThrow('has none');

  const rows = parseCertificationLog(whole);
  const again = new Recertifier(changed, { from: (index) => rows.find((row) => row.index === index)?.certificate });
  const next = join(folder, 'changed.jsonl');
  const more = { key, n: 100, file: next };
  await certifyToLog(again, data, { ...more, select: { max: 2 } });
  expect(await certifyToLog(again, data, more)).toMatchObject({ task: 'incremental', done: 4, resumed: 2 });
  await expect(certifyToLog(again, data, { ...more, n: 90 })).rejects.toThrow('`n` must be the same for all rows');

  const verified = await catrs(['verify', file]);
  expect(verified).toMatchObject({ code: 0 });
  const checked = await catrs(['verify', next]);
  expect(checked.stdout).toContain('all of 4 certificates follow from their evidence');
  expect(checked.code).toBe(0);
  const figures = await catrs(['analyze', next]);
  expect(figures.code).toBe(0);
  expect(figures.stdout).toContain('mean samples');
});

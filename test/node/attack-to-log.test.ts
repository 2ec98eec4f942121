import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import {
  type AttackLogSummary,
  type AttackProgress,
  attackToLog,
  type AttackToLogOptions,
} from '../../src/node/attack-to-log.ts';
import { useBackend } from '../helpers/backends.ts';
import { dataset, g, key, labels } from './points.ts';
import { readLog, useFolder } from './run.ts';

const { path } = useFolder();
const pgd = new SmoothedPgd({ epsilon: 0.1, steps: 3, numNoise: 4 });
const epsilons = [0.05, 0.3];
const SIZE = labels.length;

const run = (
  name: string,
  change: Partial<AttackToLogOptions> = {},
  { attack = pgd, data = dataset }: { readonly attack?: InputAttack; readonly data?: typeof dataset } = {},
): Promise<AttackLogSummary> => attackToLog(g, attack, data, { key, n: 100, epsilons, file: path(name), ...change });

describe('attackToLog', () => {
  beforeAll(() => useBackend('cpu'));

  it('writes the rows of attackDataset under each epsilon, and gives them', async () => {
    const { file, rows, resumed } = await run('whole.tsv');
    expect([file, resumed]).toEqual([path('whole.tsv'), 0]);
    const expected: object[] = [];
    for (const [which, epsilon] of epsilons.entries()) {
      const attacked = attackDataset(g, pgd.withEpsilon(epsilon), dataset, { key, n: 100, clean: which === 0 });
      for await (const { clean, prediction, milliseconds, ...row } of attacked) {
        expect([prediction.label, milliseconds > 0]).toEqual([row.predicted, true]);
        expected.push({ ...row, epsilon, clean: clean && (clean.abstained ? -1 : clean.label) });
      }
    }
    expect(rows).toEqual(expected);
    const lines = (await readFile(file, 'utf8')).split('\n');
    expect(lines[0]).toBe('epsilon\tidx\tlabel\tpredict\tbroken\tclean\tdistance\tnorm\ttime');
    expect(lines).toHaveLength(2 * SIZE + 2);
    const { index, label, predicted, broken, clean, distance } = rows[0]!;
    const cells = [0.05, index, label, predicted, Number(broken), clean, distance, 'l2'].join('\t');
    expect(lines[1]?.slice(0, cells.length + 1)).toBe(`${cells}\t`);
    expect(JSON.parse(await readFile(`${file}.json`, 'utf8'))).toMatchObject({
      noise: { name: 'gaussian', parameters: { sigma: 0.25 } },
      attack: { class: 'SmoothedPgd', epsilon: 0.05, steps: 3, numNoise: 4 },
      ...{ epsilons, key: [...key], n: 100, alpha: 0.001, start: 0, skip: 1, max: SIZE, size: SIZE, shape: [2] },
      keys: 'children of foldIn(key, index): attack 3, judge 4, clean 2',
    });
  });

  it.each([0, 1, SIZE, SIZE + 3])('goes on after %d rows, a torn line and all, as if never stopped', async (stop) => {
    const name = `cut-${stop}.tsv`;
    const onProgress = ({ done }: AttackProgress): void => {
      if (done === stop) throw new Error('enough');
    };
    await expect(run(name, { onProgress })).rejects.toThrow('enough');
    await appendFile(path(name), '0.05\t3');
    const { rows, resumed } = await run(name);
    expect([rows.length, resumed]).toEqual([2 * SIZE, stop]);
    expect(await readLog(path(name))).toBe(await readLog(path('whole.tsv')));
    const again = await run(name);
    expect([again.resumed, again.rows]).toEqual([2 * SIZE, rows]);
  });

  it('tells how far it is', async () => {
    const told: AttackProgress[] = [];
    await run('told.tsv', { select: { max: 2 }, onProgress: (progress) => void told.push(progress) });
    expect(told.map(({ done, total, resumed }) => [done, total, resumed])).toEqual(
      [0, 1, 2, 3, 4].map((done) => [done, 4, 0]),
    );
    expect([told[0]?.millisecondsLeft, told[4]?.millisecondsLeft]).toEqual([undefined, 0]);
  });

  it('takes the length of the attack where none is given', async () => {
    const { rows } = await run('own.tsv', { epsilons: undefined, select: { max: 1 } });
    expect(rows.map(({ epsilon }) => epsilon)).toEqual([0.1]);
    const bare: InputAttack = { perturb: (target, request) => pgd.perturb(target, request) };
    await expect(run('bare.tsv', { epsilons: undefined }, { attack: bare })).rejects.toThrow(
      'attackToLog: `attack` must have an `epsilon`, got an object (Object)',
    );
    await expect(run('bare.tsv', {}, { attack: bare })).rejects.toThrow('`attack` must have a method `withEpsilon`');
  });

  it.each<[string, Partial<AttackToLogOptions>, string]>([
    ['another key', { key: [1, 2] }, '`key` must be the same for all rows of a file, got [1,2] where'],
    ['another n', { n: 101 }, '`n` must be the same for all rows of a file, got 101 where'],
    ['other lengths', { epsilons: [0.05] }, '`epsilons` must be the same for all rows of a file, got [0.05] where'],
    ['other settings', { settings: { model: 'b' } }, '`model` must be the same for all rows of a file, got "b" where'],
  ])('refuses %s, and leaves the log as it is', async (_, change, text) => {
    const before = await readFile(path('whole.tsv'));
    await expect(run('whole.tsv', change)).rejects.toThrow(`attackToLog: ${text}`);
    expect((await readFile(path('whole.tsv'))).equals(before)).toBe(true);
  });

  it('refuses another attack, other labels, damage and files of something else', async () => {
    const file = path('whole.tsv');
    const before = await readFile(file, 'utf8');
    const longer = new SmoothedPgd({ epsilon: 0.1, steps: 4, numNoise: 4 });
    await expect(run('whole.tsv', {}, { attack: longer })).rejects.toThrow('`attack` must be the same');
    const values = new Float32Array(2 * SIZE).fill(0.5);
    const data = arrayDataset({ values, shape: [2], labels: labels.map((label) => 1 - label) });
    await expect(run('whole.tsv', {}, { data })).rejects.toThrow('line 2 has label 0 for image 0, whose label is 1');
    await writeFile(file, before.replace('\n0.05\t1\t', '\n0.05\t2\t'));
    await expect(run('whole.tsv')).rejects.toThrow(`${file} where line 3 is not the next image of this run`);
    await writeFile(file, before.replace('\n0.05\t1\t', '\n0.050\t1\t'));
    await expect(run('whole.tsv')).rejects.toThrow(`${file} where line 3 is not as it was written`);
    await writeFile(file, 'idx\tlabel\n');
    await expect(run('whole.tsv')).rejects.toThrow(`must be a log of attacks, got ${file}, which is none`);
    await writeFile(path('alone.tsv'), before);
    await expect(run('alone.tsv')).rejects.toThrow('`file` must have a record of its settings beside it');
    await writeFile(file, before);
  });

  it('is written by one run at a time', async () => {
    let inside: Promise<unknown> | undefined;
    const waiting = {
      ...{ size: SIZE, shape: [2] },
      example: async (index: number) => {
        await (inside ??= run('locked.tsv').catch((error: Error) => error.message));
        return dataset.example(index);
      },
    };
    await run('locked.tsv', { select: { max: 2 } }, { data: waiting });
    expect(await inside).toMatch(/^attackToLog: `file` must not be in use by another run/);
  });
});

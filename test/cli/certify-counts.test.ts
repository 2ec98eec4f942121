import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { zipArchive } from '../data/zip-encoder.ts';
import { useFolder } from '../node/run.ts';
import { catrs } from './run.ts';

const { path } = useFolder();
let written = 0;

/** The form of Certify_Topk (github.com/jinyuan-jia/Certify_Topk, cifar0.25.txt): the counts of each class, then the class. The values are made up. */
const TOP_K = ['2 30 900 68 2', '480 15 5 500 0', '0 0 1000 0 2', '250 250 250 250 1', ''].join('\n');

async function certified(content: string | Uint8Array, options: readonly (string | number)[], name = 'counts.txt') {
  const [file, out] = [path(name), path(`log-${written++}.tsv`)];
  await writeFile(file, content);
  const ended = await catrs(['certify-counts', file, '--sigma', 0.25, '--out', out, ...options]);
  const text = await readFile(out, 'utf8').catch(() => '');
  const rows = text === '' ? [] : parseCertificationLog(text);
  const short = ended.stderr.replace(file, 'FILE').trimEnd();
  return { ...ended, out, text, rows, short, radii: rows.map(({ radius }) => Number(radius.toFixed(4))) };
}

describe('catrs certify-counts', () => {
  it('certifies the class that is given, in the form of Certify_Topk', async () => {
    const { code, stdout, stderr, out, text, rows } = await certified(TOP_K, ['--label', 'last', '--skip', 20]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${out}: 4 images, 2 abstained\n`);
    expect(stdout).toContain('  certified: 2 of 4; class given by the labels\n');
    expect(rows.map(({ index, label, predicted, correct }) => [index, label, predicted, correct])).toEqual([
      [0, 2, 2, true],
      [20, 0, -1, false],
      [40, 2, 2, true],
      [60, 1, -1, false],
    ]);
    expect(text.split('\n')[0]).toBe(
      `# Counts of ${path('counts.txt')}, drawn elsewhere: no selection sample; class given by the labels.`,
    );
    const verified = await catrs(['verify', out]);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(verified.stdout).toContain('all of 4 certificates follow from their votes');
    expect(verified.stdout).toContain(
      'unknown number of coordinates\n  4 rows: images 0 to 60 in steps of 20, counts drawn',
    );
    expect((await catrs(['verify', out, '--data', 'x', '--model', 'y'])).stderr).toContain(
      'must have keys to draw samples again, got counts that were drawn elsewhere (leave --model and --data out',
    );
    expect((await catrs(['verify', out, '--seed', 0])).stderr).toContain('--seed is for logs with keys, got');
    await writeFile(out, text.replace('class chosen without the counts', 'no doubt'));
    expect((await catrs(['verify', out])).code).toBe(1);
  });

  it('certifies a rank, and chooses the class at its price', async () => {
    const given = await certified(TOP_K, ['--label', 'last', '--top-k', 2]);
    expect(given.rows.map(({ predicted }) => predicted)).toEqual([2, 0, 2, -1]);
    expect(given.stdout).toContain('4 images, 1 abstained, top 2\n');
    const chosen = await certified(TOP_K, ['--label', 'last', '--top-k', 2, '--choose']);
    expect(chosen.rows.map(({ predicted, label }) => [predicted, label])).toEqual([
      [2, 2],
      [3, 0],
      [2, 2],
      [-1, 1],
    ]);
    expect(chosen.radii[0]).toBeLessThan(given.radii[0]!);
    expect(chosen.stdout).toContain('class chosen from the same counts, with a union over all classes');
    const unknown = await certified(TOP_K.replace(/ \d$/gm, ''), []);
    expect(unknown.rows.map(({ predicted, label, correct }) => [predicted, label, correct])).toEqual([
      [2, -1, false],
      [-1, -1, false],
      [2, -1, false],
      [-1, -1, false],
    ]);
    expect(unknown.stdout).toContain('accuracy is 0 because no labels are known');
    expect((await catrs(['verify', unknown.out])).code).toBe(0);
    expect((await catrs(['analyze', unknown.out])).stderr).toBe(
      `catrs: ${unknown.out}: knows no labels, so that nothing counts as correct\n`,
    );
  });

  it('reads every form alike', async () => {
    const expected = (await certified(TOP_K, ['--label', 'last'])).rows;
    const lines = TOP_K.trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
    const numbers = lines.map((line) => line.map(Number));
    const npy = (columns: number): Uint8Array =>
      encodeNpy({
        dtype: 'int32',
        shape: [4, columns],
        data: Int32Array.from(numbers.flatMap((row) => row.slice(0, columns))),
      });
    const labels = encodeNpy({
      dtype: 'int64',
      shape: [4],
      data: Float64Array.from(numbers.map((row) => row[4]!)),
    } as never);
    await writeFile(path('labels.txt'), lines.map((line) => line[4]).join('\n'));
    const named = ['a,b,c,d,label', ...lines.map((line) => line.join(','))].join('\r\n');
    const forms: readonly (readonly [string | Uint8Array, readonly string[]])[] = [
      [`# by hand\n${lines.map((line) => line.map((cell) => `${cell}.0`).join('\t')).join('\n')}`, ['--label', 'last']],
      [
        lines.map((line) => line.map((cell) => Number(cell).toExponential(18)).join(' ')).join('\n'),
        ['--label', 'last'],
      ],
      [named, []],
      [named.replace('label', 'class'), ['--label', 'class']],
      [TOP_K.replace(/ \d$/gm, ''), ['--label', path('labels.txt')]],
      [gzipSync(TOP_K), ['--label', 'last']],
      [npy(5), ['--label', 'last']],
      [npy(4), ['--label', path('labels.txt')]],
      [zip({ votes: npy(4), y: labels }), []],
      [zip({ counts: npy(4), images: npy(5), y: labels }), []],
      [zip({ votes: npy(4), z: labels }), ['--label', 'z']],
    ];
    for (const [content, options] of forms) {
      const { rows, short } = await certified(content, options);
      expect(short).toBe('');
      expect(rows).toEqual(expected);
    }
  });

  it('takes the images and the numbers of samples of a file, and counts missing votes against the class', async () => {
    const text = 'idx\tn\tzero\tone\n7\t1000\t10\t990\n3\t500\t2\t490\n';
    const { rows, out } = await certified(text, []);
    expect(rows.map(({ index, certificate }) => [index, certificate?.n, certificate?.failures])).toEqual([
      [7, 1000, 0],
      [3, 500, 8],
    ]);
    expect((await catrs(['verify', out])).code).toBe(0);
    const all = await certified('10 990\n0 1000\n', ['--n', 1000]);
    const missing = await certified('10 980\n0 900\n', ['--n', 1000]);
    all.rows.forEach((row, i) => expect(missing.rows[i]!.radius).toBeLessThan(row.radius));
  });

  it.each<[string, readonly (string | number)[], string]>([
    ['1 2 3\n1 2\n', [], 'FILE: must have 3 columns in line 2, got 2'],
    ['1 2.5\n', [], 'FILE: must hold whole numbers of at least 0, got 2.5 in line 1, column 2'],
    ['1 -2\n', [], 'FILE: must hold whole numbers of at least 0, got -2 in line 1, column 2'],
    ['1 nan\n1 2\n', [], 'FILE: must hold whole numbers of at least 0, got nan in line 1, column 2'],
    ['# none\n\n', [], 'FILE: must have a row of counts for each image, got none'],
    ['5\n', [], 'FILE: must have counts of at least 2 classes, got 1'],
    ['5 6\n', ['--n', 10], 'FILE: must have at most 10 votes of an image, got 11 in line 1 (if the last'],
    [
      '5 6\n5 5\n',
      [],
      'FILE: must say how many samples were drawn of each image, got 11 votes in line 1 and 10 in line 2',
    ],
    [
      '5 6 2\n',
      ['--label', 'last'],
      'FILE: must have labels below 2, the number of classes, got 2 for the counts in line 1',
    ],
    ['5 6\n', ['--label', 'truth'], '--label must be last, a file, or a column of FILE, which has no names, got truth'],
    ['5 6\n', ['--choose'], '--choose is for counts with labels, got none (leave it out: the class is chosen anyway)'],
    ['5 6\n', ['--top-k', 2], '--top-k must be below the number of classes, 2, got 2 (every class is among the top 2)'],
    ['5 6\n', ['--norm', 'linf'], '--dimension must be given for linf radii of gaussian noise'],
    ['idx,a,b\n1,5,6\n1,5,6\n', [], 'FILE: must have one row for each image, got image 1 in line 2 and in line 3'],
    ['n,a,b\n11,5,6\n', ['--n', 11], '--n must not be given for FILE, which has a column n'],
  ])('refuses %j with %j', async (content, options, message) => {
    const { code, stdout, short, rows } = await certified(content, options);
    expect({ code, stdout, rows }).toEqual({ code: 2, stdout: '', rows: [] });
    expect(short).toContain(`catrs: ${message}`);
  });
});

/** An archive of NPY files. */
function zip(arrays: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return zipArchive(Object.entries(arrays).map(([name, data]) => ({ name: `${name}.npy`, data, deflate: true })));
}

import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { certificationLogHeader } from '../../src/evaluate/certification-log.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { LogFile } from '../../src/node/log-file.ts';
import { mergeLogs } from '../../src/node/merge-logs.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { dataset, g, key, settings } from './points.ts';
import { run, useFolder } from './run.ts';

const { path, names } = useFolder();
let whole: string;
beforeAll(async () => {
  await useBackend('cpu');
  await run(path('whole.tsv'));
  whole = await readFile(path('whole.tsv'), 'utf8');
});

describe('certifyToLog refuses', () => {
  it.each<[object, string]>([
    [{ file: '' }, '`file` must be the path of a file, or a file: URL, got ""'],
    [{ file: 3 }, '`file` must be the path of a file, or a file: URL, got 3'],
    [{ file: new URL('https://x.org/a') }, '`file` must be the path of a file, or a file: URL, got an object (URL)'],
    [{ onProgress: 1 }, '`onProgress` must be a function, got 1'],
    [{ durable: 1 }, '`durable` must be true or false, got 1'],
    [{ recheck: 'no' }, '`recheck` must be true or false, got "no"'],
    [{ select: { skip: 0 } }, '`select.skip` must be an integer of at least 1, got 0'],
    [{ n: 0 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [
      { files: 'x' },
      'unknown option `files`; known options: `key`, `n0`, `n`, `alpha`, `rule`, `norm`, `checkEvery`, `keepVotes`, `onSamples`, `batchSize`, `signal`, ' +
        '`select`, `file`, `onProgress`, `durable`, `recheck`, `verifyWith`',
    ],
  ])('%o, without touching a file', async (change, text) => {
    const before = await names();
    await expectError(() => run(path('untouched.tsv'), change), OptionError, `certifyToLog: ${text}`);
    expect(await names()).toEqual(before);
  });

  it('no options at all', () =>
    expectError(
      () => certifyToLog(g, dataset, undefined as never),
      OptionError,
      'certifyToLog: `file` must be the path of a file, or a file: URL, got undefined',
    ));

  it.each<[string, string, string]>([
    ['none/a.tsv', 'ENOENT: no such file or directory, open', 'make its folder first'],
    ['whole.tsv/a.tsv', 'ENOTDIR: not a directory, open', 'a part of the path is no folder'],
    ['folder', 'not a regular file', 'choose another file'],
  ])('the path %s', async (name, reason, wayOut) => {
    await mkdir(path('folder'), { recursive: true });
    const file = path(name);
    const shown = reason.endsWith('open') ? `${reason} '${file}'` : reason;
    const text = `certifyToLog: \`file\` must be a file that can be opened, got ${file} with "${shown}" (${wayOut})`;
    await expectError(() => run(file), OptionError, text);
  });

  it.each(['/proc/catrs.tsv', '/dev/full', '/sys/catrs.tsv'])('%s, where no log can be', async (file) => {
    const error: unknown = await run(file).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toContain(
      `certifyToLog: \`file\` must be a file that can be opened, got ${file} with "`,
    );
  });

  it('a URL without a path', () =>
    expectError(
      () => run('', { file: new URL('file:///a%2Fb') }),
      OptionError,
      'certifyToLog: `file` must be a file that can be opened, got file:///a%2Fb with "File URL path must not include encoded /' +
        ' characters" (choose another file)',
    ));

  it('a lock that names nobody', async () => {
    await writeFile(path('odd.tsv.lock'), '');
    await expectError(
      () => run(path('odd.tsv')),
      OptionError,
      `certifyToLog: \`file\` must not be in use by another run, got ${path('odd.tsv')}, locked by a file that names no process` +
        ` (if no such run exists any more, delete ${path('odd.tsv')}.lock)`,
    );
  });
});

describe('certifyToLog leaves alone', () => {
  const header = certificationLogHeader();
  const left = 'it was left as it is: take another file';
  const lines = (): string[] => whole.split('\n');
  const damage = 'restore the file, or go on with a copy that ends before that line';

  it.each<[string, () => string, string]>([
    [
      'another file',
      () => 'Dear diary,\n',
      `must be a certification log in the full format, got FILE, which is none (${left})`,
    ],
    [
      'a line without end',
      () => 'Dear diary,',
      `must be a certification log in the full format, got FILE, which is none (${left})`,
    ],
    [
      'a file that begins with the header',
      () => `${header}!`,
      `must be a certification log in the full format, got FILE, a log with other columns or line ends (${left})`,
    ],
    [
      'the official columns',
      () => 'idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t0\t0\t0.1\t1\t0:00:01\n',
      `must be a certification log in the full format, got FILE, a log with other columns or line ends (${left})`,
    ],
    [
      'a log with lines of Windows',
      () => whole.replaceAll('\n', '\r\n'),
      `must be a certification log in the full format, got FILE, a log with other columns or line ends (${left})`,
    ],
    [
      'a damaged number',
      () => whole.replace('\t300\t300\t', '\t300\t3OO\t'),
      `must be a log without damage, got FILE, where \`nUsed\` must be an integer of at least 0 in line 2, got "3OO" (${damage})`,
    ],
    [
      'one line end of Windows',
      () => lines().with(4, `${lines()[4]}\r`).join('\n'),
      `must be a log without damage, got FILE, where line 5 is not as it was written (${damage})`,
    ],
    [
      'a double',
      () => [...lines().slice(0, 4), lines()[3], ''].join('\n'),
      `must be a log without damage, got FILE, where line 5 is not as it was written (${damage})`,
    ],
    [
      'an empty line at the end',
      () => [...lines().slice(0, 4), '', ''].join('\n'),
      `must be a log without damage, got FILE, where line 5 is not as it was written (${damage})`,
    ],
    [
      'a second header',
      () => [...lines().slice(0, 4), lines()[0], lines()[4], ''].join('\n'),
      `must be a log without damage, got FILE, where line 5 is not as it was written (${damage})`,
    ],
    [
      'a remark',
      () => [...lines().slice(0, 3), '# by hand', lines()[3], ''].join('\n'),
      `must be a log without damage, got FILE, where line 4 is not as it was written (${damage})`,
    ],
    [
      'a gap',
      () => lines().toSpliced(3, 1).join('\n'),
      'must go on with image 2, got image 3 in FILE, line 4 (other `start`, `skip`, `max` or `shard`, or a line is missing)',
    ],
  ])('%s', async (_name, content, text) => {
    const file = path('left.tsv');
    await writeFile(file, content());
    await expectError(() => run(file), DataError, `certifyToLog: \`file\` ${text.replace('FILE', file)}`);
    expect(await readFile(file, 'utf8')).toBe(content());
    expect(await names()).not.toContain('left.tsv.lock');
  });

  it('a log with more rows than the run', () =>
    expectError(
      () => run(path('whole.tsv'), { select: { max: 3 } }),
      DataError,
      `certifyToLog: \`file\` must hold only images of this run, got image 3 in ${path('whole.tsv')}, line 5 (other \`start\`, \`skip\`, \`max\` or` +
        ' `shard`, or a line is missing)',
    ));

  it('a log of other labels', () => {
    const other: LabelledDataset = {
      ...dataset,
      example: (i) => ({ ...(dataset.example(i) as { x: Float32Array; label: number }), label: 1 }),
    };
    return expectError(
      () => run(path('whole.tsv'), {}, other),
      DataError,
      'certifyToLog: `file` must be a log of this data set, where image 0 has label 1, got label 0 in ' +
        `${path('whole.tsv')}, line 2, which belongs to another one (take another file)`,
    );
  });

  it.each<[object, string, string]>([
    [{ key: [1, 2] }, '`key` must be the same for all rows of a log, got [1,2]', 'one made from another key'],
    [{ n0: 30 }, '`n0` must be the same for all rows of a log, got 30', '20'],
    [{ n: 400 }, '`n` must be the same for all rows of a log, got 400', '300'],
    [{ n0: 30, alpha: 0.02 }, '`n0` must be the same for all rows of a log, got 30', '20'],
    [{ alpha: 0.02 }, '`alpha` must be the same for all rows of a log, got 0.02', '0.01'],
    [{ norm: 'linf' }, '`norm` must be the same for all rows of a log, got "linf"', '"l2"'],
    [{ checkEvery: 51 }, '`checkEvery` must be the same for all rows of a log, got 51', '50'],
  ])('a log that is not made with %o', async (change, must, found) => {
    const at = `${path('whole.tsv')}, line 2,`;
    const text = `certifyToLog: ${must} where ${at} has ${found} (one log holds one run: use its settings, or another file)`;
    await expectError(() => run(path('whole.tsv'), change), OptionError, text);
    expect(await readFile(path('whole.tsv'), 'utf8')).toBe(whole);
  });

  it('a log of another noise, another rule or another smoothing, before it certifies anything', async () => {
    const silent = { ...dataset, example: () => expect.fail('certifies an image') };
    const { logits } = linearClassifier([1, -1], 0);
    const wide = new SmoothedClassifier(logits, { noise: new GaussianNoise({ sigma: 0.5 }), numClasses: 2 });
    const soft = { numClasses: 2, smoothing: 'soft', certifyStream: g.certifyStream.bind(g) } as const;
    const at = `${path('whole.tsv')}, line 2,`;
    const mixed = (name: string, ours: string, theirs: string): string =>
      `certifyToLog: \`${name}\` must be the same for all rows of a log, got ${ours} where ${at} has ${theirs}` +
      ' (one log holds one run: use its settings, or another file)';
    const options = { ...settings, file: path('whole.tsv') };
    const sigma = (value: number): string => `{"name":"gaussian","parameters":{"sigma":${value}}}`;
    await expectError(() => certifyToLog(wide, silent, options), OptionError, mixed('noise', sigma(0.5), sigma(0.25)));
    await expectError(() => certifyToLog(soft, silent, options), OptionError, mixed('smoothing', '"soft"', '"hard"'));
    const rule = topTwo();
    const theirs = '{"name":"fixed-sample","parameters":{"bound":"clopper-pearson"}}';
    const ours = JSON.stringify({ name: rule.name, parameters: rule.parameters });
    await expectError(() => certifyToLog(g, silent, { ...options, rule }), OptionError, mixed('rule', ours, theirs));
  });

  it.each([true, false])('a log whose settings differ from a default, recheck %o', async (recheck) => {
    const { checkEvery, ...rest } = settings;
    const file = path(`default-${recheck}.tsv`);
    await run(file, { select: { max: 3 } });
    const before = await readFile(file, 'utf8');
    const text =
      `certifyToLog: \`checkEvery\` must be the same for all rows of a log, got 100 where ${file}, line 2, has ${checkEvery}` +
      ' (one log holds one run: use its settings, or another file)';
    await expectError(
      () => certifyToLog(g, dataset, { ...rest, file, recheck }),
      OptionError,
      text.replace('line 2', recheck ? 'line 4' : 'line 2'),
    );
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('a log whose rows do not agree among themselves, where nothing is stated', async () => {
    const file = path('mixed.tsv');
    const { checkEvery, ...rest } = settings;
    await run(file, { select: { max: 2 } });
    await run(path('other.tsv'), { select: { max: 3 }, checkEvery: 60 });
    const lines = [
      ...(await readFile(file, 'utf8')).split('\n').slice(0, 3),
      (await readFile(path('other.tsv'), 'utf8')).split('\n')[3],
      '',
    ];
    await writeFile(file, lines.join('\n'));
    await expectError(
      () => certifyToLog(g, dataset, { ...rest, file }),
      OptionError,
      `certifyToLog: \`checkEvery\` must be the same for all rows of a log, got ${checkEvery} where ${file}, line 4, has 60` +
        ' (one log holds one run: use its settings, or another file)',
    );
  });

  it('a log of another model, unless told to go on', async () => {
    const { logits } = linearClassifier([1, -0.9], 0);
    const other = new SmoothedClassifier(logits, { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 2 });
    const file = path('other-model.tsv');
    await run(file, { select: { max: 6 } });
    const text =
      `certifyToLog: \`file\` must be a log of this model, these images and this backend, got ${file}, line 7, where image 5 now` +
      ' comes out differently (take another file; to go on all the same set `recheck: false`)';
    await expectError(() => certifyToLog(other, dataset, { ...settings, file }), OptionError, text);
    expect(await certifyToLog(other, dataset, { ...settings, file, recheck: false })).toMatchObject({
      resumed: 6,
      done: 12,
    });
  });
});

describe('a disk that is full', () => {
  it('is named with the file, as the system names it', async () => {
    const file = '/dev/full';
    const log = new LogFile(
      { call: 'certifyToLog', path: file, durable: false },
      await open(file, 'a+'),
      async () => {},
      Buffer.alloc(0),
    );
    await expectError(
      () => log.append('a row'),
      DataError,
      'certifyToLog: `file` must be on a disk that takes every row, got "ENOSPC: no space left on device, write" for /dev/full' +
        ' (the rows before are valid: make room and run again, it goes on after them)',
    );
    await log.close();
  });
});

describe('mergeLogs refuses', () => {
  const shard = (index: number): string => path(`shard-${index}.tsv`);
  beforeAll(async () => {
    for (const index of [0, 1, 2]) await run(shard(index), { select: { shard: { index, count: 3 } } });
  });
  const merge = (files: unknown, change: object = {}) =>
    mergeLogs(files as string[], { file: path('merged.tsv'), key, size: 12, ...change });
  const all = () => [shard(0), shard(1), shard(2)];

  it.each<[object, string]>([
    [{ file: 1 }, '`file` must be the path of a file, or a file: URL, got 1'],
    [{ size: 0 }, '`size` must be an integer of at least 1, got 0'],
    [{ key: 7 }, '`key` must be a key (createKey(seed) makes one), got 7'],
    [{ select: { start: -1 } }, '`select.start` must be an integer of at least 0, got -1'],
    [{ select: { skip: 0 } }, '`select.skip` must be an integer of at least 1, got 0'],
    [{ select: { max: 0 } }, '`select.max` must be an integer of at least 1, got 0'],
    [
      { total: 3 },
      'unknown option `total`; known options: `file`, `size`, `key`, `select`, `verifyWith`, `mixEngines`',
    ],
  ])('the options %o', (change, text) => expectError(() => merge(all(), change), OptionError, `mergeLogs: ${text}`));

  it.each([
    [undefined, 'undefined'],
    [[], '[]'],
    ['a.tsv', '"a.tsv"'],
  ])('the list %o', (files, got) =>
    expectError(() => merge(files), OptionError, `mergeLogs: \`files\` must be a list of at least one log, got ${got}`),
  );

  it('a file that is not there', () =>
    expectError(
      () => merge([path('nothing.tsv')]),
      OptionError,
      `mergeLogs: \`files\` must be a file that can be opened, got ${path('nothing.tsv')} with "ENOENT: no such file or directory, open` +
        ` '${path('nothing.tsv')}'" (make its folder first)`,
    ));

  it('a file that is no log', async () => {
    await writeFile(path('none.tsv'), 'x\n');
    await expectError(
      () => merge([path('none.tsv')]),
      DataError,
      `mergeLogs: \`files\` must be a certification log in the full format, got ${path('none.tsv')}, which is none` +
        ' (it was left as it is: take another file)',
    );
  });

  it('a log that ends within a line', async () => {
    const text = await readFile(shard(1), 'utf8');
    await writeFile(path('half.tsv'), text.slice(0, -5));
    await expectError(
      () => merge([shard(0), path('half.tsv'), shard(2)]),
      DataError,
      `mergeLogs: \`files\` must be finished logs, got ${path('half.tsv')}, which ends within a line (run its shard again)`,
    );
  });

  it('a shard that is missing or not finished', async () => {
    await run(path('begun.tsv'), { select: { max: 11, shard: { index: 2, count: 3 } } });
    const way = '(a shard is not finished, or its log not listed)';
    await expectError(
      () => merge([shard(2), shard(0)]),
      DataError,
      `mergeLogs: \`files\` must hold all images of the run, got no image 1 and 3 others ${way}`,
    );
    await expectError(
      () => merge([shard(0), shard(1), path('begun.tsv')]),
      DataError,
      `mergeLogs: \`files\` must hold all images of the run, got no image 11 ${way}`,
    );
  });

  it('a shard twice', () =>
    expectError(
      () => merge([...all(), shard(1)]),
      DataError,
      `mergeLogs: \`files\` must hold each image once, got image 1 in ${shard(1)}, line 2, and again in ${shard(1)}, line 2`,
    ));

  it('images of another run', () =>
    expectError(
      () => merge(all(), { select: { max: 11 } }),
      DataError,
      `mergeLogs: \`files\` must hold only images of the run, got image 11 in ${shard(2)}, line 5 (\`size\`, \`start\`, \`skip\` or` +
        ' `max` differ)',
    ));

  it('shards with different settings', async () => {
    await run(path('fewer.tsv'), { n: 200, select: { shard: { index: 1, count: 3 } } });
    await expectError(
      () => merge([shard(0), path('fewer.tsv'), shard(2)]),
      OptionError,
      `mergeLogs: \`n\` must be the same for all rows of a log, got 300 where ${path('fewer.tsv')}, line 2, has 200` +
        ' (one log holds one run: use its settings, or another file)',
    );
  });

  it('shards of another key, and shards of no key', async () => {
    const text = (got: string): string =>
      `mergeLogs: \`key\` must be the same for all rows of a log, got ${got} where ${shard(0)}, line 2, has one made from another key` +
      ' (one log holds one run: use its settings, or another file)';
    await expectError(() => merge(all(), { key: [0, 9] }), OptionError, text('[0,9]'));
    await expectError(() => merge(all(), { key: undefined }), OptionError, text('null'));
  });

  it('to replace a file that holds something else, and to write where it cannot', async () => {
    await expectError(
      () => merge(all(), { file: shard(0) }),
      OptionError,
      `mergeLogs: \`file\` must be a new file, got ${shard(0)}, which holds something else (choose another name)`,
    );
    const error: unknown = await merge(all(), { file: path('none/merged.tsv') }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toContain(
      `must be a file that can be opened, got ${path('none/merged.tsv')} with "ENOENT`,
    );
    expect((await names()).filter((name) => name.startsWith('merged'))).toEqual([]);
  });
});

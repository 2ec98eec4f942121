import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { softTargetsToNpy, type SoftTargetsToNpyOptions } from '../../src/node/soft-targets-to-npy.ts';
import type { SoftTargetSource } from '../../src/recipes/soft-targets.ts';
import { createKey } from '../../src/random/key.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { dataset, g, key, noise } from './points.ts';
import { useFolder } from './run.ts';

const { path, names } = useFolder();
const CALL = 'softTargetsToNpy: ';
const HEADER = 128;
const ROW = 2 * 8;

const run = (file: string, change: Partial<SoftTargetsToNpyOptions> = {}, of: SoftTargetSource = g, data = dataset) =>
  softTargetsToNpy(of, data, { key, n: 100, file: path(file), ...change });

/** A run that stopped after 4 rows. */
async function stopped(file: string, change: Partial<SoftTargetsToNpyOptions> = {}): Promise<void> {
  const controller = new AbortController();
  const onProgress = ({ done }: { readonly done: number }): void => void (done === 4 && controller.abort('stopped'));
  await run(file, { ...change, onProgress, signal: controller.signal }).catch((reason: unknown) => {
    if (reason !== 'stopped') throw reason;
  });
}

/** Runs what must fail with this text and change no file. */
async function refuses(call: () => unknown, kind: typeof OptionError | typeof DataError, text: string): Promise<void> {
  const content = async (): Promise<unknown> =>
    Promise.all(
      (await names())
        .filter((name) => name !== 'folder')
        .map(async (name) => [name, await readFile(path(name), 'hex')]),
    );
  const before = await content();
  await expectError(call, kind, CALL + text);
  expect(await content()).toEqual(before);
}

describe('softTargetsToNpy refuses', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([
    [{ file: '' }, '`file` must be the path of a file, or a file: URL, got ""'],
    [{ key: 3 }, '`key` must be a key (createKey(seed) makes one), got 3'],
    [{ durable: 'yes' }, '`durable` must be true or false, got "yes"'],
    [
      { output: 'a' },
      'unknown option `output`; known options: `key`, `n`, `batchSize`, `signal`, `select`, `file`,' +
        ' `onProgress`, `durable`, `recheck`',
    ],
  ])('%o before it touches a file', (change, text) =>
    refuses(() => run('options.npy', change as never), OptionError, text),
  );

  it('a folder that is not there', () =>
    expectError(
      () => run('nowhere/a.npy'),
      OptionError,
      `${CALL}\`file\` must be a file that can be opened, got ${path('nowhere/a.npy')} with "ENOENT: no such file or directory,` +
        ` realpath '${path('nowhere')}'" (make its folder first)`,
    ));

  it('a folder in place of the file', async () => {
    await mkdir(path('folder'));
    const text = `\`file\` must be a new file, or one with its record beside it, got ${path('folder')} (choose another name)`;
    await refuses(() => run('folder'), OptionError, text);
  });

  it('a file from elsewhere, finished or not', async () => {
    const other = encodeNpy({ dtype: 'float64', shape: [12, 2], data: new Float64Array(24).fill(0.5) });
    await writeFile(path('theirs.npy'), other);
    await writeFile(path('part.npy.part'), other);
    const text = (name: string): string =>
      `\`file\` must be a new file, or one with its record beside it, got ${path(name)} (choose another name)`;
    await refuses(() => run('theirs.npy'), OptionError, text('theirs.npy'));
    await refuses(() => run('part.npy'), OptionError, text('part.npy.part'));
  });

  describe('to go on', () => {
    const other = (name: string, got: unknown, has: unknown): string =>
      `\`${name}\` must be the same for all rows of a file, got ${JSON.stringify(got)} where ${path('mine.npy.json')} has` +
      ` ${JSON.stringify(has)} (one file holds one run: use its settings, or another file)`;
    beforeAll(() => stopped('mine.npy'));

    it.each<[object, string, unknown, unknown]>([
      [{ key: createKey(5) }, 'key', [...createKey(5)], [...key]],
      [{ n: 101 }, 'n', 101, 100],
      [{ select: { start: 1 } }, 'start', 1, 0],
      [{ select: { skip: 2 } }, 'skip', 2, 1],
      [{ select: { max: 5 } }, 'max', 5, 12],
      [{ select: { shard: { index: 0, count: 2 } } }, 'shard', { index: 0, count: 2 }, { index: 0, count: 1 }],
    ])('with %o', (change, name, got, has) =>
      refuses(() => run('mine.npy', change), OptionError, other(name, got, has)),
    );

    it('with another noise, another kind of smoothing, another data set', async () => {
      const wider = new GaussianNoise({ sigma: 0.5 });
      const { classifier } = g;
      const gaussian = (sigma: number) => ({ name: 'gaussian', parameters: { sigma } });
      const of = new SmoothedClassifier(classifier, { noise: wider, numClasses: 2 });
      await refuses(() => run('mine.npy', {}, of), OptionError, other('noise', gaussian(0.5), gaussian(0.25)));
      const soft = new SoftSmoothedClassifier(classifier, { noise, numClasses: 2 });
      await refuses(() => run('mine.npy', {}, soft), OptionError, other('smoothing', 'soft', 'hard'));
      const larger = { ...dataset, size: 13 };
      await refuses(
        () => run('mine.npy', { select: { max: 12 } }, g, larger),
        OptionError,
        other('shape', [13, 2], [12, 2]),
      );
      const flat = { ...dataset, shape: [2, 1] };
      await refuses(() => run('mine.npy', {}, g, flat), OptionError, other('inputShape', [2, 1], [2]));
    });

    it('with a classifier that says less or more of itself', () => {
      const bare = { numClasses: 2, probabilities: g.probabilities.bind(g) };
      const text = other('smoothing', 0, 'hard').replace('got 0', 'got none');
      return refuses(() => run('mine.npy', {}, bare), OptionError, text);
    });

    it('with another model, unless it is told to', async () => {
      const tilted = new SmoothedClassifier(linearClassifier([1, -1], 0.2).logits, { noise, numClasses: 2 });
      await refuses(
        () => run('mine.npy', {}, tilted),
        OptionError,
        `\`file\` must be soft targets of this model, these images and this backend, got ${path('mine.npy.part')} where row 2` +
          ' now comes out differently (take another file; to go on all the same set `recheck: false`)',
      );
      await stopped('told.npy');
      expect(await run('told.npy', { recheck: false }, tilted)).toMatchObject({ resumed: 4, done: 12 });
      await refuses(
        () => run('told.npy', {}, g),
        OptionError,
        `\`file\` must be soft targets of this model, these images and this backend, got ${path('told.npy')} where row 4` +
          ' now comes out differently (take another file; to go on all the same set `recheck: false`)',
      );
    });

    it('with a record that is none', async () => {
      await stopped('unread.npy');
      for (const text of ['', '{', '[]', 'null', '7']) {
        await writeFile(path('unread.npy.json'), text);
        await refuses(
          () => run('unread.npy'),
          DataError,
          `\`file\` must have a record of its settings beside it, got ${path('unread.npy.json')}, which is none` +
            ' (it was left as it is: take another file)',
        );
      }
    });

    /** Changes the unfinished file. */
    async function damage(file: string, change: (bytes: Buffer) => Buffer): Promise<void> {
      await stopped(file);
      await writeFile(path(`${file}.part`), change(await readFile(path(`${file}.part`))));
    }
    const damaged = (name: string, reason: string): string =>
      `\`file\` must be soft targets without damage, got ${path(name)} where ${reason} (restore it, or begin again under another name)`;
    const another = (name: string, got: string): string =>
      `\`file\` must be a file of soft targets of this run, got ${path(name)} with ${got} (it was left as it is: take another file)`;

    it('with another header', async () => {
      await damage('header.npy', (bytes) => (bytes.write('(13, 2)', bytes.indexOf('(12, 2)'), 'latin1'), bytes));
      await refuses(() => run('header.npy'), DataError, another('header.npy.part', 'another header'));
      await damage('short.npy', () => Buffer.from('\x93NUMPZ', 'latin1'));
      await refuses(() => run('short.npy'), DataError, another('short.npy.part', 'another header'));
    });

    it('with more bytes than there can be', async () => {
      await damage('long.npy', (bytes) => Buffer.concat([bytes, Buffer.alloc(8 * ROW + 1)]));
      const [got, most] = [HEADER + 12 * ROW + 1, HEADER + 12 * ROW];
      await refuses(
        () => run('long.npy'),
        DataError,
        another('long.npy.part', `${got} bytes instead of ${most} at most`),
      );
    });

    it('with a row of zeros, as a power failure leaves it, or of other numbers', async () => {
      await damage('zeros.npy', (bytes) => bytes.fill(0, HEADER + 2 * ROW, HEADER + 3 * ROW));
      await refuses(() => run('zeros.npy'), DataError, damaged('zeros.npy.part', 'row 2 is not as it was written'));
      await damage('nan.npy', (bytes) => (bytes.writeDoubleLE(NaN, HEADER + ROW), bytes));
      await refuses(() => run('nan.npy'), DataError, damaged('nan.npy.part', 'row 1 is not as it was written'));
    });

    it('with votes in a row that the run leaves out', async () => {
      const change = { select: { start: 1, skip: 2 } };
      await stopped('gap.npy', change);
      const bytes = await readFile(path('gap.npy.part'));
      bytes.writeDoubleLE(0.25, HEADER + 2 * ROW);
      await writeFile(path('gap.npy.part'), bytes);
      await refuses(() => run('gap.npy', change), DataError, damaged('gap.npy.part', 'row 2 is not as it was written'));
    });

    it('with a finished file that was cut short', async () => {
      await run('cut.npy');
      const bytes = await readFile(path('cut.npy'));
      await writeFile(path('cut.npy'), bytes.subarray(0, HEADER + 7 * ROW + 3));
      await refuses(() => run('cut.npy'), DataError, damaged('cut.npy', 'it ends after 7 rows'));
    });
  });

  it('what another run holds', async () => {
    let second: Promise<unknown> | undefined;
    const started = (): void => {
      second ??= run('held.npy').then(
        () => 'ran',
        (error: Error) => error.message,
      );
    };
    const untilThen = { ...dataset, example: async (index: number) => (await second, dataset.example(index)) };
    await run('held.npy', { onProgress: started }, g, untilThen);
    expect(await second).toMatch(
      /^softTargetsToNpy: `file` must not be in use by another run, got .*held\.npy, locked by process/,
    );
  });

  it('to overwrite a file that came in between', async () => {
    const put = async (): Promise<void> => writeFile(path('between.npy'), 'precious');
    let puts: Promise<void> | undefined;
    const slow = { ...dataset, example: async (index: number) => (await puts, dataset.example(index)) };
    const text = `${CALL}\`file\` must be a new file, or one with its record beside it, got ${path('between.npy')} (choose another name)`;
    await expectError(
      () => run('between.npy', { onProgress: () => void (puts ??= put()) }, g, slow),
      OptionError,
      text,
    );
    expect(await readFile(path('between.npy'), 'utf8')).toBe('precious');
  });
});

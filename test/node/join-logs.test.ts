import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import { joinLogs } from '../../src/node/join-logs.ts';
import { loggedRow } from '../evaluate/rows.ts';
import { catrs } from '../cli/run.ts';
import { useFolder } from './run.ts';

const { path } = useFolder();
const HEADER = 'idx\tlabel\tpredict\tradius\tcorrect\ttime';

/** A piece of a log with these images, their lines as other code writes them. */
async function piece(name: string, images: readonly number[], radius = '0.30'): Promise<string> {
  const lines = images.map((i) => `${i}\t1\t1\t${radius}\tTrue\t0:00:01.500000`);
  const text = [HEADER, ...lines, ''].join('\r\n');
  await writeFile(path(name), name.endsWith('.gz') ? gzipSync(text) : text);
  return path(name);
}

describe('joinLogs', () => {
  it('takes lines over as they are, in the order of the images, each once', async () => {
    const files = [await piece('c.txt', [60, 40]), await piece('a.txt.gz', [0, 20, 40]), await piece('e.txt', [])];
    const run = { file: path('all.txt'), size: 61, select: { skip: 20 } };
    expect(await joinLogs(files, run)).toEqual({ file: path('all.txt'), images: 4 });
    const lines = [0, 20, 40, 60].map((i) => `${i}\t1\t1\t0.30\tTrue\t0:00:01.500000`);
    expect(await readFile(path('all.txt'), 'utf8')).toBe([HEADER, ...lines, ''].join('\n'));
    await joinLogs(files, run);
    const merged = await catrs(['merge', ...files, '--size', 61, '--skip', 20, '--out', path('m.txt')]);
    expect(merged).toEqual({ code: 0, stdout: `${path('m.txt')}: 4 images of 3 logs\n`, stderr: '' });
    expect(await readFile(path('m.txt'), 'utf8')).toBe(await readFile(path('all.txt'), 'utf8'));
  });

  it('joins predictions too', async () => {
    const header = 'idx\tlabel\tpredict\tcorrect\ttime';
    await writeFile(path('p0'), `${header}\n0\t1\t1\t1\t0:00:01.500000\n`);
    await writeFile(path('p1'), `${header}\n1\t1\t-1\t0\t0:00:01.500000\n`);
    await joinLogs([path('p1'), path('p0')], { file: path('p'), size: 2 });
    expect(await readFile(path('p'), 'utf8')).toBe(
      `${header}\n0\t1\t1\t1\t0:00:01.500000\n1\t1\t-1\t0\t0:00:01.500000\n`,
    );
  });

  it('refuses what is no log of the run', async () => {
    const [a, b, other] = [await piece('a', [0, 1]), await piece('b', [3]), await piece('other', [1], '0.31')];
    const join = (files: readonly string[], size: number, select = {}): Promise<unknown> =>
      joinLogs(files, { file: path('no.txt'), size, select });
    await expect(join([a, b], 5)).rejects.toThrow(
      'joinLogs: `files` must hold all images of the run, got no image 2 and 1 others (a piece is not finished',
    );
    await expect(join([a, b], 4, { skip: 3 })).rejects.toThrow(
      `must hold only images of the run, got image 1 in ${a}, line 3 (`,
    );
    await expect(join([a, other], 2)).rejects.toThrow(
      `must say the same of an image wherever it occurs, got image 1 in ${a}, line 3, and otherwise in ${other}, line 2`,
    );
    await expect(join([], 2)).rejects.toThrow('`files` must be a list of at least one log, got []');
    await expect(join([a, path('nothing')], 2)).rejects.toThrow('`files` must be a file that can be opened, got');
    await writeFile(path('damaged'), `${HEADER}\n0\t1\t1\tx\t1\t1.5\n`);
    await expect(join([path('damaged')], 2)).rejects.toThrow(
      `\`files\` must be logs, got ${path('damaged')}, where \`radius\` must be a number`,
    );
    await writeFile(path('predictions'), 'idx\tlabel\tpredict\tcorrect\ttime\n1\t1\t1\t1\t1.5\n');
    await expect(join([a, path('predictions')], 2)).rejects.toThrow(
      `must be pieces of one log, got other columns in ${path('predictions')} than in ${a}`,
    );
    await writeFile(path('full'), certificationLog([loggedRow()]));
    await expect(join([a, path('full')], 2)).rejects.toThrow(
      `must be logs of other code, got ${path('full')}, a log of catrs (mergeLogs)`,
    );
    expect((await catrs(['merge', a, '--size', 2, '--seed', 0, '--out', path('no.txt')])).stderr).toBe(
      'catrs: --seed must not be given for a log of other code, which has no keys\n',
    );
  });
});

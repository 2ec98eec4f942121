import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeNpy } from '../../src/data/npy.ts';
import { useFolder } from '../node/run.ts';
import { catrs, writeImages } from './interruptible.ts';
import type { CliResult } from './run.ts';
import { SIZE, tinyImages, writeTiny } from './tiny.ts';

const { path } = useFolder();
beforeAll(() => writeTiny(path('tiny')));

const softTargets = (
  out: string,
  extra: readonly string[] = [],
  onText?: Parameters<typeof catrs>[1],
): Promise<CliResult> =>
  catrs(
    [
      ...['soft-targets', '--data', path('tiny/x.npy'), '--labels', path('tiny/y.npy'), '--model', path('tiny/model')],
      ...['--sigma', '0.25', '--n', '50', '--backend', 'cpu', '--out', path(out), ...extra],
    ],
    onText,
  );

describe('catrs soft-targets', () => {
  it('writes the votes of every image', async () => {
    const { code, stdout, stderr } = await softTargets('targets.npy');
    expect([code, stdout]).toEqual([
      0,
      `${path('targets.npy')}: soft targets [24, 2] of 24 images, 50 votes each, on cpu (tfjs 4.22.0)\n`,
    ]);
    expect(stderr).toContain('catrs: running on cpu (tfjs 4.22.0)\n');
    expect(stderr).toContain('24/24 100 %, done\n');
    const { dtype, shape, data } = await decodeNpy(await readFile(path('targets.npy')));
    expect([dtype, shape]).toEqual(['float64', [SIZE, 2]]);
    const { labels } = tinyImages();
    expect(data[1]).toBeLessThan(0.5);
    expect(data[2 * SIZE - 1]).toBeGreaterThan(0.5);
    labels.forEach((_, i) => expect(Number(data[2 * i]) + Number(data[2 * i + 1])).toBeCloseTo(1, 12));
  });

  it('shares the images between threads, to the same bytes, and goes on so', { timeout: 120_000 }, async () => {
    const cut = await softTargets('threads.npy', ['--workers', '2'], (text, interrupt) => {
      if (text.includes('3/24')) interrupt.abort();
    });
    expect(cut.code).toBe(130);
    const { code, stdout } = await softTargets('threads.npy', ['--workers', '2', '--resume', '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { done: SIZE, resumed: 3 }]);
    expect(await readFile(path('threads.npy'))).toEqual(await readFile(path('targets.npy')));
  });

  it('goes on after Ctrl-C to the same bytes', async () => {
    const cut = await softTargets('cut.npy', [], (text, interrupt) => {
      if (text.includes('3/24')) interrupt.abort();
    });
    expect(cut.code).toBe(130);
    expect(cut.stderr).toContain(
      `interrupted; ${path('cut.npy')}.part is valid, and the same command with --resume goes on\n`,
    );
    expect(await readdir(path(''))).not.toContain('cut.npy');
    const refused = await softTargets('cut.npy');
    expect([refused.code, refused.stderr]).toEqual([
      2,
      `catrs: --out must be a new file, got ${path('cut.npy')}.part, which exists (add --resume to go on with it)\n`,
    ]);
    const resumed = await softTargets('cut.npy', ['--resume', '--json']);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ done: SIZE, shape: [SIZE, 2], runtime: 'cpu' });
    expect(await readFile(path('cut.npy'))).toEqual(await readFile(path('targets.npy')));
  });

  it('makes targets that catrs train takes, and refuses those of other data', async () => {
    const data = await writeImages(path('images'), 12);
    const common = ['--data', data, '--backend', 'wasm'];
    const out = path('run');
    const teacher = ['train', ...common, '--arch', 'lenet', '--method', 'gaussian', '--epochs', '1', '--out', out];
    expect((await catrs(teacher)).code).toBe(0);
    const file = path('soft.npy');
    const made = ['soft-targets', ...common, '--model', out, '--sigma', '0.25', '--n', '20', '--out', file];
    expect((await catrs(made)).stderr).toContain('12/12');
    const catrsRun = [
      'train',
      ...common,
      '--arch',
      'lenet',
      '--method',
      'catrs',
      '--attack-steps',
      '1',
      '--epochs',
      '1',
    ];
    const trained = await catrs([...catrsRun, '--soft-targets', file, '--out', path('student')]);
    expect([trained.code, trained.stdout]).toEqual([0, expect.stringContaining('1 epochs, 1 steps')]);
    const some = ['--skip', '3', '--max', '3', '--soft-targets', file, '--out', path('some')];
    const short = await catrs([...catrsRun, ...some]);
    expect([short.code, short.stderr]).toEqual([0, expect.stringContaining('by catrs on 3 images')]);
    const wrong = await catrs([...catrsRun, '--soft-targets', path('targets.npy'), '--out', path('wrong')]);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      `catrs: ${path('targets.npy')}: must be floats [12, 3], a row of probabilities for each image, got float64 [24, 2]` +
        ' (catrs soft-targets makes them)\n',
    ]);
  });

  it('shows one example in its help', async () => {
    const { stdout } = await catrs(['soft-targets', '--help']);
    expect(stdout.match(/^ {2}catrs soft-targets .*$/gm)).toHaveLength(1);
  });
});

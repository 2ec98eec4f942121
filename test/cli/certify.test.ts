import { readFile, readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { withoutTimes } from '../node/run.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs, useTiny } from './run.ts';
import { saveTiny, SIZE, tinyImages } from './tiny.ts';

const { path, run } = useTiny();
const log = async (name: string): Promise<string> => withoutTimes(await readFile(path(name), 'utf8'));

describe('catrs certify', () => {
  it('writes a log and prints its figures and plain lines of progress', async () => {
    const { code, stdout, stderr } = await catrs(['certify', ...run(), '--out', path('all.tsv')]);
    expect(stderr).toMatch(
      /^catrs: running on cpu \(tfjs 4\.22\.0\)\n0\/24 0 %\n(.*\n)*24\/24 100 %, accuracy 95\.8 %, 1 abstained, .* done\n$/,
    );
    expect(code).toBe(0);
    expect(stdout).toContain(`${path('all.tsv')}: 24 images, `);
    expect(stdout).toMatch(/radius +0 .*\n +certified accuracy % +95\.8 /);
    const rows = parseCertificationLog(await readFile(path('all.tsv'), 'utf8'));
    expect(rows.map(({ index }) => index)).toEqual([...Array(SIZE).keys()]);
    expect(rows[0]?.certificate).toMatchObject({
      n0: 100,
      n: 200,
      alpha: 0.001,
      noise: { parameters: { sigma: 0.5 } },
    });
  });

  it('prints one JSON object with --json, and takes --start, --skip and --max', async () => {
    const selection = ['--start', 2, '--skip', 5, '--max', 3, '--json', '--out', path('some.tsv')];
    const { code, stdout } = await catrs(['certify', ...run(selection)]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file: path('some.tsv'),
      runtime: 'cpu',
      resumed: 0,
      done: 3,
      images: 3,
    });
    const rows = parseCertificationLog(await readFile(path('some.tsv'), 'utf8'));
    expect(rows.map(({ index }) => index)).toEqual([2, 7, 12]);
  });

  it('goes on after an abort to the same bytes, but for the times', async () => {
    await catrs(['certify', ...run(), '--out', path('whole.tsv')]);
    const interrupt = new AbortController();
    let lines = 0;
    let complaint = '';
    const stopped = await catrs(['certify', ...run(), '--out', path('cut.tsv')], {
      isTTY: true,
      signal: interrupt.signal,
      stderr: (text) => {
        complaint = text;
        if (text.startsWith('\r') && ++lines === 6) interrupt.abort();
      },
    });
    expect(stopped.code).toBe(130);
    expect(complaint).toBe(
      `catrs: interrupted; ${path('cut.tsv')} is valid, and the same command with --resume goes on\n`,
    );
    const before = await readFile(path('cut.tsv'), 'utf8');
    expect(parseCertificationLog(before)).toHaveLength(5);
    const resumed = await catrs(['certify', ...run(), '--out', path('cut.tsv'), '--resume', '--json']);
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ resumed: 5, done: 24 });
    expect((await readFile(path('cut.tsv'), 'utf8')).startsWith(before)).toBe(true);
    expect(await log('cut.tsv')).toBe(await log('whole.tsv'));
    expect((await readdir(path('.'))).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('writes nothing if it is aborted before the first image', async () => {
    const { code, stderr } = await catrs(['certify', ...run(), '--out', path('never.tsv')], {
      signal: AbortSignal.abort(),
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(/catrs: interrupted before the first image was done\n$/);
    expect(await readdir(path('.'))).not.toContain('never.tsv');
  });

  it('begins a new log with --resume if there is none', async () => {
    const { code } = await catrs(['certify', ...run(['--max', 2]), '--out', path('fresh.tsv'), '--resume']);
    expect(code).toBe(0);
    expect(parseCertificationLog(await readFile(path('fresh.tsv'), 'utf8'))).toHaveLength(2);
  });

  it('proves given radii with --radius and finds one with --adaptive', async () => {
    const change = ['--max', 3, '--n', 3000];
    await catrs(['certify', ...run(change), '--radius', '0.25,0.5', '--out', path('radius.tsv')]);
    const [first] = parseCertificationLog(await readFile(path('radius.tsv'), 'utf8'));
    expect(first?.radius).toBe(0.5);
    expect(first?.certificate?.rule).toMatchObject({ name: 'planned-radius', parameters: { radius: [0.25, 0.5] } });
    expect(first?.certificate?.nUsed).toBeLessThan(1000);
    await catrs(['certify', ...run(change), '--adaptive', '0.05', '--out', path('adaptive.tsv')]);
    const [other] = parseCertificationLog(await readFile(path('adaptive.tsv'), 'utf8'));
    expect(other?.certificate?.rule).toMatchObject({
      name: 'anytime-radius',
      parameters: { stops: [{ name: 'stop-at-gain', parameters: { gain: 0.05, over: 1000 } }] },
    });
  });

  it('takes a mixture as the prior of either, logs it, and goes on with no other', async () => {
    const prior = '0.7:20:0.1,0.3:0.5:0.5';
    const components = [
      { weight: 0.3, a: 0.5, b: 0.5 },
      { weight: 0.7, a: 20, b: 0.1 },
    ];
    for (const [rule, value] of [
      ['--radius', '0.25'],
      ['--adaptive', '0.05'],
    ] as const) {
      const out = ['--out', path(`prior${rule}.tsv`)];
      const args = (max: number): (string | number)[] => ['certify', ...run(['--max', max, '--n', 3000]), rule, value];
      expect((await catrs([...args(2), '--prior', prior, ...out])).code).toBe(0);
      const rows = parseCertificationLog(await readFile(path(`prior${rule}.tsv`), 'utf8'));
      expect(rows.map((row) => row.certificate?.rule.parameters['prior'])).toEqual([components, components]);
      for (const other of ['0.7:20:0.1,0.3:0.5:0.6', 'jeffreys']) {
        const refused = await catrs([...args(3), '--prior', other, '--resume', ...out]);
        expect(refused.stderr).toMatch(/prior/);
        expect(refused.code).toBe(2);
      }
      const resumed = await catrs([...args(3), '--prior', '0.3:0.5:0.5,0.7:20:0.1', '--resume', ...out]);
      expect(resumed.code).toBe(0);
      expect((await catrs(['verify', path(`prior${rule}.tsv`)])).code).toBe(0);
    }
  });

  it('shows one line that is written over in a terminal, no wider than it', async () => {
    const written: string[] = [];
    await catrs(['certify', ...run(['--max', 2]), '--out', path('tty.tsv')], {
      isTTY: true,
      columns: 30,
      stderr: (text) => void written.push(text),
    });
    const updates = written.filter((text) => text.startsWith('\r'));
    expect(updates).toHaveLength(3);
    for (const text of updates) expect(text.length).toBeLessThanOrEqual(1 + 29 + 3);
    expect(written.at(-1)).toBe('\n');
  });
});

describe('catrs certify --shard and catrs merge', () => {
  it('write together the log of the whole run', async () => {
    await catrs(['certify', ...run(['--skip', 2]), '--out', path('skip.tsv')]);
    for (const i of [0, 1]) {
      const { code } = await catrs([
        'certify',
        ...run(['--skip', 2]),
        '--shard',
        `${i}/2`,
        '--out',
        path(`part-${i}.tsv`),
      ]);
      expect(code).toBe(0);
    }
    const parts = [path('part-1.tsv'), path('part-0.tsv')];
    const merged = await catrs(['merge', ...parts, '--size', SIZE, '--skip', 2, '--out', path('merged.tsv')]);
    expect(merged).toEqual({
      code: 0,
      stdout: `${path('merged.tsv')}: 12 images of 2 logs, on cpu (tfjs 4.22.0)\n`,
      stderr: '',
    });
    expect(await log('merged.tsv')).toBe(await log('skip.tsv'));
  });

  it('report a shard without images', async () => {
    const { code, stdout } = await catrs([
      'certify',
      ...run(['--max', 1]),
      '--shard',
      '1/2',
      '--out',
      path('none.tsv'),
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${path('none.tsv')}: no image in this part of the run\n` });
  });

  it('refuse a missing shard, another seed and a file that is there', async () => {
    const merge = ['merge', path('part-0.tsv'), '--size', SIZE, '--skip', 2];
    const missing = await catrs([...merge, '--out', path('m.tsv')]);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(
      /^catrs: <logs\.\.\.> must hold all images of the run, got no image 2 and 5 others .*\n$/,
    );
    const seed = await catrs([...merge, '--seed', 7, '--out', path('m.tsv')]);
    expect(seed.code).toBe(2);
    expect(seed.stderr).toContain('catrs: --seed must be the same for all rows of a log, got [0,7]');
    await writeFile(path('m.tsv'), 'mine');
    const there = await catrs([...merge, path('part-1.tsv'), '--out', path('m.tsv')]);
    expect(there.code).toBe(2);
    expect(there.stderr).toContain('catrs: --out must be a new file, got ');
    expect(await readFile(path('m.tsv'), 'utf8')).toBe('mine');
  });
});

describe('catrs certify --workers', () => {
  const workerArguments = runTypeScript;

  it('writes the rows of one thread, and tells its threads range, kind of output and batch size', async () => {
    // Twice as bright as the range of images, and a model that ends in softmax: without either setting a thread refuses the first image.
    const { values, labels } = tinyImages();
    const bright = values.map((value) => 2 * value);
    await writeFile(path('bright.npy'), encodeNpy({ dtype: 'float32', shape: [SIZE, 4, 4, 1], data: bright }));
    await writeFile(path('bright-labels.npy'), encodeNpy({ dtype: 'uint8', shape: [SIZE], data: labels }));
    await saveTiny(path('softmax'), { softmax: true });
    const settings = [
      ...['certify', '--data', path('bright.npy'), '--labels', path('bright-labels.npy'), '--backend', 'cpu'],
      ...['--model', path('softmax'), '--output', 'probabilities', '--sigma', 1, '--n', 100, '--batch-size', 30],
      ...['--input-range', '0,3', '--start', 14, '--max', 3],
    ];
    const one = await catrs([...settings, '--out', path('bright-one.tsv')]);
    const two = await catrs([...settings, '--workers', 2, '--out', path('bright-two.tsv')], { workerArguments });
    expect([one.code, two.code], two.stderr).toEqual([0, 0]);
    expect(two.stderr).toContain('3/3 100 %');
    expect(await log('bright-two.tsv')).toBe(await log('bright-one.tsv'));
    const narrow = await catrs([...settings.slice(0, -6), '--out', path('narrow.tsv')]);
    expect(narrow.code).toBe(2);
    expect(narrow.stderr).toContain('bright.npy: must have values within --input-range 0,1, got ');
  });
});

import { readFile } from 'node:fs/promises';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { byMargin, decodeLabels, type OutputRow, type SegmentationCertificate } from 'catrs';
import { maskPicture } from '../../src/cli/outputs/mask-picture.ts';
import { encodeMask } from '../../src/smoothed/segmentation/masks.ts';
import { rowsOf, useSmallTasks } from './output-tasks.ts';
import { catrs, type CliResult } from './run.ts';

const path = useSmallTasks();
type Words = readonly (string | number)[];

const certify = async (name: string, tau: number): Promise<void> => {
  const from = ['--data', path('masks.npz'), '--model', path('pixels'), '--num-classes', 2, '--backend', 'cpu'];
  const asked = ['--sigma', 0.25, '--n', 120, '--tau', tau, '--max', 4, '--out', path(name)];
  expect((await catrs(['certify', '--task', 'segmentation', ...from, ...asked])).code).toBe(0);
};
const analyze = (more: Words): Promise<CliResult> => catrs(['analyze', ...more]);
const lastLine = ({ stderr }: CliResult): string => stderr.trimEnd().split('\n').at(-1) ?? '';

const [GREY, RED] = ['226,232,240', '220,38,38'];
const CLASSES = ['51,65,85', '68,119,170', '34,136,51', '204,187,68', '102,204,238'];

/** The colour in the middle of each pixel of a mask of 2 x 2, where masks stand in a grid. */
function coloursOf(png: Uint8Array, [line, column]: readonly [number, number]): string[] {
  const { width, data } = decode(png);
  const [side, gap] = [160, 8];
  return [0, 1, 2, 3].map((i) => {
    const x = gap + column * (side + gap) + 40 + 80 * (i % 2);
    const y = gap + line * (side + gap) + 40 + 80 * Math.floor(i / 2);
    return [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)].join();
  });
}

describe('catrs analyze --picture', () => {
  it('shows what is true and the masks of each log, one line for each input', async () => {
    await certify('narrow.jsonl', 0.75);
    await certify('wide.jsonl', 0.9);
    const logs = [path('narrow.jsonl'), path('wide.jsonl')];
    const drawn = await analyze([...logs, '--picture', path('masks.png'), '--picture-inputs', '3,1']);
    expect(lastLine(drawn)).toBe(
      `catrs: wrote ${path('masks.png')}: inputs 3, 1; from left to right truth, narrow, wide; grey abstains, red is certified and wrong`,
    );
    const png = await readFile(path('masks.png'));
    expect(decode(png)).toMatchObject({ width: 8 + 3 * 168, height: 8 + 2 * 168 });
    const seen = new Set<string>();
    for (const [column, log] of logs.entries()) {
      const rows = (await rowsOf(log)) as unknown as OutputRow<SegmentationCertificate, { runs: number[] }>[];
      for (const [line, index] of [3, 1].entries()) {
        const { certificate, target } = rows[index]!;
        const labels = [...decodeLabels(certificate)];
        const truth = [...decodeLabels({ labels: target as never })];
        const colours = labels.map((label, i) => (label < 0 ? GREY : label === truth[i] ? CLASSES[label] : RED));
        expect(coloursOf(png, [line, column + 1])).toEqual(colours);
        expect(coloursOf(png, [line, 0])).toEqual(truth.map((label) => CLASSES[label]));
        colours.forEach((colour) => seen.add(colour!));
      }
    }
    expect(seen.size).toBeGreaterThan(2); // both classes and what abstains
    const json = await analyze([logs[0]!, '--picture', path('one.png'), '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ plots: [path('one.png')] });
    expect(lastLine(json)).toContain('one.png: inputs 0, 1, 2, 3; from left to right truth, narrow; ');
  });

  it('shows a log within several radii', async () => {
    const from = ['--data', path('masks.npz'), '--model', path('pixels'), '--num-classes', 2, '--backend', 'cpu'];
    const asked = ['--component-radii', '--sigma', 0.25, '--n', 120, '--max', 2, '--out', path('own.jsonl')];
    expect((await catrs(['certify', '--task', 'segmentation', ...from, ...asked])).code).toBe(0);
    const drawn = await analyze([path('own.jsonl'), '--picture', path('own.png'), '--picture-radii', '0,0.2,9']);
    expect(lastLine(drawn)).toContain('inputs 0, 1; from left to right truth, own, own within 0.2, own within 9; ');
    const png = await readFile(path('own.png'));
    const rows = (await rowsOf(path('own.jsonl'))) as unknown as OutputRow<SegmentationCertificate>[];
    for (const [column, radius] of [0, 0.2, 9].entries()) {
      const labels = [...decodeLabels(rows[0]!.certificate, { radius })];
      const found = coloursOf(png, [0, column + 1]);
      expect(found.map((colour) => colour === GREY)).toEqual(labels.map((label) => label < 0));
    }
    expect(coloursOf(png, [0, 3])).toEqual([GREY, GREY, GREY, GREY]);
    expect(coloursOf(png, [0, 1])).not.toEqual(coloursOf(png, [0, 3]));
    expect(lastLine(await analyze([path('own.jsonl'), '--picture-radii', 1]))).toBe(
      'catrs: --picture must be given with --picture-radii: where the picture goes',
    );
    expect(lastLine(await analyze([path('own.jsonl'), '--picture', path('c.png'), '--picture-radii', '-1']))).toMatch(
      /^catrs: --picture-radii must be numbers of at least 0, got -1$/,
    );
  });

  it('says what cannot be shown', async () => {
    const narrow = path('narrow.jsonl');
    expect(lastLine(await analyze([narrow, '--picture', path('masks.png')]))).toMatch(
      /masks\.png: must be a new file, got one that exists \(add --force to replace it\)$/,
    );
    expect((await analyze([narrow, '--picture', path('masks.png'), '--force'])).code).toBe(0);
    expect(lastLine(await analyze([narrow, '--picture', path('b.png'), '--picture-inputs', '1,9']))).toMatch(
      /^catrs: --picture-inputs must be inputs of every log, got 9 for .*narrow\.jsonl$/,
    );
    expect(lastLine(await analyze([narrow, '--picture-inputs', 1]))).toBe(
      'catrs: --picture must be given with --picture-inputs: where the picture goes',
    );
    const scores = ['--data', path('x.npy'), '--model', path('classes'), '--backend', 'cpu', '--out', path('s.jsonl')];
    const asked = ['--sigma', 0.25, '--n', 300, '--radii', '0,0.1', '--max', 1];
    expect((await catrs(['certify', '--task', 'confidence', ...scores, ...asked])).code).toBe(0);
    expect(lastLine(await analyze([path('s.jsonl'), '--picture', path('b.png')]))).toMatch(
      /^catrs: --picture is for logs of segmentation, got .*s\.jsonl of confidence$/,
    );
  });
});

describe('maskPicture', () => {
  const levels = byMargin([[0, 0, 1, 1]], [0.1]);
  /** A row of a mask of 2 x 2: of four classes, 4 and 5 being groups of two of them. */
  const row = (labels: readonly number[], target: readonly number[] | null): OutputRow => {
    const certificate = { task: 'segmentation', numClasses: 4, levels, labels: encodeMask(labels, [2, 2]) };
    return { index: 0, certificate, target: target && encodeMask(target, [2, 2]), milliseconds: 0 } as never;
  };
  const log = (one: OutputRow): Parameters<typeof maskPicture>[0] => [
    { name: 'a', file: 'a.jsonl', task: 'segmentation', rows: [one] },
  ];

  it('takes a group that holds the true class for right, and what is no class for unknown', () => {
    const { png } = maskPicture(log(row([4, 4, 2, 0], [1, 2, 255, -1])));
    expect(coloursOf(png, [0, 1])).toEqual([CLASSES[4], RED, CLASSES[2], CLASSES[0]]);
    expect(coloursOf(png, [0, 0])).toEqual([CLASSES[1], CLASSES[2], GREY, GREY]);
  });

  it('shows masks alone where nothing is known', () => {
    const { png, legend } = maskPicture(log(row([0, 1, -1, 3], null)));
    expect(coloursOf(png, [0, 0])).toEqual([CLASSES[0], CLASSES[1], GREY, CLASSES[3]]);
    expect(legend).toBe('input 0; from left to right a; grey abstains');
  });
});

describe('catrs certify --component-radii', () => {
  it('gives each pixel a radius, which analyze draws a curve over and verify checks', async () => {
    const from = ['--data', path('masks.npz'), '--model', path('pixels'), '--num-classes', 2, '--backend', 'cpu'];
    const asked = ['--sigma', 0.25, '--n', 60, '--max', 2, '--component-radii', '--out', path('radii.jsonl')];
    expect((await catrs(['certify', '--task', 'segmentation', ...from, ...asked])).code).toBe(0);
    const rows = (await rowsOf(path('radii.jsonl'))) as unknown as OutputRow<SegmentationCertificate, unknown>[];
    for (const { certificate } of rows) expect(certificate).toMatchObject({ radii: 'per component', tau: 0.5 });
    const { stdout } = await analyze([path('radii.jsonl')]);
    expect(stdout).toContain('mean radius');
    const { code, stdout: verified } = await catrs(['verify', path('radii.jsonl')]);
    expect([code, verified]).toEqual([0, expect.stringContaining('all of 2 certificates follow')]);
    const both = await catrs([
      'certify',
      '--task',
      'segmentation',
      ...from,
      ...asked.with(-1, path('x')),
      '--tau',
      0.75,
    ]);
    expect(both.stderr).toContain("must be absent with `radii: 'per component'`");
  });
});

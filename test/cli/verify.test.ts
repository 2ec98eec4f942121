import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import type { CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs, useTiny } from './run.ts';
import { SIZE, tinyImages } from './tiny.ts';

const { path, data, model, run } = useTiny();
const log = (): string => path('log.tsv');

/** What is said of the run after all else. */
const said = (change: { readonly rows?: number; readonly images?: string; readonly keys?: string } = {}): string =>
  [
    '  hard smoothing, gaussian sigma 0.5, l2, n0 100, n 200, alpha 0.001',
    '  fixed-sample bound clopper-pearson, checks every 100, 2 classes, 16 coordinates',
    `  ${change.rows ?? SIZE} rows: ${change.images ?? `images 0 to ${SIZE - 1}`}, ${change.keys ?? 'keys of seed 0'}`,
    '',
  ].join('\n');

beforeAll(async () => {
  await catrs(['certify', ...run(), '--out', log()]);
});

/** The log with another certificate in row i. */
async function changed(name: string, i: number, change: Partial<CertifiedRow['certificate']>): Promise<string> {
  const rows = parseCertificationLog(await readFile(log(), 'utf8')) as CertifiedRow[];
  const change1 = (row: CertifiedRow): CertifiedRow => ({
    ...row,
    ...(change.radius !== undefined && { radius: change.radius }),
    certificate: { ...row.certificate, ...change },
  });
  await writeFile(path(name), certificationLog(rows.map((row, at) => (at === i ? change1(row) : row))));
  return path(name);
}

/** The bound of the certificate of a log that has this radius. */
function boundOf(
  rows: readonly CertifiedRow[],
  radius: number,
): Pick<CertifiedRow['certificate'], 'pABar' | 'qABar' | 'bound'> {
  const { pABar, qABar, bound } = rows.find((row) => row.radius === radius)!.certificate;
  return { pABar, qABar, bound };
}

describe('catrs verify', () => {
  it('derives all certificates from their votes without model and data', async () => {
    const text = `${log()}: all of ${SIZE} certificates follow from their votes\n${said()}`;
    expect(await catrs(['verify', log()])).toEqual({ code: 0, stdout: text, stderr: '' });
  });

  it('draws rows again that are spread over the log, and checks their keys', async () => {
    const { code, stdout, stderr } = await catrs(['verify', log(), ...data(), ...model(), '--rows', 4, '--seed', 0]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${log()}: all of ${SIZE} certificates follow from their votes, 4 drawn again from their keys\n${said()}`,
    });
    expect(stderr).toContain('4/4 drawn again, 0 wrong');
  });

  it('finds a radius that does not follow: exit code 1', async () => {
    const rows = parseCertificationLog(await readFile(log(), 'utf8'));
    const radius = rows[3]!.radius + 0.01;
    const file = await changed('boast.tsv', 3, { radius });
    const { code, stdout, stderr } = await catrs(['verify', file]);
    expect(code).toBe(1);
    expect(stdout).toBe(`image 3: radius is ${radius}, but ${rows[3]!.radius} follows\n${said()}`);
    expect(stderr).toBe(`catrs: ${file}: 1 of ${SIZE} certificates do not hold\n`);
    const json = await catrs(['verify', file, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ rows: SIZE, redrawn: 0, wrong: [{ index: 3 }] });
    // Nor is it gone on with or merged.
    for (const command of [
      ['certify', ...run(), '--resume', '--no-recheck', '--out', file],
      ['merge', file, '--size', SIZE, '--out', path('merged.tsv')],
    ]) {
      const refused = await catrs(command);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain(`line 5, where image 3 has none: radius is ${radius}, but`);
    }
  });

  it('finds keys of another seed', async () => {
    const { code, stdout } = await catrs(['verify', log(), '--seed', 1]);
    expect(code).toBe(1);
    expect(stdout.split('\n')[0]).toMatch(/^image 0: key is \[\d+, \d+\], but \[\d+, \d+\] follows from --seed 1$/);
  });

  it('finds votes of other images, unless so many may differ', async () => {
    const { values } = tinyImages();
    const moved = values.map((value) => Math.min(1, value + 0.02));
    await writeFile(path('moved.npy'), encodeNpy({ dtype: 'float32', shape: [SIZE, 4, 4, 1], data: moved }));
    const again = ['verify', log(), ...data(), ...model(), '--data', path('moved.npy'), '--rows', 'all'];
    const strict = await catrs(again);
    expect(strict.code).toBe(1);
    expect(strict.stdout).toMatch(/^image \d+: \d+ votes differ when drawn again: class /);
    expect((await catrs([...again, '--votes', 200])).code).toBe(0);
  });

  it('admits other votes only, not what they cannot explain: a dimension, steps, a radius', async () => {
    const { values } = tinyImages();
    const moved = values.map((value) => Math.min(1, value + 0.002));
    await writeFile(path('near.npy'), encodeNpy({ dtype: 'float32', shape: [SIZE, 4, 4, 1], data: moved }));
    const withModel = [
      '--data',
      path('near.npy'),
      '--labels',
      path('y.npy'),
      ...model(),
      '--rows',
      'all',
      '--votes',
      30,
    ];
    await catrs(['certify', ...run(), '--radius', '0.05,0.2', '--out', path('steps.tsv')]);
    for (const file of [log(), path('steps.tsv')]) {
      const { code, stdout } = await catrs(['verify', file, ...withModel]);
      expect({ file, code, stdout }).toMatchObject({ code: 0 });
      expect((await catrs(['verify', file, ...withModel, '--votes', 0])).code, 'single votes differ').toBe(1);
    }
    const rows = parseCertificationLog(await readFile(log(), 'utf8')) as CertifiedRow[];
    const linf = rows.map((row) => ({
      ...row,
      certificate: { ...row.certificate, norm: 'linf' as const, dimension: 1 },
    }));
    await writeFile(path('linf.tsv'), certificationLog(linf));
    expect((await catrs(['verify', path('linf.tsv')])).code, 'nobody can tell without the data').toBe(0);
    const forged = await catrs(['verify', path('linf.tsv'), ...withModel]);
    expect(forged.code).toBe(1);
    expect(forged.stdout).toContain('image 0: dimension is 1, but 16 of the input\n');

    const stepped = parseCertificationLog(await readFile(path('steps.tsv'), 'utf8')) as CertifiedRow[];
    const at = stepped.findIndex(({ certificate: { steps, nUsed } }) => steps?.length === 1 && nUsed === 200);
    expect(at).toBeGreaterThanOrEqual(0);
    // More votes at the second check than there were: both radii are proven by them, and by no fewer samples.
    const { certificate } = stepped[at]!;
    const n = 20;
    const steps = [0.05, 0.2].map((radius) => ({ radius, nA: n, n }));
    const counts = certificate.counts.map((_, c) => (c === certificate.cAHat ? n : 0));
    const better = { ...certificate, nA: n, counts, nUsed: n, steps, stop: 'decided', radius: 0.2 };
    const boasting = stepped.map((row, i) =>
      i === at ? { ...row, radius: 0.2, certificate: { ...better, ...boundOf(stepped, 0.2) } } : row,
    );
    await writeFile(path('boasting.tsv'), certificationLog(boasting));
    expect((await catrs(['verify', path('boasting.tsv')])).code, 'these votes would prove it').toBe(0);
    const { code, stdout } = await catrs(['verify', path('boasting.tsv'), ...withModel, '--votes', 1]);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`image ${at}: \\d+ votes differ when drawn again`));
  });

  it('holds a log to one run: settings, keys, missing rows, labels', async () => {
    const other = await changed('alpha.tsv', 5, { alpha: 0.002 });
    const found = await catrs(['verify', other]);
    expect(found.code).toBe(1);
    expect(found.stdout).toBe(`image 5: alpha is 0.002, but 0.001 in the run that this log is of\n${said()}`);
    expect(JSON.parse((await catrs(['verify', other, '--json'])).stdout)).toMatchObject({
      rows: SIZE,
      settings: { n: 200, alpha: 0.001, n0: 100, norm: 'l2', noise: { name: 'gaussian', parameters: { sigma: 0.5 } } },
      images: { first: 0, last: SIZE - 1, step: 1 },
      seed: 0,
    });

    const foreign = await changed('foreign-key.tsv', 5, { key: [1, 2] });
    expect((await catrs(['verify', foreign])).stdout).toMatch(
      /^image 5: key is \[1, 2\], but \[\d+, \d+\] follows from --seed 0\n/,
    );
    const rows = parseCertificationLog(await readFile(log(), 'utf8')) as CertifiedRow[];
    const double = await changed('double-key.tsv', 5, { key: rows[4]!.certificate.key });
    expect((await catrs(['verify', double])).stdout).toContain('image 5: key is that of image 4\n');

    await writeFile(path('gap.tsv'), certificationLog(rows.filter(({ index }) => index !== 7)));
    const gap = await catrs(['verify', path('gap.tsv')]);
    expect({ code: gap.code, stdout: gap.stdout }).toEqual({
      code: 1,
      stdout: `image 7: is missing in a run of images 0 to ${SIZE - 1}\n${said({ rows: SIZE - 1 })}`,
    });
    expect(gap.stderr).toBe(`catrs: ${path('gap.tsv')}: images are missing in the log\n`);

    const every = rows.filter(({ index }) => index % 3 === 1);
    await writeFile(path('third.tsv'), certificationLog(every));
    expect(await catrs(['verify', path('third.tsv')])).toEqual({
      code: 0,
      stdout:
        `${path('third.tsv')}: all of ${every.length} certificates follow from their votes\n` +
        said({ rows: every.length, images: `images 1 to ${SIZE - 2} in steps of 3` }),
      stderr: '',
    });

    const label = rows.map((row, i) => (i === 2 ? { ...row, label: 1 - row.label, correct: !row.correct } : row));
    await writeFile(
      path('label.tsv'),
      certificationLog(label.map((row) => ({ ...row, correct: row.predicted === row.label }))),
    );
    const labelled = await catrs(['verify', path('label.tsv'), ...data(), ...model(), '--rows', 1]);
    expect(labelled.code).toBe(1);
    expect(labelled.stdout).toContain('image 2: label is 1, but 0 in the data\n');
  });

  it('refuses one of model and data, and a log without votes', async () => {
    expect(await catrs(['verify', log(), ...data()])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'catrs: --model must be given with --data (or neither, to check the votes only)\n',
    });
    const rows = parseCertificationLog(await readFile(log(), 'utf8'));
    await writeFile(path('short.tsv'), certificationLog(rows, { format: 'reference' }));
    expect((await catrs(['verify', path('short.tsv')])).stderr).toBe(
      `catrs: ${path('short.tsv')}: must be a log in the full format, got one without votes and keys, which cannot be checked\n`,
    );
  });
});

describe('catrs predict', () => {
  it('prints a line for each image, with its votes', async () => {
    const { code, stdout, stderr } = await catrs(['predict', ...run(['--skip', 6])]);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(lines[0]).toEqual(['idx', 'label', 'predict', 'counts']);
    expect(lines.slice(1).map(([index, label, answer]) => [index, label, answer])).toEqual([
      ['0', '0', '0'],
      ['6', '0', '0'],
      ['12', '1', expect.stringMatching(/^(1|abstain)$/) as string],
      ['18', '1', '1'],
    ]);
    for (const [, , , counts = ''] of lines.slice(1)) {
      expect(counts.split(',').reduce((sum, count) => sum + Number(count), 0)).toBe(200);
    }
    expect(stderr).toMatch(/\ncatrs: 4 images, accuracy (100|75)\.0 %, [01] abstained, on cpu \(tfjs 4\.22\.0\)\n$/);
  });

  it('shares the images between threads, to the same lines', { timeout: 60_000 }, async () => {
    const one = await catrs(['predict', ...run()]);
    const two = await catrs(['predict', ...run(), '--workers', 2], { workerArguments: runTypeScript });
    expect(two).toEqual({ ...one, stderr: two.stderr });
    const figures = ({ stderr }: { readonly stderr: string }): string | undefined =>
      stderr.trimEnd().split('\n').at(-1);
    expect(figures(two)).toBe(figures(one));
  });

  it('says "abstain" where the vote is too close, and -1 in JSON', async () => {
    const half = new Float32Array(16).fill(0.5);
    await writeFile(path('half.npy'), encodeNpy({ dtype: 'float32', shape: [1, 4, 4, 1], data: half }));
    const command = ['predict', '--data', path('half.npy'), ...model(), '--sigma', 0.5, '--n', 100];
    const { stdout } = await catrs(command);
    expect(stdout).toMatch(/^idx\tpredict\tcounts\n0\tabstain\t\d+,\d+\n$/);
    const json: unknown = JSON.parse((await catrs([...command, '--json'])).stdout);
    expect(json).toMatchObject({ images: 1, abstained: 1, rows: [{ index: 0, predicted: -1, abstained: true }] });
    expect(json).not.toHaveProperty('accuracy');
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/encode-npy.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import type { CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { catrs, useTiny } from './run.ts';
import { SIZE, tinyImages } from './tiny.ts';

const { path, data, model, run } = useTiny();
const log = (): string => path('log.tsv');

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

describe('catrs verify', () => {
  it('derives all certificates from their votes without model and data', async () => {
    const text = `${log()}: all of ${SIZE} certificates follow from their votes\n`;
    expect(await catrs(['verify', log()])).toEqual({ code: 0, stdout: text, stderr: '' });
  });

  it('draws rows again that are spread over the log, and checks their keys', async () => {
    const { code, stdout, stderr } = await catrs(['verify', log(), ...data(), ...model(), '--rows', 4, '--seed', 0]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${log()}: all of ${SIZE} certificates follow from their votes, 4 drawn again from their keys\n`,
    });
    expect(stderr).toContain('4/4 drawn again, 0 wrong');
  });

  it('finds a radius that does not follow: exit code 1', async () => {
    const rows = parseCertificationLog(await readFile(log(), 'utf8'));
    const radius = rows[3]!.radius + 0.01;
    const file = await changed('boast.tsv', 3, { radius });
    const { code, stdout, stderr } = await catrs(['verify', file]);
    expect(code).toBe(1);
    expect(stdout).toBe(`image 3: radius is ${radius}, but ${rows[3]!.radius} follows\n`);
    expect(stderr).toBe(`catrs: ${file}: 1 of ${SIZE} certificates do not hold\n`);
    const json = await catrs(['verify', file, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ rows: SIZE, redrawn: 0, wrong: [{ index: 3 }] });
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
    expect(stderr).toMatch(/\ncatrs: 4 images, accuracy (100|75)\.0 %, [01] abstained\n$/);
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

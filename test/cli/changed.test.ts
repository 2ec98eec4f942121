import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { IncrementalCertificate } from 'catrs';
import { parseOutputLog } from '../../src/evaluate/output-log.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { withoutTimes } from '../node/run.ts';
import { KEPT, useChanged } from './changed-model.ts';
import { catrs } from './run.ts';
import { SIZE } from './tiny.ts';

const { path, data, run, ofOld, ofNew } = useChanged();
const rowsOf = async (
  name: string,
): Promise<{ index: number; target: unknown; certificate: IncrementalCertificate }[]> =>
  parseOutputLog(await readFile(path(name), 'utf8')).rows as never;
const timeless = async (name: string): Promise<object[]> =>
  (await rowsOf(name)).map(({ index, target, certificate }) => ({ index, target, certificate }));

describe('catrs certify --keep-votes', () => {
  it('writes the votes one by one: they are the first of those that are counted', async () => {
    const rows = parseCertificationLog(await readFile(path('old.tsv'), 'utf8'));
    for (const { certificate } of rows) {
      const { votes = [], counts, nUsed } = certificate!;
      expect([nUsed, votes.length]).toEqual([200, KEPT]);
      for (const [c, count] of counts.entries()) {
        const kept = votes.filter((vote) => vote === c).length;
        expect(kept).toBeLessThanOrEqual(count);
        expect(count - kept).toBeLessThanOrEqual(nUsed - KEPT);
      }
    }
    expect(
      (await catrs(['verify', path('old.tsv'), ...data(), '--model', path('model'), '--backend', 'cpu'])).code,
    ).toBe(0);
  });

  it('goes on with --resume, and refuses to go on without the votes', async () => {
    const whole = withoutTimes(await readFile(path('old.tsv'), 'utf8'));
    const lines = (await readFile(path('old.tsv'), 'utf8')).split('\n');
    await writeFile(path('cut.tsv'), [...lines.slice(0, 9), lines[9]!.slice(0, 40)].join('\n'));
    const without = await catrs(['certify', ...run(['--seed', 3, '--resume']), '--out', path('cut.tsv')]);
    expect(without.stderr).toContain('--keep-votes must be as in the run that began the log, got 0 where ');
    await catrs(ofOld('cut.tsv', ['--resume']));
    expect(withoutTimes(await readFile(path('cut.tsv'), 'utf8'))).toBe(whole);
  });
});

describe('catrs certify --from-log', () => {
  it('certifies the changed model from the votes that it lost, and the log is checked and analyzed', async () => {
    const { code, stderr, stdout } = await catrs(ofNew('new.jsonl', ['--alpha-zeta', 0.002]));
    expect(stderr).toContain('\n24/24 100 %, done\n');
    expect(code).toBe(0);
    expect(stdout).toContain(`${path('new.jsonl')}: incremental, 24 inputs\n`);
    const rows = await rowsOf('new.jsonl');
    const old = parseCertificationLog(await readFile(path('old.tsv'), 'utf8'));
    expect(rows.map(({ index }) => index)).toEqual([...Array(SIZE).keys()]);
    let lost = 0;
    for (const [i, { certificate, target }] of rows.entries()) {
      const { certificate: before, label } = old[i]!;
      expect({ ...certificate.basis, votes: before!.votes }).toEqual(before);
      expect(target).toBe(label);
      expect(certificate.nUsed).toBe(before!.abstained ? 0 : KEPT);
      expect(certificate.alpha).toBeCloseTo(0.003, 12);
      expect(certificate.radius).toBeLessThanOrEqual(before!.radius);
      lost += certificate.losses;
    }
    expect(lost).toBeGreaterThan(0);
    const checked = await catrs(['verify', path('new.jsonl')]);
    expect(checked.stdout).toContain('all of 24 certificates follow from their evidence\n');
    expect(checked.stdout).toContain('keys of seed 3');
    expect(checked.code).toBe(0);
    const again = await catrs(['verify', path('new.jsonl'), ...data(), '--model', path('changed')]);
    expect(again.stderr).toContain(
      'new.jsonl: must be of one model, got a log of task incremental (leave --model and --data out',
    );
    const analyzed = await catrs(['analyze', path('new.jsonl'), '--json', '--plot', path('new.svg')]);
    expect(JSON.parse(analyzed.stdout)).toMatchObject({ logs: [{ task: 'incremental', examples: 24 }] });
    expect(analyzed.code).toBe(0);
  });

  it('goes on with --resume and joins shards to the rows of one run', async () => {
    await catrs(ofNew('whole.jsonl', ['--keep-votes', 50]));
    const text = await readFile(path('whole.jsonl'), 'utf8');
    await writeFile(path('part.jsonl'), text.slice(0, text.length / 2));
    const resumed = await catrs(ofNew('part.jsonl', ['--keep-votes', 50, '--resume', '--json']));
    expect(JSON.parse(resumed.stdout)).toMatchObject({ done: 24, task: 'incremental' });
    expect((JSON.parse(resumed.stdout) as { resumed: number }).resumed).toBeGreaterThan(0);
    expect(await timeless('part.jsonl')).toEqual(await timeless('whole.jsonl'));
    for (const shard of [0, 1]) await catrs(ofNew(`${shard}.jsonl`, ['--keep-votes', 50, '--shard', `${shard}/2`]));
    const merged = await catrs(['merge', path('0.jsonl'), path('1.jsonl'), '--size', SIZE, '--seed', 3, '--out', path('merged.jsonl')]); // prettier-ignore
    expect(merged.stdout).toContain('24 inputs of 2 logs\n');
    expect(await timeless('merged.jsonl')).toEqual(await timeless('whole.jsonl'));
  });

  it('certifies the changed model of a changed model from its log, and stops at a radius', async () => {
    await catrs(ofNew('first.jsonl', ['--keep-votes', KEPT, '--n', KEPT]));
    const { code, stdout } = await catrs(ofNew('second.jsonl', ['--until', 0.1, '--keep-votes', KEPT], 'first.jsonl'));
    expect(stdout).toContain('incremental, 24 inputs');
    expect(code).toBe(0);
    const rows = await rowsOf('second.jsonl');
    expect(rows[0]!.certificate).toMatchObject({ until: 0.1, losses: 0, basis: { task: 'incremental' } });
    expect(rows[0]!.certificate.alpha).toBeCloseTo(0.003, 12);
    expect((await catrs(['verify', path('second.jsonl')])).code).toBe(0);
  });

  it('goes on from votes that a rule stopped, as many as all images have', async () => {
    const planned = ['--n0', 20, '--radius', 0.05, '--n', 400, '--keep-votes', 300];
    await catrs(['certify', ...data(), '--model', path('model'), '--backend', 'cpu', '--sigma', 0.5, ...planned, '--out', path('planned.tsv')]); // prettier-ignore
    const old = parseCertificationLog(await readFile(path('planned.tsv'), 'utf8')).flatMap(({ certificate }) =>
      certificate!.abstained ? [] : [certificate!.votes!.length],
    );
    expect(Math.min(...old)).toBeLessThan(300);
    const { code } = await catrs(ofNew('from-planned.jsonl', [], 'planned.tsv'));
    expect(code).toBe(0);
    const rows = await rowsOf('from-planned.jsonl');
    expect(new Set(rows.map(({ certificate }) => certificate.n))).toEqual(new Set([Math.min(...old)]));
    expect((await catrs(['verify', path('from-planned.jsonl')])).code).toBe(0);
  });
});

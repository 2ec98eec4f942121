import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePlan, planText } from '../../src/certify/plan-text.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { withoutTimes } from '../node/run.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs, type CliResult, useTiny } from './run.ts';

const { path, run } = useTiny();
const log = async (name: string): Promise<string> => withoutTimes(await readFile(path(name), 'utf8'));
const certificates = async (name: string): Promise<Certificate[]> =>
  parseCertificationLog(await readFile(path(name), 'utf8')).map(({ certificate }) => certificate!);

/** Certifies some images with these options into a log. */
const certify = (name: string, options: readonly (string | number)[], planFolder?: string): Promise<CliResult> =>
  catrs(['certify', ...run(['--n', 2000, ...options]), '--out', path(name)], {
    workerArguments: runTypeScript,
    ...(planFolder !== undefined && { planFolder }),
  });

const fails = async (done: Promise<CliResult>): Promise<string> => {
  const { code, stderr } = await done;
  expect(code).toBe(2);
  return stderr;
};

describe('catrs certify --radius', () => {
  it('plans, without a selection sample for one radius', async () => {
    expect((await certify('one.tsv', ['--radius', 0.25])).code).toBe(0);
    const all = await certificates('one.tsv');
    for (const { rule, n0, checkEvery, countsSelection } of all) {
      expect(rule).toMatchObject({ name: 'planned-radius', parameters: { radius: [0.25], worth: 10 } });
      expect([n0, checkEvery, countsSelection.reduce((sum, votes) => sum + votes)]).toEqual([0, 10, 0]);
    }
    expect(new Set(all.map(({ reason }) => reason))).toEqual(new Set(['certified', 'declined']));
    const { code, stdout } = await catrs(['verify', path('one.tsv')]);
    expect(code).toBe(0);
    expect(stdout).toContain('planned-radius radius [0.25], worth 10, checks every 10');
    expect(stdout).toContain('n0 0, n 2000');
    expect(stdout, 'boundaries are no setting').not.toContain('10:');
  });

  it('keeps the selection sample for several radii, and where --n0 asks for one', async () => {
    expect((await certify('two.tsv', ['--radius', '0.25,0.5', '--max', 6])).code).toBe(0);
    expect((await certify('n0.tsv', ['--radius', '0.25', '--n0', 30, '--worth', 3, '--max', 6])).code).toBe(0);
    expect((await certificates('two.tsv')).map(({ n0 }) => n0)).toEqual([100, 100, 100, 100, 100, 100]);
    const [first] = await certificates('n0.tsv');
    expect(first).toMatchObject({ n0: 30, rule: { parameters: { worth: 3 } } });
    expect((await certificates('two.tsv'))[0]).toMatchObject({ radius: 0.5 });
    for (const name of ['two.tsv', 'n0.tsv']) expect((await catrs(['verify', path(name)])).code).toBe(0);
    expect(await fails(certify('none.tsv', ['--radius', '0.25,0.5', '--n0', 0]))).toContain('--n0 must be at least 1');
  });

  it('gives the same log by threads, in other batches and gone on with', async () => {
    await certify('whole.tsv', ['--radius', 0.25]);
    await certify('batches.tsv', ['--radius', 0.25, '--batch-size', 7]);
    await certify('part.tsv', ['--radius', 0.25, '--max', 9]);
    await certify('part.tsv', ['--radius', 0.25, '--resume']);
    expect((await certify('threads.tsv', ['--radius', 0.25, '--workers', 2])).code).toBe(0);
    for (const name of ['batches.tsv', 'part.tsv', 'threads.tsv']) expect(await log(name)).toBe(await log('whole.tsv'));
  });

  it('finds another worth, n or boundaries when it goes on', async () => {
    await certify('worth.tsv', ['--radius', 0.25, '--max', 4]);
    expect(await fails(certify('worth.tsv', ['--radius', 0.25, '--worth', 5, '--resume']))).toMatch(/rule|worth/);
    expect(await fails(certify('worth.tsv', ['--radius', 0.25, '--n', 3000, '--resume']))).toMatch(/--n/);
    expect(await fails(certify('worth.tsv', ['--radius', 0.3, '--resume']))).toMatch(/rule|radius/);
    const text = await readFile(path('worth.tsv'), 'utf8');
    const [plan = ''] = (await certificates('worth.tsv'))[0]!.rule.parameters['plans'] as readonly string[];
    const { checks, low, up } = parsePlan(plan)!;
    const fitted = planText({ checks, low, up: up.map((count, j) => (j === 9 ? count - 1 : count)) });
    await writeFile(path('fitted.tsv'), text.replaceAll(plan, fitted));
    const { code, stdout } = await catrs(['verify', path('fitted.tsv')]);
    expect(code).toBe(1);
    expect(stdout).toContain('other boundaries than those that follow from n, alpha, radius, worth and checks');
    expect(await fails(certify('fitted.tsv', ['--radius', 0.25, '--resume']))).toContain('certificates that follow');
  });

  it('keeps plans for later runs, and takes none that is not sound', async () => {
    const folder = path('plans');
    await certify('kept.tsv', ['--radius', 0.25, '--max', 3], folder);
    const [file = '', ...more] = await readdir(folder);
    expect(more).toEqual([]);
    const kept = await readFile(join(folder, file), 'utf8');
    const [plan = ''] = (JSON.parse(kept) as { plans: string[] }).plans;
    expect((await certificates('kept.tsv'))[0]?.rule.parameters['plans']).toEqual([plan]);
    // A sound one is taken as it is, which shows that it is read.
    const { checks, low, up } = parsePlan(plan)!;
    const stricter = planText({ checks, low, up: up.map((count, j) => (j === 9 ? count + 1 : count)) });
    await writeFile(join(folder, file), JSON.stringify({ plans: [stricter] }));
    await certify('stricter.tsv', ['--radius', 0.25, '--max', 3], folder);
    expect((await certificates('stricter.tsv'))[0]?.rule.parameters['plans']).toEqual([stricter]);
    const lax = planText({ checks, low, up: up.map((count, j) => (j === 9 ? low[j]! + 1 : count)) });
    for (const damaged of [JSON.stringify({ plans: [lax] }), '{"plans":["10:', JSON.stringify({ plans: 7 }), '']) {
      await writeFile(join(folder, file), damaged);
      expect((await certify(`again-${damaged.length}.tsv`, ['--radius', 0.25, '--max', 3], folder)).code).toBe(0);
      expect(await log(`again-${damaged.length}.tsv`)).toBe(await log('kept.tsv'));
      expect(await readFile(join(folder, file), 'utf8')).toBe(kept);
    }
    // Other settings have another file.
    await certify('other.tsv', ['--radius', 0.25, '--max', 3, '--alpha', 0.01], folder);
    expect(await readdir(folder)).toHaveLength(2);
    // A place that cannot be written to costs a second, no more.
    const nowhere = join(folder, file, 'plans');
    await certify('nowhere.tsv', ['--radius', 0.25, '--max', 3], nowhere);
    expect(await log('nowhere.tsv')).toBe(await log('kept.tsv'));
  });

  it('goes on with a log that fixedRadius began by the same rule', async () => {
    // With the default prior named, the rule of 0.5.
    const before = ['--radius', '0.25', '--prior', 'selection'];
    await certify('fixed-whole.tsv', before);
    await certify('fixed.tsv', [...before, '--max', 7]);
    expect((await certificates('fixed.tsv'))[0]?.rule).toEqual({
      name: 'fixed-radius',
      parameters: { radius: [0.25], beta: 0.001, prior: 'selection', evidence: 'truncated', finalShare: 0.2 },
    });
    expect(await fails(certify('fixed.tsv', ['--radius', 0.25, '--worth', 5, '--resume']))).toBe(
      'catrs: --worth must not be given for this log, which fixedRadius began (leave it out, or take another --out)\n',
    );
    expect((await certify('fixed.tsv', ['--radius', 0.25, '--resume'])).code).toBe(0);
    expect(await log('fixed.tsv')).toBe(await log('fixed-whole.tsv'));
    expect((await catrs(['verify', path('fixed.tsv')])).code).toBe(0);
  });

  it('refuses --worth where it says nothing', async () => {
    expect(await fails(certify('none.tsv', ['--worth', 5]))).toContain('--worth must be given with --radius');
    expect(await fails(certify('none.tsv', ['--radius', 0.25, '--worth', 5, '--prior', 'jeffreys']))).toContain(
      '--worth and --prior are of two rules',
    );
    expect(await fails(certify('none.tsv', ['--radius', 0.25, '--worth', 0]))).toContain('--worth must be');
    expect(await fails(certify('none.tsv', ['--radius', 9]))).toContain('--radius must be at most');
    expect(await fails(certify('none.tsv', ['--radius', 0.25, '--n', 3_000_000]))).toContain(
      '--n must be at most 1000000',
    );
  });
});

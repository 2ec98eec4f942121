import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey } from 'catrs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../examples/digits/command-line.ts';
import { loadDigits, partOf, PIXELS } from '../../examples/digits/data.ts';
import { WorkerPool } from '../../examples/digits/pool.ts';
import { ProgressBoard } from '../../examples/digits/progress.ts';
import { formatReport } from '../../examples/digits/report.ts';
import type { Report } from '../../examples/digits/report.ts';
import { presets, tableRadii } from '../../examples/digits/settings.ts';
import type { Task } from '../../examples/digits/tasks.ts';

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the main job as a user would, on the built package. */
function runMain(args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/digits/main.ts', ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

describe('npm start -- --fast --json', () => {
  let folder: string;
  let run: Finished;
  let report: Report;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catrs-digits-'));
    run = await runMain(['--fast', '--json', '--seed', '3', '--out', folder]);
    report = JSON.parse(run.stdout) as Report;
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  it('prints one JSON object on stdout and nothing else', () => {
    expect(run.code, run.stderr).toBe(0);
    expect(report).toMatchObject({ backend: 'wasm', seed: 3, settings: presets.fast });
  });

  it('reports the figures of both methods', () => {
    for (const method of [report.methods.gaussian, report.methods.catrs]) {
      expect(method.averageCertifiedRadius).toBeGreaterThanOrEqual(0);
      expect(method.images).toBe(presets.fast.evaluationDigits);
      expect(method.epochs).toBe(presets.fast.furtherEpochs);
      expect(method.seconds).toBeGreaterThan(0);
      expect(method.abstained).toBeGreaterThanOrEqual(0);
      expect(Object.keys(method.certifiedAccuracy).map(Number)).toEqual(tableRadii(presets.fast));
      const accuracies = Object.values(method.certifiedAccuracy);
      expect(accuracies).toEqual(accuracies.toSorted((a, b) => b - a));
    }
  });

  it('reports the paired difference with its 95 % interval', () => {
    const { methods, difference } = report;
    const { averageCertifiedRadius: ofCatrs } = methods.catrs;
    expect(difference.mean).toBeCloseTo(ofCatrs - methods.gaussian.averageCertifiedRadius, 12);
    expect(difference.low).toBeLessThanOrEqual(difference.mean);
    expect(difference.high).toBeGreaterThanOrEqual(difference.mean);
    expect(difference.level).toBe(0.95);
  });

  it('writes two certification logs, on the same digits with the same keys, and a plot', async () => {
    const read = async (path: string): Promise<string[][]> =>
      (await readFile(path, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
    const gaussian = await read(report.files.gaussianLog);
    const catrs = await read(report.files.catrsLog);
    expect(gaussian[0]).toEqual(catrs[0]);
    expect(gaussian).toHaveLength(1 + presets.fast.evaluationDigits);
    const key = gaussian[0]!.indexOf('key');
    for (const column of [0, 1, key]) {
      expect(catrs.map((row) => row[column])).toEqual(gaussian.map((row) => row[column]));
    }
    const svg = await readFile(report.files.plot, 'utf8');
    expect(svg).toMatch(/^<svg/);
    expect(svg).toContain('CAT-RS');
    expect(svg).toContain('Gaussian');
  });

  it('shows the stages on stderr', () => {
    expect(run.stderr).toContain('CAT-RS further epochs: 100 %');
    expect(run.stderr).toContain('certify CAT-RS: 100 %');
  });

  it('has a table for people that says the same', () => {
    const text = formatReport(report);
    expect(text).toContain(`Gaussian    ${report.methods.gaussian.averageCertifiedRadius.toFixed(3)}`);
    expect(text).toContain(report.conclusion);
    expect(Math.max(...text.split('\n').map((line) => (line.includes(folder) ? 0 : line.length)))).toBeLessThan(80);
  });
});

describe('command line', () => {
  it('gets no banner of npm on stdout (.npmrc)', () => {
    const stdout = execFileSync('npm', ['run', 'docs', '--', '--version'], { encoding: 'utf8', stdio: 'pipe' });
    expect(stdout).not.toContain('> catrs');
    expect(stdout).toContain('TypeDoc');
  });

  it('refuses what it does not know, with exit code 2 and nothing on stdout', async () => {
    const { code, stdout, stderr } = await runMain(['--jsonn']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("'--jsonn'");
    expect(stderr).toContain('npm start -- --full');
  });

  it.each([[['--full', '--fast']], [['--seed', '-1']], [['--seed=1.5']], [['--seed']], [['extra']]])(
    'refuses %j',
    (args) => {
      expect(() => parseCommandLine(args)).toThrow(/exclude|--seed|extra/);
    },
  );

  it('reads flags', () => {
    const request = { preset: 'full', json: true, help: false, seed: 7, out: undefined };
    expect(parseCommandLine(['--full', '--json', '--seed', '7'])).toEqual(request);
    expect(parseCommandLine([])).toMatchObject({ preset: 'default', json: false, seed: 0 });
  });
});

describe('digits', () => {
  it('are split into parts without overlap, the same on every run', async () => {
    const digits = await loadDigits();
    expect(digits.labels).toHaveLength(10_000);
    const parts = (['training', 'validation', 'evaluation'] as const).map((part) => partOf(digits, part));
    expect(parts.map(({ labels }) => labels.length)).toEqual([8000, 1000, 1000]);
    for (const { images, labels } of parts) expect(images).toHaveLength(labels.length * PIXELS);
    expect(parts.map(({ labels }) => labels.subarray(0, 8).join(''))).toEqual(['22607909', '74941356', '68192931']);
    expect(Math.min(...digits.images.subarray(0, PIXELS))).toBe(0);
    expect(digits.images.every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true);
  });
});

describe('worker pool', () => {
  const task: Task = {
    kind: 'softTargets',
    weights: [],
    start: 0,
    count: 0,
    key: createKey(0),
    settings: presets.fast,
  };
  const crash = new URL('./digits-crash.mjs', import.meta.url);

  it('fails every task, running, waiting and later, when a thread dies', async () => {
    const pool = new WorkerPool({ size: 1, workerData: undefined, file: crash });
    const tasks = await Promise.allSettled([pool.run(task), pool.run(task)]);
    const reasons = tasks.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'no error'));
    expect(reasons).toEqual(Array(2).fill('Error: a worker thread crashed: out of luck'));
    await expect(pool.run(task)).rejects.toThrow('a worker thread crashed');
    await pool.close();
  });
});

describe('progress', () => {
  const ESCAPE = '\u001b';
  const titles = { train: 'train', certify: 'certify' };
  const capture = (extra: object): { stream: { write(text: string): boolean }; lines: string[] } => {
    const lines: string[] = [];
    return { lines, stream: { ...extra, write: (text) => lines.push(text) > 0 } };
  };

  it('writes plain lines at the beginning and the end of a stage', () => {
    const { stream, lines } = capture({});
    const board = new ProgressBoard(stream, titles);
    board.update('train', 0, 10, '');
    board.update('train', 5, 10, 'loss 1');
    board.update('train', 10, 10, '');
    expect(lines).toEqual(['train: 0 %  started\n', 'train: 100 %  done in 0 s\n']);
  });

  it('re-draws one line for each stage on a terminal, never wider than it', () => {
    const { stream, lines } = capture({ isTTY: true, columns: 40 });
    const board = new ProgressBoard(stream, titles);
    board.update('train', 0, 10, '');
    board.update('train', 10, 10, '');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('certify  ░');
    expect(lines[1]?.startsWith(`${ESCAPE}[2A`)).toBe(true);
    for (const line of lines[0]!.split(`\r${ESCAPE}[2K`)) expect(line.length).toBeLessThanOrEqual(40);
  });
});

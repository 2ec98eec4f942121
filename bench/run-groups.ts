import { fork } from 'node:child_process';
import { groups } from './groups.ts';
import { cleanEnvironment } from './peer/environment.ts';
import {
  type BenchSettings,
  type GroupResult,
  type Measured,
  reached,
  type Reached,
  type TargetKey,
} from './targets.ts';

/** Runs one group; throws if it cannot. */
export type RunGroup = (name: string, settings: BenchSettings) => Promise<GroupResult>;

/** Everything that a run found. */
export interface BenchReport {
  readonly targets: Partial<Record<TargetKey, Reached>>;
  readonly figures: Record<string, unknown>;
  /** Groups that crashed, with their errors. */
  readonly failures: Record<string, string>;
}

/** A group may take this long, even on a busy machine; on a quiet one all of them together take less. */
const LIMIT_MILLISECONDS = 2_400_000;

/** How groups are run, and who hears of each as soon as it has ended. */
export interface RunGroupsOptions {
  readonly run?: RunGroup;
  readonly onGroup?: (report: BenchReport) => void | Promise<void>;
}

/** Runs groups one after the other. One that crashes costs its own figures only. */
export async function runGroups(
  names: readonly string[],
  settings: BenchSettings,
  { run = runInProcess, onGroup }: RunGroupsOptions = {},
): Promise<BenchReport> {
  const report: BenchReport = { targets: {}, figures: {}, failures: {} };
  for (const name of names) {
    const begin = performance.now();
    process.stderr.write(`${name} ... `);
    let result: GroupResult = {};
    try {
      result = await run(name, settings);
    } catch (error) {
      report.failures[name] = error instanceof Error ? error.message : String(error);
    }
    const missing: Measured = { value: null, reason: report.failures[name] ?? 'the group did not measure it' };
    for (const key of groups[name]?.targets ?? []) report.targets[key] = reached(key, result.targets?.[key] ?? missing);
    Object.assign(report.figures, result.figures);
    const failed = report.failures[name] === undefined ? '' : `, FAILED: ${report.failures[name]}`;
    const reachedHere = (groups[name]?.targets ?? []).map((key) => `, ${key} ${report.targets[key]?.value ?? '–'}`);
    process.stderr.write(`${((performance.now() - begin) / 1000).toFixed(1)} s${reachedHere.join('')}${failed}\n`);
    await onGroup?.(report);
  }
  return report;
}

/** What the process of a group says at its end. */
export type GroupMessage = { readonly result: GroupResult } | { readonly error: string };

/** Runs a group in a process of its own: nothing of the groups before is in its memory, and its crash is its own. */
function runInProcess(name: string, settings: BenchSettings): Promise<GroupResult> {
  return new Promise((resolve, reject) => {
    // Standard output belongs to the report.
    const child = fork(new URL('group-process.ts', import.meta.url), [name, JSON.stringify(settings)], {
      stdio: ['ignore', 2, 2, 'ipc'],
      execArgv: ['--expose-gc', ...process.execArgv],
      env: cleanEnvironment(),
    });
    let last: GroupMessage = { error: 'the process ended without a result' };
    const timer = setTimeout(() => {
      last = { error: `no result after ${LIMIT_MILLISECONDS / 1000} s` };
      child.kill('SIGKILL');
    }, LIMIT_MILLISECONDS);
    child.on('message', (message) => (last = message as GroupMessage));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if ('result' in last) resolve(last.result);
      else reject(new Error(`${last.error} (${signal === null ? `exit code ${code}` : signal})`));
    });
  });
}

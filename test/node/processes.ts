import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runTypeScript } from '../helpers/run-typescript.ts';

/** What a process printed, and how it ended. */
export interface EndedProcess {
  readonly lines: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process on its way. */
export interface RunningProcess {
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => boolean;
  /** Ready: it begins with the run. */
  readonly ready: Promise<void>;
  readonly ended: Promise<EndedProcess>;
}

/** How to run child.ts. */
export interface ProcessOptions {
  /** Milliseconds before each image. */
  readonly wait?: number;
  /** A command of the shell that limits what the process may do. */
  readonly limit?: string;
  /** Another file to run. */
  readonly child?: string;
}

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
/** What certifies other outputs than one label. */
export const OUTPUT_CHILD: string = fileURLToPath(new URL('output-child.ts', import.meta.url));

/** Runs child.ts on a log. */
export function runProcess(file: string, { wait = 0, limit, child = CHILD }: ProcessOptions = {}): RunningProcess {
  const command = [process.execPath, ...runTypeScript, child, file, String(wait)];
  const [program = '', ...args] =
    limit === undefined ? command : ['bash', '-c', `${limit}; exec "$@"`, 'bash', ...command];
  const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let complaints = '';
  started.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ready = new Promise<void>((resolve) => {
    started.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      resolve();
    });
  });
  const ended = new Promise<EndedProcess>((resolve, reject) => {
    started.on('error', reject);
    started.on('close', (code, signal) => {
      if (code !== null && code !== 0) reject(new Error(complaints));
      resolve({ lines: printed.trimEnd().split('\n').slice(1), code, signal });
    });
  });
  return { pid: started.pid ?? 0, kill: (signal) => started.kill(signal), ready, ended };
}

/** Waits until some process holds the lock of a log. */
export async function locked(file: string): Promise<void> {
  while (!(await stat(`${file}.lock`).catch(() => undefined))) await sleep(5);
}

/** When to kill a process: with at least so many rows in its log (undefined: when it begins), and so many milliseconds later. */
export interface KillTime {
  readonly rows?: number;
  readonly milliseconds: number;
}

/** Runs child.ts on a log and kills it on the way. */
export async function runAndKill(
  file: string,
  wait: number,
  { rows, milliseconds }: KillTime,
  child = CHILD,
): Promise<EndedProcess> {
  const running = runProcess(file, { wait, child });
  await running.ready;
  while (rows !== undefined && (await rowsIn(file)) < rows) await sleep(1);
  await sleep(milliseconds);
  running.kill('SIGKILL');
  return running.ended;
}

/** Whole rows in a log. */
export async function rowsIn(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return Math.max(0, text.split('\n').length - 2);
}

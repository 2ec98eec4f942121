/**
 * The command line of main.ts.
 */
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_FOLDER } from './data.ts';
import type { Places } from './job.ts';
import { LONGER, METHODS } from './certification.ts';
import { ablationRuns } from './config.ts';

/** What the command line asks for. */
export interface Request {
  /** `report` makes tables and plots from logs that are there; `check` only compares them with the page. */
  readonly action: 'run' | 'report' | 'check' | 'help';
  readonly places: Places;
  /** Names of configurations. */
  readonly names: readonly string[];
  /** Jobs at once. */
  readonly width: number;
}

/** A command line that cannot be understood; its message is for people. */
export class UsageError extends Error {}

/** The help text. */
export const USAGE = `Trains seven methods on Fashion-MNIST (LeNet, sigma 0.25), certifies them, and compares with the official results.
It can be stopped at any moment; the same command goes on.

npm run reproduce                              everything, about 4 hours on two cores, with onnxruntime-node
npm run reproduce -- --quick                   the same in little, 3 minutes: shows that it runs, and nothing else
npm run reproduce -- --methods gaussian,catrs  some of ${METHODS.join(', ')}
npm run reproduce -- --ablation                CAT-RS without each of its parts, in small runs, about 90 minutes
npm run reproduce -- --longer                  the baseline with 24 and with all 90 published epochs, about 80 minutes
npm run reproduce -- --data folder             the four IDX files (default ${DEFAULT_FOLDER})
npm run reproduce -- --runs folder             for checkpoints and models (default results/runs)
npm run reproduce -- --results folder          for logs, tables and plots (default results/fmnist-0.25)
npm run reproduce -- --jobs 4                  processes at once (default: the number of cores)
npm run reproduce -- --report                  tables and plots again, from the logs in --results
npm run reproduce -- --check                   whether the stored logs give the stored tables (default docs/results/fmnist-0.25)
`;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Reads the command line. Throws a {@link UsageError}. */
export function parseCommandLine(args: readonly string[]): Request {
  const { help, check, report, quick, ablation, longer, data, methods, jobs, ...folders } = parse(args);
  if (!/^[1-9]\d*$/.test(jobs)) throw new UsageError(`--jobs must be a positive integer, got '${jobs}'`);
  const chosen = methods.split(',');
  const unknown = chosen.find((name) => !(METHODS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`--methods must be some of ${METHODS.join(', ')}, got '${unknown}'`);
  const usual = quick ? join(tmpdir(), 'catrs-reproduce-quick') : join(ROOT, 'results');
  const results = check ? join(ROOT, 'docs/results/fmnist-0.25') : join(usual, 'fmnist-0.25');
  return {
    action: help ? 'help' : check ? 'check' : report ? 'report' : 'run',
    places: {
      data: resolve(data),
      runs: resolve(folders.runs ?? join(usual, 'runs')),
      results: resolve(folders.results ?? results),
      quick,
    },
    names: ablation ? ablationRuns() : longer ? LONGER : chosen,
    width: Number(jobs),
  };
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { ...flag, short: 'h' },
        quick: flag,
        ablation: flag,
        longer: flag,
        check: flag,
        report: flag,
        data: { type: 'string', default: DEFAULT_FOLDER },
        runs: { type: 'string' },
        results: { type: 'string' },
        methods: { type: 'string', default: METHODS.join() },
        jobs: { type: 'string', default: String(availableParallelism()) },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

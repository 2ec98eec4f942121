/**
 * The command line of main.ts.
 */
import { parseArgs } from 'node:util';
import { durations } from './settings.ts';
import type { PresetName } from './settings.ts';

/** What the command line asks for. */
export interface Request {
  readonly preset: PresetName;
  readonly json: boolean;
  readonly help: boolean;
  readonly seed: number;
  /** Folder for the logs and the plot, if not the usual one. */
  readonly out: string | undefined;
}

/** A command line that cannot be understood; its message is for people. */
export class UsageError extends Error {}

/** The help text. */
export const USAGE = `Trains a digit classifier with Gaussian noise and with CAT-RS, certifies both
on digits held out from training, and compares them.

npm start                   ${durations.default} on two cores
npm start -- --full         larger settings, ${durations.full}
npm start -- --fast         ${durations.fast}: shows that everything runs, proves nothing
npm start -- --json         one JSON object on stdout (progress stays on stderr)
npm start -- --seed 7       other random numbers (default 0), same split of digits
npm start -- --out folder   for the logs and the plot (default results/digits)
`;

/** Reads the command line. Throws a {@link UsageError}. */
export function parseCommandLine(args: readonly string[]): Request {
  const { full, fast, json, help, seed, out } = parse(args);
  if (full && fast) throw new UsageError('--full and --fast exclude each other');
  if (!/^\d+$/.test(seed) || !Number.isSafeInteger(Number(seed))) {
    throw new UsageError(`--seed must be an integer from 0 to 2^53 - 1, got '${seed}'`);
  }
  return { preset: full ? 'full' : fast ? 'fast' : 'default', json, help, seed: Number(seed), out };
}

function parse(args: readonly string[]) {
  try {
    const flag = { type: 'boolean', default: false } as const;
    return parseArgs({
      args: [...args],
      options: {
        full: flag,
        fast: flag,
        json: flag,
        help: { ...flag, short: 'h' },
        seed: { type: 'string', default: '0' },
        out: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

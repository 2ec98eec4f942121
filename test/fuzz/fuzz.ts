import { expect } from 'vitest';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DataError } from '../../src/errors.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { documentedForm } from '../helpers/errors.ts';
import { Draws } from './draws.ts';
import { mutate, type Tokens } from './mutate.ts';

/** A decoder under test. */
export interface FuzzTarget<T> {
  readonly name: string;
  /** Intact files, not packed. */
  readonly seeds: readonly Uint8Array[];
  /** What can stand for each other in such a file. */
  readonly tokens: readonly Tokens[];
  readonly decode: (file: Uint8Array) => Promise<T>;
  /** Fails unless `value` is what the unpacked file says: told by an independent decoder. */
  readonly check: (value: T, file: Uint8Array) => void;
  /** Milliseconds that one case may take. */
  readonly limit?: number;
}

/** What a run has seen. */
export interface FuzzReport {
  cases: number;
  packed: number;
  decoded: number;
  refused: number;
  /** Different error texts, numbers and quoted pieces left out. */
  readonly errors: Set<string>;
  worstMilliseconds: number;
  /** Most memory at any time above that at the start: heap and array buffers. */
  worstBytes: number;
}

/** No case may take longer. Most take 0.1 ms; the longest seen took 0.4 s, on a machine with other work on every core. */
const LIMIT_MS = 5_000;
const ONE_IN_PACKED = 6;
const LONGEST_ERROR = 4_096;
const MEMORY_EVERY = 64;

/** Decodes `count` damaged files: every one must give a right value or a documented error, soon. */
export async function fuzz<T>(target: FuzzTarget<T>, seed: number, count: number): Promise<FuzzReport> {
  const report: FuzzReport = {
    ...{ cases: 0, packed: 0, decoded: 0, refused: 0, errors: new Set<string>() },
    ...{ worstMilliseconds: 0, worstBytes: 0 },
  };
  const key = createKey(seed);
  const before = usedBytes();
  for (let i = 0; i < count; i++) {
    const draws = new Draws(foldIn(key, i));
    const isPacked = draws.oneIn(ONE_IN_PACKED);
    const { bytes, damages } = damagedFile(target, draws, isPacked);
    const where = `case ${i} of seed ${seed}: ${target.name}${isPacked ? ', packed' : ''}, ${damages.join(', ')}`;
    await runCase(target, bytes, where, report);
    if (isPacked) report.packed++;
    if (i % MEMORY_EVERY === 0) report.worstBytes = Math.max(report.worstBytes, usedBytes() - before);
  }
  return report;
}

/** Packed files are damaged before or after they are packed. */
function damagedFile(
  { seeds, tokens }: Pick<FuzzTarget<unknown>, 'seeds' | 'tokens'>,
  draws: Draws,
  isPacked: boolean,
): ReturnType<typeof mutate> {
  const intact = draws.pick(seeds);
  if (!isPacked) return mutate(intact, draws, tokens);
  if (draws.oneIn(2)) return mutate(new Uint8Array(gzipSync(intact)), draws);
  const { bytes, damages } = mutate(intact, draws, tokens);
  return { bytes: new Uint8Array(gzipSync(bytes)), damages };
}

async function runCase<T>(target: FuzzTarget<T>, file: Uint8Array, where: string, report: FuzzReport): Promise<void> {
  const begun = performance.now();
  const outcome = await inTime(target.decode(file), target.limit ?? LIMIT_MS, where).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const milliseconds = performance.now() - begun;
  report.cases++;
  report.worstMilliseconds = Math.max(report.worstMilliseconds, milliseconds);
  if (milliseconds > (target.limit ?? LIMIT_MS)) expect.fail(`${where}: took ${milliseconds} ms`);
  if ('error' in outcome) {
    report.refused++;
    report.errors.add(kindOfError(outcome.error, where));
    return;
  }
  report.decoded++;
  try {
    target.check(outcome.value, isGzip(file) ? new Uint8Array(gunzipSync(file)) : file);
  } catch (error) {
    expect.fail(`${where}: decoded to a wrong value: ${String(error)}`);
  }
}

/** Fails unless the error is a DataError of the documented form; gives its text without what varies. */
function kindOfError(error: unknown, where: string): string {
  if (!(error instanceof DataError)) return expect.fail(`${where}: threw ${String(error)}`);
  const { message } = error;
  if (!documentedForm.test(message)) expect.fail(`${where}: error not of the documented form: ${message}`);
  if (message.length > LONGEST_ERROR) expect.fail(`${where}: error of ${message.length} characters`);
  return message
    .replace(/, got .*/s, '')
    .replace(/\d+/g, '#')
    .replace(/\(.*?\)/g, '(...)');
}

async function inTime<T>(promise: Promise<T>, limit: number, where: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${where}: nothing after ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const isGzip = (file: Uint8Array): boolean => file[0] === 0x1f && file[1] === 0x8b;

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

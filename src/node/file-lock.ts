import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { OptionError, refusal } from '../errors.ts';

/** Takes the lock of a file, `path.lock`; the returned function gives it back. Throws OptionError if another run holds it. @internal */
export async function lockFor(call: string, path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const attempt = await takeLock(lock);
  if (attempt.taken) return attempt.release;
  const { holder } = attempt;
  const details = { call, field: 'file', value: path, got: `${path}, ${held(holder)}`, way: wayOut(lock, holder) };
  throw refusal(OptionError, details, 'must not be in use by another run');
}

function held(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'locked by a file that names no process';
  return `locked by process ${holder.pid} on ${holder.host} since ${holder.since}`;
}

function wayOut(lock: string, holder: LockHolder | undefined): string {
  const wait = holder === undefined ? '' : 'wait for it or stop it; ';
  return `${wait}if no such run exists any more, delete ${lock}`;
}

/** Who holds a lock: the JSON in a lock file. @internal */
export interface LockHolder extends ProcessIdentity {
  /** Differs for every lock that was ever taken. */
  readonly id: string;
  /** When the lock was taken, for people. */
  readonly since: string;
}

/** The answer to a try to take a lock: a way to give it back, or who holds it (undefined if its file says nothing readable). @internal */
export type LockAttempt =
  | { readonly taken: true; readonly release: () => Promise<void> }
  | { readonly taken: false; readonly holder: LockHolder | undefined };

/**
 * Takes the lock at `path`, a file that only one process can create, unless a process holds it that may still run.
 *
 * The lock of a process that has ended is taken over. Whoever wants to do so must first hold the lock `path.ID`, ID being that of the dead
 * lock, and look again: so of several takers one wins, and none removes the lock of another. If a taker dies at it, its own lock is
 * taken over in the same way.
 * @internal
 */
export async function takeLock(path: string): Promise<LockAttempt> {
  const self = await thisProcess();
  const attempt = await takeAs(path, self);
  if (attempt.taken) await sweep(path, self);
  return attempt;
}

async function takeAs(path: string, self: ProcessIdentity): Promise<LockAttempt> {
  const mine: LockHolder = { ...self, id: randomUUID(), since: new Date().toISOString() };
  const written = `${path}.${mine.id}${NEW}`;
  const taken: LockAttempt = { taken: true, release: () => release(path, mine) };
  try {
    for (;;) {
      await writeWhole(written, mine);
      const created = await unlessSwept(createFrom(written, path));
      if (created) return taken;
      if (created === undefined) continue;
      const holder = await readHolder(path);
      if (holder === 'none') continue; // given back in between
      if (holder === undefined || !(await hasEnded(holder, self))) return { taken: false, holder };
      const takeover = await takeAs(`${path}.${holder.id}`, self);
      if (!takeover.taken) return takeover;
      try {
        const now = await readHolder(path);
        if (now === 'none' || now?.id !== holder.id) continue;
        if (await unlessSwept(replaceBy(written, path))) return taken;
      } finally {
        await takeover.release();
      }
    }
  } finally {
    await rm(written, { force: true });
  }
}

/** The content is on the disk before the lock has its name: a lock without a holder could never be taken over. */
async function writeWhole(path: string, holder: LockHolder): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(`${JSON.stringify(holder)}\n`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Ends the name of a lock file that is not in force yet. */
const NEW = '.new';

const NO_HARD_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'];

/** Creates `path` with the content of `written`; false if it exists. */
async function createFrom(written: string, path: string): Promise<boolean> {
  try {
    await link(written, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!NO_HARD_LINKS.includes(code)) throw error;
  }
  const content = await readFile(written);
  const handle = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (handle === undefined) return false;
  await handle.writeFile(content).finally(() => handle.close());
  return true;
}

async function replaceBy(written: string, path: string): Promise<boolean> {
  await rename(written, path);
  return true;
}

/** Undefined if the file to be given its name was swept away: it is only written again. */
async function unlessSwept(step: Promise<boolean>): Promise<boolean | undefined> {
  try {
    return await step;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readHolder(path: string): Promise<LockHolder | 'none' | undefined> {
  try {
    const found = JSON.parse(await readFile(path, 'utf8')) as Partial<LockHolder> | null;
    const isHolder = typeof found?.id === 'string' && typeof found.host === 'string' && Number.isInteger(found.pid);
    return isHolder ? ({ started: null, boot: null, namespace: null, ...found } as LockHolder) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'none';
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function release(path: string, mine: LockHolder): Promise<void> {
  const holder = await readHolder(path);
  if (holder !== 'none' && holder?.id === mine.id) await rm(path, { force: true });
}

/** Removes what processes left that were killed while they took this lock: nothing under these names can matter to its holder. */
async function sweep(path: string, self: ProcessIdentity): Promise<void> {
  const folder = dirname(path);
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${basename(path)}.`));
  for (const name of names) {
    const left = join(folder, name);
    const holder = await readHolder(left);
    const isEmpty = holder === undefined && name.endsWith(NEW);
    if (isEmpty || (typeof holder === 'object' && (await hasEnded(holder, self)))) await rm(left, { force: true });
  }
}

/** What tells a process from every other one, on this machine and on others. @internal */
export interface ProcessIdentity {
  /** Process id. */
  readonly pid: number;
  /** Name of the machine. */
  readonly host: string;
  /** When the process started, in the kernel's ticks; null where the system does not say. Process ids are used again, this is not. */
  readonly started: string | null;
  /** Which start of the machine; null where the system does not say. */
  readonly boot: string | null;
  /** In which container the process id counts; null where the system does not say. */
  readonly namespace: string | null;
}

/** The identity of the running process. @internal */
export async function thisProcess(): Promise<ProcessIdentity> {
  const [state, boot, namespace] = await Promise.all([
    stateOf(process.pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null),
    readlink('/proc/self/ns/pid').catch(() => null),
  ]);
  const started = state?.started ?? null;
  return { pid: process.pid, host: hostname(), started, boot: boot?.trim() ?? null, namespace };
}

/** Whether a process has certainly ended. False wherever that cannot be known: on another machine, in another container. @internal */
export async function hasEnded(
  one: ProcessIdentity,
  self: ProcessIdentity,
  exists: (pid: number) => boolean = processExists,
): Promise<boolean> {
  if (one.host !== self.host) return false;
  if (isOther(one.boot, self.boot)) return true; // the machine was started anew
  if (isOther(one.namespace, self.namespace)) return false;
  if (!exists(one.pid)) return true;
  const state = await stateOf(one.pid);
  return state !== null && (state.isDead || isOther(one.started, state.started));
}

const isOther = (a: string | null, b: string | null): boolean => a !== null && b !== null && a !== b;

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** What Linux says about a process; null elsewhere, and for a process that is gone. */
async function stateOf(pid: number): Promise<{ readonly started: string | null; readonly isDead: boolean } | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The second field, the name in parentheses, may hold anything; the third is the state, the 22nd the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { started: fields[19] ?? null, isDead: fields[0] === 'Z' || fields[0] === 'X' };
}

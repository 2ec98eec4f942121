import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

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

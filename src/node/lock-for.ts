import { OptionError } from '../errors.ts';
import { type LockHolder, takeLock } from './file-lock.ts';

/** Takes the lock of a file, `path.lock`; the returned function gives it back. Throws OptionError if another run holds it. @internal */
export async function lockFor(call: string, path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const attempt = await takeLock(lock);
  if (attempt.taken) return attempt.release;
  const { holder } = attempt;
  throw new OptionError(
    `\`file\` must not be in use by another run, got ${path}, ${held(holder)} (${wayOut(lock, holder)})`,
    {
      call,
      field: 'file',
      value: path,
    },
  );
}

function held(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'locked by a file that names no process';
  return `locked by process ${holder.pid} on ${holder.host} since ${holder.since}`;
}

function wayOut(lock: string, holder: LockHolder | undefined): string {
  const wait = holder === undefined ? '' : 'wait for it or stop it; ';
  return `${wait}if no such run exists any more, delete ${lock}`;
}

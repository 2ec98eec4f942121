import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import * as files from 'node:fs/promises';
import {
  hasEnded,
  type LockAttempt,
  type LockHolder,
  type ProcessIdentity,
  takeLock,
  thisProcess,
} from '../../src/node/file-lock.ts';
import { useFolder } from './run.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof files>();
  return { ...real, link: vi.fn(real.link) };
});

const { path, names } = useFolder();

/** The id of a process that has ended and been waited for. */
const deadPid = (): Promise<number> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, ['-e', '0'], () => resolve(child.pid!));
  });

async function lockOf(file: string, change: Partial<LockHolder>): Promise<LockHolder> {
  const holder = { ...(await thisProcess()), id: 'an-old-one', since: '2020-01-01T00:00:00.000Z', ...change };
  await writeFile(file, JSON.stringify(holder));
  return holder;
}

function releaseOf(attempt: LockAttempt): () => Promise<void> {
  if (!attempt.taken) expect.fail('the lock was not taken');
  return attempt.release;
}

describe('takeLock', () => {
  it('takes a free lock, says in the file who holds it, and gives it back', async () => {
    const release = releaseOf(await takeLock(path('a.lock')));
    const holder = JSON.parse(await readFile(path('a.lock'), 'utf8')) as LockHolder;
    expect(holder).toMatchObject(await thisProcess());
    expect(Math.abs(Date.now() - Date.parse(holder.since))).toBeLessThan(60_000);
    expect(await takeLock(path('a.lock'))).toEqual({ taken: false, holder });
    await release();
    expect(await names()).toEqual([]);
    await releaseOf(await takeLock(path('a.lock')))();
  });

  it('takes over the lock of a process that has ended, and of one whose id another process has now', async () => {
    for (const change of [{ pid: await deadPid() }, { started: '12345' }, { boot: 'before the power failure' }]) {
      await lockOf(path('b.lock'), change);
      const release = releaseOf(await takeLock(path('b.lock')));
      expect(JSON.parse(await readFile(path('b.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
      await release();
      expect(await names()).toEqual([]);
    }
  });

  it.each<[string, Partial<LockHolder>]>([
    ['a living process', { pid: process.ppid, started: null }],
    ['another machine', { host: 'elsewhere', pid: 4_000_000 }],
    ['another container', { namespace: 'pid:[1]', pid: 4_000_000 }],
  ])('leaves the lock of %s alone', async (_name, change) => {
    const holder = await lockOf(path('c.lock'), change);
    expect(await takeLock(path('c.lock'))).toEqual({ taken: false, holder });
    expect(await names()).toEqual(['c.lock']);
    await files.rm(path('c.lock'));
  });

  it.each(['', 'not JSON', '{"pid":1}', 'null', '[]'])(
    'leaves a lock that holds %o alone: nobody knows whose it is',
    async (text) => {
      await writeFile(path('d.lock'), text);
      expect(await takeLock(path('d.lock'))).toEqual({ taken: false, holder: undefined });
      expect(await readFile(path('d.lock'), 'utf8')).toBe(text);
      await files.rm(path('d.lock'));
    },
  );

  it('gives only its own lock back', async () => {
    const release = releaseOf(await takeLock(path('e.lock')));
    const other = await lockOf(path('e.lock'), { id: 'of somebody else' });
    await release();
    expect(JSON.parse(await readFile(path('e.lock'), 'utf8'))).toEqual(other);
    await files.rm(path('e.lock'));
  });

  it('is won by one of many who want it at once, dead locks before it or not', async () => {
    const pid = await deadPid();
    for (let round = 0; round < 30; round++) {
      const lock = path(`f${round}.lock`);
      if (round % 3 > 0) await lockOf(lock, { pid, id: 'dead' });
      if (round % 3 > 1) await lockOf(`${lock}.dead`, { pid, id: 'dead-at-taking-over' }); // one who died at the takeover
      const attempts = await Promise.all(Array.from({ length: 8 }, () => takeLock(lock)));
      const winners = attempts.filter(({ taken }) => taken);
      expect(winners, `round ${round}`).toHaveLength(1);
      await releaseOf(winners[0]!)();
      expect(await names()).toEqual([]);
    }
  });

  it('sweeps away what killed processes left of their tries', async () => {
    const pid = await deadPid();
    await lockOf(path('g.lock.x.new'), { pid });
    await lockOf(path('g.lock.dead'), { pid });
    await writeFile(path('g.lock.y.new'), '');
    const alive = await lockOf(path('g.lock.z.new'), { pid: process.pid });
    const release = releaseOf(await takeLock(path('g.lock')));
    expect(await names()).toEqual(['g.lock', 'g.lock.z.new']);
    expect(JSON.parse(await readFile(path('g.lock.z.new'), 'utf8'))).toEqual(alive);
    await release();
    await files.rm(path('g.lock.z.new'));
  });

  it('works on a disk without hard links', async () => {
    const link = vi.mocked(files.link);
    link.mockRejectedValue(Object.assign(new Error('not here'), { code: 'EPERM' }));
    try {
      const release = releaseOf(await takeLock(path('h.lock')));
      expect(await takeLock(path('h.lock'))).toMatchObject({ taken: false, holder: { pid: process.pid } });
      await release();
      expect(await names()).toEqual([]);
    } finally {
      link.mockRestore();
    }
  });

  it('fails where a file cannot be made', async () => {
    await expect(takeLock(path('no-folder/x.lock'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('hasEnded', () => {
  const self: ProcessIdentity = { pid: 10, host: 'here', started: '1', boot: 'b', namespace: 'n' };
  const alive = (): boolean => true;

  it('never says so of another machine or container, whatever its processes', async () => {
    for (const change of [{ host: 'there' }, { host: 'there', boot: 'c' }, { namespace: 'm' }])
      expect(await hasEnded({ ...self, ...change }, self, () => false)).toBe(false);
  });

  it('says so of a process of this machine that is not there any more, or ran before the machine was started', async () => {
    expect(await hasEnded(self, self, () => false)).toBe(true);
    expect(await hasEnded({ ...self, boot: 'c' }, self, alive)).toBe(true);
  });

  it('believes that a process lives where the system tells no more', async () => {
    const unknown = { ...self, pid: 2 ** 22 + 1, started: null, boot: null, namespace: null };
    expect(await hasEnded(unknown, { ...self, started: null, boot: null, namespace: null }, alive)).toBe(false);
  });

  it('knows this process by its start', async () => {
    const own = await thisProcess();
    expect(own).toMatchObject({ pid: process.pid, host: hostname() });
    expect(await hasEnded(own, own)).toBe(false);
    expect(await hasEnded({ ...own, started: '1' }, own)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { rowsOf, SMALL_TASKS, useSmallTasks } from './output-tasks.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs } from './run.ts';

const path = useSmallTasks();

describe('--workers', () => {
  it.each(SMALL_TASKS)('of --task $task writes the rows of one thread', async ({ task, from, asked, start }) => {
    const run = async (workers: number): Promise<unknown> => {
      const out = path(`${task}-${workers}.jsonl`);
      const words = ['certify', '--task', task, ...from(path), '--backend', 'cpu', ...asked, '--seed', 0];
      const all = [...words, '--start', start, '--workers', workers, '--out', out];
      const { code, stderr } = await catrs(all, { workerArguments: runTypeScript });
      expect(stderr).toContain('100 %, done');
      expect(code).toBe(0);
      return rowsOf(out);
    };
    expect(await run(2)).toEqual(await run(1));
  });
});

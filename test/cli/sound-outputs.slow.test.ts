import { expect, it } from 'vitest';
import { INPUTS, rowsOf, SMALL_TASKS, useSmallTasks } from './output-tasks.ts';
import { catrs } from './run.ts';

const path = useSmallTasks();

it.each(SMALL_TASKS)('--noise sound-gaussian certifies --task $task', async ({ task, from, asked, start }) => {
  const out = path(`${task}.jsonl`);
  const words = ['certify', '--task', task, ...from(path), '--backend', 'cpu', '--noise', 'sound-gaussian', ...asked];
  const made = await catrs([...words, '--seed', 0, '--start', start, '--out', out]);
  expect(made.stderr).toContain('100 %, done');
  expect(made.code).toBe(0);
  const rows = (await rowsOf(out)) as unknown as readonly { certificate: { noise: { name: string } } }[];
  expect(rows).toHaveLength(INPUTS - start);
  for (const { certificate } of rows) expect(certificate.noise.name).toBe('sound-gaussian');
  const calibration = task === 'conformal' ? ['--calibration', start] : [];
  const again = await catrs(['verify', out, ...from(path), '--backend', 'cpu', ...calibration, '--rows', 2]);
  expect(again.stdout).toContain(', 2 drawn again from their keys\n');
  expect(again.stdout).toContain(', sound-gaussian ');
  expect(again.code).toBe(0);
});

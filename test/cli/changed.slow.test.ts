import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseOutputLog } from '../../src/evaluate/output-log.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { useChanged } from './changed-model.ts';
import { catrs } from './run.ts';

const { path, ofNew } = useChanged();
const rowsOf = async (name: string): Promise<object[]> =>
  parseOutputLog(await readFile(path(name), 'utf8')).rows.map(({ milliseconds: _, ...row }) => row);

it('catrs certify --from-log runs in threads to the rows of one thread', async () => {
  const more = ['--keep-votes', 50, '--max', 6];
  await catrs(ofNew('one.jsonl', more));
  const threads = await catrs(ofNew('two.jsonl', [...more, '--workers', 2]), { workerArguments: runTypeScript });
  expect(threads.code).toBe(0);
  const rows = await rowsOf('one.jsonl');
  expect(rows).toHaveLength(6);
  expect(await rowsOf('two.jsonl')).toEqual(rows);
});

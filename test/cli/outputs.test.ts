import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { INPUTS, rowsOf, SMALL_TASKS, useSmallTasks } from './output-tasks.ts';
import { catrs } from './run.ts';

const path = useSmallTasks();

describe.each(SMALL_TASKS)('catrs certify --task $task', ({ task, from, asked, figure, start, isRepeatable }) => {
  const count = INPUTS - start;
  const seeded = isRepeatable ? [] : ['--seed', 0];
  const out = (name: string): string => path(`${task}-${name}.jsonl`);
  const args = (name: string, more: readonly (string | number)[] = []): (string | number)[] => {
    const words = ['certify', '--task', task, ...from(path), '--backend', 'cpu', ...asked, ...seeded];
    return [...words, '--start', start, ...more, '--out', out(name)];
  };

  it('writes a log, says what it says, and what it is checked against', async () => {
    const { code, stdout, stderr } = await catrs(args('whole'));
    expect(stderr).toContain('catrs: running on cpu (tfjs 4.22.0)\n');
    expect(stderr).toContain(`\n${count}/${count} 100 %, done\n`);
    expect(code).toBe(0);
    expect(stdout).toContain(`${out('whole')}: `);
    expect(stdout).toContain(`  ${figure} `);
    const rows = await rowsOf(out('whole'));
    expect(rows.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, i) => start + i));

    const checked = await catrs(['verify', out('whole')]);
    expect(checked.stdout).toContain(`all of ${count} certificates follow from their evidence\n`);
    expect(checked.code).toBe(0);
    const analyzed = await catrs(['analyze', out('whole'), '--json']);
    const { logs } = JSON.parse(analyzed.stdout) as { logs: { examples: number; figures: object }[] };
    expect(logs).toMatchObject([{ examples: count }]);
    expect(Object.keys(logs[0]?.figures ?? {})).toContain(figure);
    const plotted = await catrs(['analyze', out('whole'), '--plot', path(`${task}.svg`)]);
    expect(plotted.stderr).toContain(`catrs: wrote ${path(`${task}.svg`)}: `);
    expect(await readFile(path(`${task}.svg`), 'utf8')).toContain('<svg');
  });

  it('goes on with --resume to the rows of a run that was not stopped, shard by shard', async () => {
    const interrupt = new AbortController();
    let lines = 0;
    const stopped = await catrs(args('cut'), {
      isTTY: true,
      signal: interrupt.signal,
      stderr: (text) => {
        if (text.startsWith('\r') && / [1-9]/.test(text) && ++lines === 3) interrupt.abort();
      },
    });
    expect(stopped.code).toBe(130);
    const refused = await catrs(args('cut'));
    expect(refused.stderr).toContain('which exists (add --resume to go on with it)');
    const resumed = await catrs(args('cut', ['--resume', '--json']));
    expect(JSON.parse(resumed.stdout)).toMatchObject({ done: count, task });
    expect((JSON.parse(resumed.stdout) as { resumed: number }).resumed).toBeGreaterThan(0);
    for (const shard of [0, 1]) await catrs(args(`shard-${shard}`, ['--shard', `${shard}/2`]));
    const merged = await catrs([
      'merge',
      out('shard-0'),
      out('shard-1'),
      '--size',
      INPUTS,
      '--start',
      start,
      '--out',
      out('merged'),
    ]);
    expect(merged.stdout).toContain(`${count} inputs of 2 logs\n`);
    expect(await rowsOf(out('cut'))).toEqual(await rowsOf(out('whole')));
    expect(await rowsOf(out('merged'))).toEqual(await rowsOf(out('whole')));
  });

  it('is drawn again by verify, which finds another claim, another key and another model', async () => {
    const again = ['verify', out('whole'), ...from(path), '--backend', 'cpu'];
    const drawn = await catrs([...again, '--rows', 3]);
    if (!isRepeatable) {
      expect(drawn.code).toBe(2);
      return;
    }
    expect(drawn.stdout).toContain(', 3 drawn again from their keys\n');
    expect(drawn.code).toBe(0);
    const [header = '', first = '', ...others] = (await readFile(out('whole'), 'utf8')).split('\n');
    const edited = first.replace(/"key":\[\d+,/, '"key":[1,');
    await writeFile(out('edited'), [header, edited, ...others].join('\n'));
    const found = await catrs(['verify', out('edited'), ...from(path), '--backend', 'cpu', '--rows', 'all', '--json']);
    expect(found.code).toBe(1);
    const { wrong } = JSON.parse(found.stdout) as { wrong: { index: number; faults: string[] }[] };
    expect(wrong.every(({ index }) => index === start)).toBe(true);
    expect(wrong.flatMap(({ faults }) => faults).join()).toMatch(/key is \[1,.*follows from --seed 0/);
  });
});

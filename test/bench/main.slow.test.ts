import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { targetKeys } from '../../bench/targets.ts';

// Some forty processes start one after the other.
it('a quick run prints one JSON object with every target, on the sources', { timeout: 1_800_000 }, async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('../../bench/main.ts', import.meta.url)), '--quick', '--json'],
    { env: { ...process.env, TSX_TSCONFIG_PATH: 'test/tsconfig.json' }, maxBuffer: 2 ** 24 },
  );
  const report = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
  expect(Object.keys(report)).toEqual(expect.arrayContaining([...targetKeys, 'figures', 'machine']));
  expect(report['failures']).toBeUndefined();
  for (const key of targetKeys) {
    const { value, reason, limit, target, unit } = report[key]!;
    expect([key, typeof target, typeof unit]).toEqual([key, 'number', 'string']);
    if (value === null) expect(reason, key).toMatch(/\w/);
    else expect([typeof value, limit === null || typeof limit === 'number'], key).toEqual(['number', true]);
  }
});

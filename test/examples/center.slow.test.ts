import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../../examples/center/main.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-center-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('trains, certifies and attacks an autoencoder of digits, and no answer leaves its ball', async () => {
  const results = await main({ fast: true, folder });
  expect(results.map(({ output, digits }) => [output, digits.length])).toEqual([['embedding', 10], ['reconstruction', 10]]); // prettier-ignore
  for (const { output, digits } of results) {
    for (const { byRadius } of digits) {
      expect(byRadius.map(({ radius }) => radius)).toEqual([0.125, 0.25, 0.5]);
      const certified = byRadius.map(({ certified: far }) => far ?? Infinity);
      expect(certified).toEqual(certified.toSorted((a, b) => a - b));
      for (const { moved, certified: far } of byRadius) expect(moved ?? 0).toBeLessThanOrEqual(far ?? Infinity);
    }
    expect(JSON.parse(await readFile(join(folder, `${output}.json`), 'utf8'))).toEqual(results.find((one) => one.output === output)); // prettier-ignore
  }
  expect(await readFile(join(folder, 'center.svg'), 'utf8')).toContain('data:image/png');
}, 600_000);

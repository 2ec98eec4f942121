import { expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { type CertifiedRow, certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { createKey } from '../../src/random/key.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import type { Certifier } from '../../src/smoothed/types.ts';
import { makeCertifier } from './lenet-module.ts';
import { useWorkers } from './start.ts';

const start = useWorkers();
const key = createKey(3);
const values = new Float32Array(7 * 784);
fillUniforms(values, { key, start: 0, dimension: 784 });
const images = arrayDataset({ values, shape: [28, 28, 1], labels: [0, 1, 2, 3, 4, 5, 6] });

async function rowsOf(g: Certifier<CertifyOptions>) {
  const rows: CertifiedRow[] = [];
  for await (const row of certifyDataset(g, images, { key, n0: 30, n: 250, batchSize: 64 })) rows.push(row);
  return rows.map((row) => ({ ...row, milliseconds: 0 }));
}

it('LeNet on WASM has the same rows in 1, 2 and 3 threads as in this one', async () => {
  const expected = await rowsOf(await makeCertifier(key));
  expect(expected.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  for (const workers of [1, 2, 3]) {
    const pool = await start({ module: new URL('lenet-module.ts', import.meta.url), data: key, workers });
    expect(await rowsOf(pool), `${workers} threads`).toStrictEqual(expected);
    await pool.close();
  }
});

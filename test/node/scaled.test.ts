import { readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  anytimeRadius,
  attackDataset,
  type Certificate,
  certifyDataset,
  type CertifyOptions,
  createKey,
  fixedRadius,
  noiseOf,
  parseCertificationLog,
  plannedRadius,
  radiusUnit,
  reproduceCertificate,
  SmoothedPgd,
  SmoothedRegressor,
  SoftSmoothedClassifier,
  stopAtSamples,
  topK,
  topTwo,
  verifyCertificate,
} from 'catrs';
import { certifyToLog, startWorkers } from 'catrs/node';
import { useBackend } from '../helpers/backends.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { readLog as readText, useFolder } from './run.ts';
import { dataset, g, model, noise, sigma } from './scaled-module.ts';

const { path } = useFolder();
beforeAll(() => useBackend('cpu'));

const key = createKey(6);
const settings = { key, n0: 30, n: 400, alpha: 0.01, checkEvery: 40 };

const first = (): tf.Tensor => tf.tensor1d([...(dataset.example(0) as { x: Float32Array }).x]);

function expectProof(certificate: Certificate): void {
  const stored = JSON.parse(JSON.stringify(certificate)) as Certificate;
  expect(verifyCertificate(stored, noiseOf(stored.noise)).faults).toEqual([]);
  expect(stored.noise).toEqual({ name: 'gaussian', parameters: { sigma } });
}

describe('a run with a scale for each feature', () => {
  it('is decided by every rule, in every norm', async () => {
    const x = first();
    for (const rule of [
      topTwo(),
      topK({ k: 1 }),
      fixedRadius({ radius: [0.1, 0.5] }),
      plannedRadius({ radius: 0.3 }),
      anytimeRadius({ stops: [stopAtSamples({ samples: 320 })] }),
    ]) {
      // prettier-ignore
      const certificate = await g.certify(x, { ...settings, rule });
      expect(certificate, rule.name).toMatchObject({ norm: 'scaled', label: 1, abstained: false });
      expectProof(certificate);
      expect(await reproduceCertificate(g, x, certificate)).toMatchObject({ same: true, votesThatDiffer: 0 });
    }
    const inLength = await g.certify(x, { ...settings, norm: 'l2' });
    expect(inLength).toMatchObject({ radius: 0, abstained: true }); // a column has no noise
    expectProof(inLength);
    const soft = await new SoftSmoothedClassifier(model, { noise, numClasses: 2, inputRange: [-1e4, 1e4] }).certify(x, { key, n: 400, alpha: 0.01 }); // prettier-ignore
    expect(soft).toMatchObject({ norm: 'scaled', label: 1 });
    expect(soft.radius).toBeGreaterThan(0);
    x.dispose();
  });

  it('bounds other outputs in units of the scales', async () => {
    const x = first();
    const options = { key, n: 400, alpha: 0.01, radius: [0.2, 0.4] };
    const numbers = new SmoothedRegressor((rows) => tf.tidy(() => tf.sum(tf.mul(rows, [1 / 300, 0, 1]), 1, true)), { noise, outputs: 1, inputRange: [-1e4, 1e4] }); // prettier-ignore
    const found = await numbers.certify(x, options);
    expect(found).toMatchObject({ norm: 'scaled' });
    // The output has deviation 1 under the noise, so its median may move by 0.2 and 0.4, and the interval is wider.
    for (const [i, { lower, upper }] of found.within.map(({ bounds }) => bounds[0]!).entries()) {
      const centre = -310 / 300 + 1;
      expect(centre - lower!).toBeGreaterThan(options.radius[i]!);
      expect(upper! - centre).toBeGreaterThan(options.radius[i]!);
      expect(upper! - lower!).toBeLessThan(2 * options.radius[i]! + 0.6);
    }
    x.dispose();
  });

  it('writes a log that is gone on with, read and checked; an edited scale is seen', async () => {
    const file = path('scaled.tsv');
    await certifyToLog(g, dataset, { ...settings, file });
    const text = await readFile(file, 'utf8');
    await writeFile(path('cut.tsv'), `${text.split('\n').slice(0, 3).join('\n')}\n`);
    await certifyToLog(g, dataset, { ...settings, file: path('cut.tsv') });
    expect(await readText(path('cut.tsv'))).toBe(await readText(file));
    const rows = parseCertificationLog(text);
    for (const { certificate } of rows) expectProof(certificate!);
    expect(radiusUnit(rows)).toBe('scales of the noise');
    await writeFile(path('edited.tsv'), text.replace('[300,0.7,0]', '[300,0.8,0]'));
    await expect(certifyToLog(g, dataset, { ...settings, file: path('edited.tsv') })).rejects.toThrow(/noise/);
  });

  it('has the rows of one thread in two', async () => {
    const pool = await startWorkers({ module: new URL('scaled-module.ts', import.meta.url), workers: 2, execArgv: runTypeScript }); // prettier-ignore
    try {
      const rows = async (of: Parameters<typeof certifyDataset<CertifyOptions>>[0]): Promise<object[]> => {
        const found: object[] = [];
        for await (const row of certifyDataset(of, dataset, settings)) found.push({ ...row, milliseconds: 0 });
        return found;
      };
      expect(await rows(pool as never)).toStrictEqual(await rows(g));
    } finally {
      await pool.close();
    }
  }, 180_000);

  it('measures attacks in the scales, where the column without noise may not change', async () => {
    const attack = new SmoothedPgd({ epsilon: 30, steps: 3, numNoise: 4, norm: 'l2' });
    for await (const { distance } of attackDataset(g, attack, dataset, { key, n: 50, select: { max: 1 } })) {
      expect(distance).toBe(Infinity);
    }
  });
});

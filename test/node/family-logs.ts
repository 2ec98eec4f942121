import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import type { CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { certifiedAccuracy } from '../../src/evaluate/metrics.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { radiusUnit } from '../../src/evaluate/radius-unit.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { mergeLogs } from '../../src/node/merge-logs.ts';
import { createKey } from '../../src/random/key.ts';
import { catrs } from '../cli/run.ts';
import { useBackend } from '../helpers/backends.ts';
import {
  certifierOf,
  datasetOf,
  type EnumeratedFamily,
  isEnumerated,
  type SampledFamily,
} from '../helpers/families.ts';
import { tryEdits } from '../smoothed/verify-edits.ts';
import { readLog, useFolder } from './run.ts';

const key = createKey(3);
/** Images of a run. */
export const SIZE = 7;
/** How copies are drawn. */
export const sampled = { key, n0: 20, n: 300, alpha: 0.01, checkEvery: 50 };

const rowsOf = async (file: string): Promise<CertifiedRow[]> =>
  parseCertificationLog(await readFile(file, 'utf8')) as CertifiedRow[];

/** Logs of these families: gone on with, merged, verified, analyzed, and edited by hand. */
export function describeFamilyLogs(families: readonly (SampledFamily | EnumeratedFamily)[]): void {
  const { path } = useFolder();
  beforeAll(() => useBackend('cpu'));
  const fileOf = (name: string, part: string): string => path(`${name.replace(/\W+/g, '-')}-${part}.tsv`);

  describe.each(families.map((family) => [family.name, family] as const))('a log of %s', (name, family) => {
    const g = certifierOf(family);
    const dataset = datasetOf(family, SIZE);
    const options = isEnumerated(family) ? {} : sampled;
    const whole = (): string => fileOf(name, 'whole');

    it('is gone on with, made in shards and merged, to the same rows', async () => {
      const figures = await certifyToLog(g, dataset, { ...options, file: whole() });
      expect(figures).toMatchObject({ done: SIZE, accuracy: (SIZE - 1) / SIZE, abstained: 0 });
      const resumed = fileOf(name, 'resumed');
      await certifyToLog(g, dataset, { ...options, file: resumed, select: { max: 3 } });
      expect(await certifyToLog(g, dataset, { ...options, file: resumed })).toMatchObject({ resumed: 3, done: SIZE });
      expect(await readLog(resumed)).toBe(await readLog(whole()));
      const shard = (index: number) => ({
        file: fileOf(name, `shard-${index}`),
        select: { shard: { index, count: 2 } },
      });
      for (const index of [0, 1]) await certifyToLog(g, dataset, { ...options, ...shard(index) });
      const merged = fileOf(name, 'merged');
      const plan = isEnumerated(family) ? {} : { key };
      await mergeLogs([shard(0).file, shard(1).file], { ...plan, file: merged, size: SIZE });
      expect(await readLog(merged)).toBe(await readLog(whole()));
    });

    it('is verified, analyzed and counted with its unit', async () => {
      const verified = await catrs(['verify', whole()]);
      expect(verified).toMatchObject({ code: 0 });
      expect(verified.stdout).toContain(`all of ${SIZE} certificates follow from their votes`);
      const rows = await rowsOf(whole());
      expect(radiusUnit(rows)).toBe(family.unit);
      expect(certifiedAccuracy(rows, [0])).toEqual([(SIZE - 1) / SIZE]);
      const analyzed = await catrs(['analyze', whole()]);
      expect(analyzed.stdout).toContain(`0 abstained, ${family.noise.norms[0]} radii in ${family.unit}`);
    });

    it('holds rows of which no field can be edited to claim more', async () => {
      let tried = 0;
      for (const [i, row] of (await rowsOf(whole())).slice(0, 3).entries()) {
        const one = tryEdits({ name, noise: family.noise, certificate: row.certificate }, 37, 11 * i);
        expect(one.wrong).toEqual([]);
        tried += one.tried;
      }
      expect(tried).toBeGreaterThan(40);
    });

    it('with a radius of one more is neither gone on with, nor merged, nor verified', async () => {
      const rows = await rowsOf(whole());
      const forged = rows.map((row, i) => {
        if (i !== 1) return row;
        const radius = row.radius + 1;
        return { ...row, radius, certificate: { ...row.certificate, radius } };
      });
      const file = fileOf(name, 'forged');
      await writeFile(file, certificationLog(forged));
      await expect(certifyToLog(g, dataset, { ...options, file, recheck: false })).rejects.toThrow(DataError);
      const plan = isEnumerated(family) ? {} : { key };
      await expect(mergeLogs([file], { ...plan, file: fileOf(name, 'none'), size: SIZE })).rejects.toThrow(
        'must hold certificates that follow from their votes',
      );
      const verified = await catrs(['verify', file]);
      expect(verified.code).toBe(1);
      expect(verified.stdout).toMatch(/image 1: radius is \d+, but \d+ follows/);
    });
  });
}

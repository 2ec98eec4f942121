import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';

const folder = new URL('../../docs/results/digits/', import.meta.url);
const logs = readdirSync(folder).filter((name) => name.endsWith('.tsv'));

describe('the logs in docs/results/digits', () => {
  it.each(logs)('%s: every certificate follows from its own votes', (name) => {
    const rows = parseCertificationLog(readFileSync(new URL(name, folder), 'utf8'));
    expect(rows).toHaveLength(400);
    for (const { index, certificate } of rows) {
      expect(certificate, `image ${index}`).toBeDefined();
      const noise = new GaussianNoise({ sigma: certificate!.noise.parameters['sigma']! });
      expect({ index, ...verifyCertificate(certificate!, noise) }).toMatchObject({ index, valid: true, faults: [] });
    }
  });
});

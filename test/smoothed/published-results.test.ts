import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../src/certify/types.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';

const folder = new URL('../../docs/results/', import.meta.url);
/** All certification logs under docs/results, with the number of their rows. */
const logs: readonly (readonly [string, number])[] = [
  ...['catrs', 'full-catrs', 'full-gaussian', 'gaussian'].map((name) => [`digits/${name}.tsv`, 400] as const),
  ...['catrs', 'gaussian'].map((name) => [`fmnist-0.25/${name}.tsv`, 500] as const),
  ...['catrs-100k', 'gaussian-100k'].map((name) => [`fmnist-0.25/${name}.tsv`, 50] as const),
  ...['consistency', 'macer', 'smoothadv', 'smoothmix', 'stability', 'teacher'].map(
    (name) => [`fmnist-0.25/${name}.tsv`, 200] as const,
  ),
  ...readdirSync(new URL('fmnist-0.25/ablation/', folder)).map(
    (name) => [`fmnist-0.25/ablation/${name}`, 200] as const,
  ),
];

function expectValid(certificate: Certificate, of: string): void {
  const { valid, faults } = verifyCertificate(certificate, noiseOf(certificate.noise));
  expect({ of, valid, faults }).toEqual({ of, valid: true, faults: [] });
}

describe('the published logs', () => {
  it.each(logs)('%s: every certificate follows from its own votes', (name, count) => {
    const rows = parseCertificationLog(readFileSync(new URL(name, folder), 'utf8'));
    expect(rows).toHaveLength(count);
    for (const { index, certificate } of rows) expectValid(certificate!, `image ${index}`);
  });
});

describe('the certificates that 0.5.0 made', () => {
  const file = new URL('../fixtures/certificates_0.5.json', import.meta.url);
  const certificates = JSON.parse(readFileSync(file, 'utf8')) as readonly Certificate[];

  it('of all rules, stops, noises, norms and kinds are valid', () => {
    expect(certificates).toHaveLength(120);
    for (const [i, certificate] of certificates.entries()) expectValid(certificate, `certificate ${i}`);
  });
});

import { describe, expect, it } from 'vitest';
import { everyCertificate, everyCountingCertificate } from './made-certificates.ts';
import { tryEdits } from './verify-edits.ts';

describe('a certificate that was edited', () => {
  const all = [...everyCertificate(), ...everyCountingCertificate()];
  it.each(all.map((made) => [made.name, made] as const))('%s: no edit claims more', (_, made) => {
    const { wrong, tried } = tryEdits(made, 1, 0);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(500);
  });
});

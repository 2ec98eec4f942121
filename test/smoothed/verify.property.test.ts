import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleRecord } from '../../src/certify/types.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { everyCertificate, everyRule, gaussian, hardCertificate, sound } from './made-certificates.ts';

const name = ({ name, parameters }: RuleRecord): string => `${name} ${JSON.stringify(parameters)}`;

describe('verifyCertificate', () => {
  it.each(everyRule.map((rule) => [name(rule), rule] as const))('admits whatever %s can end with', (_, rule) => {
    const recipes = fc.record({
      p: fc.double({ min: 0.2, max: 1, noNaN: true }),
      seed: fc.nat(2 ** 31),
      checkEvery: fc.oneof(fc.constant(100), fc.integer({ min: 1, max: 300 })),
      n: fc.constantFrom(1000, 1017, 1300),
      failing: fc.constantFrom(0, 0, 0.01, 0.2),
    });
    const seen = new Set<string>();
    fc.assert(
      fc.property(recipes, (recipe) => {
        const noise = recipe.failing > 0 ? sound : gaussian;
        const certificate = hardCertificate({ ...recipe, noise, rule });
        seen.add(certificate.stop);
        const { radius } = certificate;
        expect(verifyCertificate(certificate, noise)).toEqual({ valid: true, faults: [], radius });
      }),
      { seed: 11, numRuns: 100 },
    );
    expect(seen.size).toBeGreaterThan(0);
  });

  it('admits certificates of every kind, with the dimension and the classes that they have', () => {
    for (const { name: of, certificate, noise } of everyCertificate()) {
      const options = { dimension: 16, ...(certificate.smoothing === 'hard' && { numClasses: 3 }) };
      const { radius } = certificate;
      expect({ of, ...verifyCertificate(certificate, noise, options) }).toEqual({
        of,
        valid: true,
        faults: [],
        radius,
      });
    }
  });
});

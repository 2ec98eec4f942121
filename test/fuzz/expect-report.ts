import { expect } from 'vitest';
import type { FuzzReport, FuzzTarget } from './fuzz.ts';

/** A run that hardly ever refuses, or hardly ever decodes, shows little; one that takes long or much memory is a fault. */
export function expectReport(report: FuzzReport, leastErrors: number): void {
  const { cases, decoded, refused, packed, errors, worstBytes } = report;
  expect(decoded + refused).toBe(cases);
  expect(decoded).toBeGreaterThan(cases / 10);
  expect(refused).toBeGreaterThan(cases / 10);
  expect(packed).toBeGreaterThan(cases / 10);
  expect(errors.size, 'different errors').toBeGreaterThanOrEqual(leastErrors);
  expect(worstBytes, 'memory above that at the start').toBeLessThan(2 ** 29);
}

/** The intact files pass: it is not the check that fails. */
export async function expectSeeds<T>({ seeds, decode, check }: FuzzTarget<T>): Promise<void> {
  expect(seeds.length).toBeGreaterThan(1);
  for (const seed of seeds) check(await decode(seed), seed);
}

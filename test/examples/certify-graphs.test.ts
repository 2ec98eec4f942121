import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Claim, main } from '../../examples/certify-graphs.ts';
import { friendships, MEMBERS, sides } from '../../examples/graphs/karate-club.ts';
import { animals, attributes, KINDS } from '../../examples/graphs/zoo.ts';
import type { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';

const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void printed.push(String(line)));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/**
 * The law of Bojchevski et al. as their code has it for two flips that are not 0, bit by bit: every copy of the bits that differ, with its chances before
 * and after, in doubles; the class keeps the copies with the largest ratio, and loses the last of them in part.
 */
function leastByCopies(noise: BitFlipNoise, p: number, added: number, deleted: number): number {
  const { addition, deletion } = noise.groups[0]!;
  const copies = Array.from({ length: 2 ** (added + deleted) }, (_, copy) => {
    let [before, after] = [1, 1];
    for (let bit = 0; bit < added + deleted; bit++) {
      const isOne = ((copy >> bit) & 1) === 1;
      const was = bit >= added;
      const flips = (from: boolean): number => {
        const flip = from ? deletion : addition;
        return from === isOne ? 1 - flip : flip;
      };
      before *= flips(was);
      after *= flips(!was);
    }
    return { before, after };
  }).sort((a, b) => b.before / b.after - a.before / a.after);
  let [left, least] = [p, 0];
  for (const { before, after } of copies) {
    least += after * Math.min(1, left / before);
    left -= before;
    if (left <= 0) break;
  }
  return least;
}

/** Certified and right, by that law. */
const shareByCopies = (claims: readonly Claim[], noise: BitFlipNoise, added: number, deleted: number): number =>
  claims.filter(
    ({ truth, certificate: { label, pABar } }) => label === truth && leastByCopies(noise, pABar, added, deleted) > 0.5,
  ).length / claims.length;

it('is the karate club and the zoo that everybody has', () => {
  expect(friendships).toHaveLength(78);
  expect(new Set(friendships.flat()).size).toBe(MEMBERS);
  expect(sides.filter((side) => side === 0)).toHaveLength(17);
  expect(animals).toHaveLength(101);
  expect(attributes).toHaveLength(21);
  const kinds = Array.from({ length: KINDS }, (_, kind) => animals.filter((animal) => animal.kind === kind).length);
  expect(kinds).toEqual([41, 20, 5, 13, 4, 8, 10]);
  for (const { bits } of animals) {
    expect(bits).toHaveLength(21);
    expect(bits.slice(15).reduce((sum, bit) => sum + bit, 0)).toBe(1);
  }
});

it('certifies members and animals by the law of the reference', async () => {
  const results = await main({ fast: true });
  expect(results.map(({ what, claims }) => [what, claims.length])).toEqual([
    ['edges', 28],
    ['edges', 28],
    ['attributes', 50],
    ['attributes', 50],
  ]);
  const rows = printed.filter((line) => /^[0-3]\t/.test(line));
  for (const [run, { noise, claims }] of results.entries()) {
    for (const added of [0, 1, 2, 3]) {
      const told = rows[4 * run + added]!.split('\t').slice(1).map(Number);
      told.forEach((share, deleted) => {
        expect(share).toBeCloseTo(shareByCopies(claims, noise, added, deleted), 2);
      });
    }
    expect(shareByCopies(claims, noise, 0, 0)).toBeGreaterThan(0.5);
    expect(shareByCopies(claims, noise, 0, 1)).toBeGreaterThan(0.3);
    expect(shareByCopies(claims, noise, 3, 6)).toBeLessThan(shareByCopies(claims, noise, 0, 1));
  }
});

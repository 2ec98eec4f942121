import { describe, expect, it } from 'vitest';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { lawOf } from './deletion-laws.ts';
import { goldenFamily } from './golden-family.ts';

// Fixed keys: these tests always give the same result. Had the keys been drawn at random, a score beyond 5 had probability 3e-7 each.
const SCORE = 5;
const COPIES = 100_000;

interface Law {
  readonly pDelete: string;
  readonly sequence: readonly number[];
  readonly law: readonly { readonly sequence: readonly number[]; readonly probability: string }[];
}

const fraction = (text: string): number =>
  text
    .split('/')
    .map(Number)
    .reduce((a, b) => a / b);

/** How often each result comes up in copies of a sequence. */
function seenCopies(sequence: readonly number[], deletion: number): Map<string, number> {
  const length = sequence.length + 2;
  const noise = new DeletionNoise({ length, deletion, padId: 9 });
  const out = new Float32Array(COPIES * length);
  noise.fillCopies?.(out, noise.pad(sequence), { key: createKey(sequence.length), start: 0, dimension: length });
  const seen = new Map<string, number>();
  for (let at = 0; at < out.length; at += length) {
    const copy = Array.from(out.subarray(at, at + length)).filter((token) => token !== 9).join(''); // prettier-ignore
    seen.set(copy, (seen.get(copy) ?? 0) + 1);
  }
  return seen;
}

/** Wilson and Hilferty's normal score of chi-square. */
function scoreOf(seen: ReadonlyMap<string, number>, law: ReadonlyMap<string, number>): number {
  let chiSquare = 0;
  for (const [copy, chance] of law) chiSquare += ((seen.get(copy) ?? 0) - COPIES * chance) ** 2 / (COPIES * chance);
  const freedom = law.size - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(chiSquare / freedom) - (1 - spread)) / Math.sqrt(spread);
}

describe('copies of a sequence', () => {
  const laws = goldenFamily<{ readonly laws: Law[] }>('discrete-deletion').laws;

  it.each(laws.filter(({ pDelete, sequence }) => fraction(pDelete) > 0.5 && sequence.length > 0))(
    'have the golden law, $pDelete of $sequence',
    ({ pDelete, sequence, law }) => {
      const expected = new Map(law.map((row) => [row.sequence.join(''), fraction(row.probability)]));
      const seen = seenCopies(sequence, fraction(pDelete));
      expect([...seen.keys()].filter((copy) => !expected.has(copy))).toEqual([]);
      expect(scoreOf(seen, expected)).toBeLessThan(SCORE);
    },
  );

  it.each([
    ['121', 0.6],
    ['1212', 0.75],
    ['112233', 0.55],
    ['333', 0.9],
  ])('have their law, %s with %f', (text, deletion) => {
    const chance = BigInt(Math.round(deletion * 2 ** 32));
    const expected = new Map(
      [...lawOf(text, chance)].map(([copy, mass]) => [copy, Number(mass) / 2 ** (32 * text.length)]),
    );
    const seen = seenCopies([...text].map(Number), deletion);
    expect([...seen.keys()].filter((copy) => !expected.has(copy))).toEqual([]);
    expect(scoreOf(seen, expected)).toBeLessThan(SCORE);
  });
});

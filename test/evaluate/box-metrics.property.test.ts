import { type Box, boxIou, boxMetrics, type BoundsCertificate, type OutputBounds, type TrueBox } from 'catrs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const SLOTS = 4;
const IOU = 0.3; // below a half, where one box can overlap two truths

/** Bounds of one slot: two ends for a box, certainly none, or nothing known. */
interface SlotBounds {
  readonly kind: 'present' | 'absent' | 'unknown';
  readonly corners: readonly (readonly [number, number])[];
  readonly label: readonly [number, number];
  readonly score: readonly [number, number];
}

const interval = (least: number, most: number): fc.Arbitrary<readonly [number, number]> =>
  fc
    .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: 0, max: 2 }))
    .map(([low, width]) => [low, low + width]);
const slot: fc.Arbitrary<SlotBounds> = fc.record({
  kind: fc.constantFrom('present', 'present', 'present', 'absent', 'unknown'),
  corners: fc.tuple(interval(0, 4), interval(0, 4), interval(5, 9), interval(5, 9)),
  label: fc.constantFrom([0, 0] as const, [1, 1] as const, [0, 1] as const),
  score: fc.constantFrom([0.5, 0.75] as const, [0.25, 0.5] as const, [0.125, 0.75] as const),
});
const truth: fc.Arbitrary<TrueBox> = fc
  .tuple(fc.integer({ min: 0, max: 1 }), fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 4, maxLength: 4 }))
  .map(([label, [a = 0, b = 0, c = 0, d = 0]]) => ({
    label,
    box: [Math.min(a, c), Math.min(b, d), Math.max(a, c) + 1, Math.max(b, d) + 1],
  }));
const truths = fc.array(truth, { maxLength: 4 });

function certificateOf(slots: readonly SlotBounds[]): BoundsCertificate {
  const bounds = slots.flatMap(({ kind, corners, label, score }): OutputBounds[] => {
    if (kind === 'absent') return Array.from({ length: 6 }, () => ({ lower: null, upper: null, always: 'Infinity' }));
    const six = [...corners, label, score];
    return six.map(([lower, upper]) => ({ lower, upper: kind === 'unknown' ? null : upper }));
  });
  const boxes = { slots: SLOTS, bins: 'none', sort: 'score', labels: null, cells: null, threshold: 0, overlap: null, beyond: false }; // prettier-ignore
  return { task: 'regression', claim: 'bounds', boxes, within: [{ radius: 1, ball: 'closed', bounds }] } as never;
}

/** An answer that the bounds allow: the box, label and score of each slot that has one. */
function answerOf(
  slots: readonly SlotBounds[],
  pick: (low: number, high: number) => number,
): { readonly box: Box; readonly label: number; readonly score: number }[] {
  return slots.flatMap(({ kind, corners, label, score }) => {
    if (kind === 'absent' || (kind === 'unknown' && pick(0, 1) < 0.5)) return [];
    // Nothing bounds an unknown one from above.
    const at = ([low, high]: readonly [number, number]): number => pick(low, kind === 'unknown' ? high + 3 : high);
    const box = corners.map(at) as unknown as Box;
    return [{ box, label: Math.round(at(label)), score: at(score) }];
  });
}

/** The greatest number of pairs, by trying all. */
function mostPairs(pairs: readonly (readonly boolean[])[], from = 0, taken = 0): number {
  const row = pairs[from];
  if (row === undefined) return 0;
  const others = row.map((fits, i) => (fits && !(taken & (1 << i)) ? 1 + mostPairs(pairs, from + 1, taken | (1 << i)) : 0)); // prettier-ignore
  return Math.max(mostPairs(pairs, from + 1, taken), ...others);
}

describe('boxMetrics', () => {
  it('never counts more than an answer within the bounds finds, nor a precision above its own', () => {
    let [found, certified] = [0, 0];
    fc.assert(
      fc.property(
        fc.array(slot, { minLength: SLOTS, maxLength: SLOTS }),
        truths,
        fc.constantFrom(0, 0.3),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 }),
        (slots, target, score, shares) => {
          const [metrics] = boxMetrics([{ certificate: certificateOf(slots), target }], { iou: IOU, score });
          if (metrics === undefined) throw new Error('one radius');
          for (const share of [() => 0, () => 1, (i: number) => shares[i % 24] as number, (i: number) => i % 2]) {
            let draws = 0;
            const answer = answerOf(slots, (low, high) => low + (high - low) * share(draws++));
            const seen = answer.filter((one) => one.score > score);
            const pairs = seen.map(({ box, label }) =>
              target.map((one) => one.label === label && boxIou(box, one.box) >= IOU - 1e-12),
            );
            const right = mostPairs(pairs);
            found += right;
            certified += metrics.found;
            expect(metrics.found).toBeLessThanOrEqual(right);
            expect(seen.length).toBeLessThanOrEqual(metrics.mostBoxes);
            if (seen.length > 0) expect(metrics.precision ?? 0).toBeLessThanOrEqual(right / seen.length + 1e-12);
          }
          expect(metrics.recall).toBe(target.length === 0 ? null : metrics.found / target.length);
        },
      ),
      { numRuns: 1000, seed: 6 },
    );
    expect(certified).toBeGreaterThan(found / 8); // it says something
  });
});

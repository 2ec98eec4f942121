import { type BoxBins, boxSlots, type BoxSort, type TypedDetector } from 'catrs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foundOf, slotsByHand, type TestBox } from './slots.ts';

const coordinate = fc.integer({ min: -2, max: 18 });
const box: fc.Arbitrary<TestBox> = fc.record({
  box: fc.tuple(coordinate, coordinate, coordinate, coordinate),
  label: fc.integer({ min: -1, max: 3 }),
  score: fc.integer({ min: 0, max: 4 }).map((quarters) => quarters / 4), // many ties
});
const rows = fc.array(fc.array(box, { maxLength: 9 }), { minLength: 1, maxLength: 3 });

const choices = fc.record({
  bins: fc.constantFrom<BoxBins>('none', 'label', 'cell', 'label and cell'),
  sort: fc.constantFrom<BoxSort>('score', 'center'),
  labels: fc.constantFrom([0, 1, 2, 3], [2, 0]),
  threshold: fc.constantFrom(0, 0.25, 0.5),
  perBin: fc.integer({ min: 1, max: 3 }),
});

const detectorOf = (all: readonly (readonly TestBox[])[]): TypedDetector => ({ detect: () => all.map(foundOf) });

describe('boxSlots', () => {
  it('puts each box where its slow twin puts it', async () => {
    await fc.assert(
      fc.asyncProperty(rows, choices, async (all, { perBin, ...choice }) => {
        const cells = choice.bins.endsWith('cell') ? ([2, 3] as const) : undefined;
        const bins = (choice.bins.startsWith('label') ? choice.labels.length : 1) * (cells ? 6 : 1);
        const slots = perBin * bins;
        const model = boxSlots(detectorOf(all), { ...choice, slots, cells, beyond: true });
        expect(model.outputs).toBe(6 * slots + 1);
        const batch = { batch: all.length, shape: [16, 16, 1] };
        const values = await model.classify(new Float32Array(256 * all.length), batch);
        const layout = { ...choice, slots, cells: cells ?? null };
        const wanted = all.flatMap((boxes) => {
          const known = boxes.filter(({ label }) => label >= 0);
          const { row, isBeyond } = slotsByHand(known, layout, [16, 16]);
          return [...row, isBeyond ? 1 : 0];
        });
        expect([...values]).toEqual(wanted);
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  it('gives a row by its own boxes alone, whatever other rows hold and whatever came before', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        let answer: readonly (readonly TestBox[])[] = all;
        const model = boxSlots({ detect: () => answer.map(foundOf) }, { slots: 8, bins: 'label', labels: 4 });
        const ask = async (given: readonly (readonly TestBox[])[]): Promise<number[]> => {
          answer = given.map((row) => [...row]);
          return [...(await model.classify(new Float32Array(given.length), { batch: given.length, shape: [1] }))];
        };
        const together = await ask(all);
        const alone: number[] = [];
        for (const row of all.toReversed()) alone.unshift(...(await ask([row])));
        expect(alone).toEqual(together);
      }),
      { numRuns: 50, seed: 5 },
    );
  });
});

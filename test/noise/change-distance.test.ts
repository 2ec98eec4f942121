import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { changedPositions, editDistance, patchSide } from '../../src/noise/change-distance.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';

const floats = (values: readonly number[]): Float32Array => Float32Array.from(values);

/** Levenshtein by its definition. */
function slowEdits(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length;
  const [x, ...restA] = a;
  const [y, ...restB] = b;
  if (x === y) return slowEdits(restA, restB);
  return 1 + Math.min(slowEdits(restA, b), slowEdits(a, restB), slowEdits(restA, restB));
}

const word = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 6 });

describe('the size of a change', () => {
  it('in positions: a pixel with all its channels is one, and bits count, not values', () => {
    const a = floats([0, 1, 2, 3, 4, 5]);
    const b = floats([0, 1, 9, 9, 4, 6]);
    expect(changedPositions(a, b)).toBe(3);
    expect(changedPositions(a, b, 2)).toBe(2);
    expect(changedPositions(a, b, 6)).toBe(1);
    expect(changedPositions(a, a, 2)).toBe(0);
    expect(changedPositions(floats([0, NaN]), floats([-0, NaN]))).toBe(1);
  });

  it('as a patch: the side of the smallest square around all changed pixels', () => {
    const [height, width, channels] = [5, 7, 2];
    const pixel = fc.tuple(fc.nat(height - 1), fc.nat(width - 1), fc.nat(channels - 1));
    fc.assert(
      fc.property(fc.array(pixel, { maxLength: 4 }), (changed) => {
        const a = new Float32Array(height * width * channels);
        const b = a.slice();
        for (const [row, column, channel] of changed) b[(row * width + column) * channels + channel] = 0.5;
        const rows = changed.map(([row]) => row);
        const columns = changed.map(([, column]) => column);
        const reach = (places: readonly number[]): number => Math.max(...places) - Math.min(...places) + 1;
        const expected = changed.length === 0 ? 0 : Math.max(reach(rows), reach(columns));
        expect(patchSide(a, b, [height, width, channels])).toBe(expected);
      }),
    );
  });

  it('in edits: as the definition has it', () => {
    fc.assert(fc.property(word, word, (a, b) => void expect(editDistance(a, b)).toBe(slowEdits(a, b))));
    const [kitten, sitting] = ['kitten', 'sitting'].map((text) => Array.from(text, (letter) => letter.charCodeAt(0)));
    expect(editDistance(kitten!, sitting!)).toBe(3);
  });

  it('in positions of an ablation, as it hides them', () => {
    const inputShape = [2, 2, 3];
    const a = floats([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const b = floats([9, 9, 9, 3, 4, 5, 6, 0, 8, 9, 10, 11]);
    for (const [positions, changed] of [
      ['pixels', 2],
      ['values', 4],
    ] as const) {
      expect(new AblationNoise({ inputShape, keep: 1, positions }).distance(a, b)).toBe(changed);
      expect(new AllAblations({ inputShape, keep: 1, positions }).distance(a, b)).toBe(changed);
    }
  });

  it('in edits of tokens: pads are none', () => {
    const noise = new DeletionNoise({ length: 8, deletion: 0.9, padId: 9 });
    expect(noise.distance(noise.pad([1, 2, 3]), noise.pad([1, 3]))).toBe(1);
    expect(noise.distance(noise.pad([1, 2, 3, 4, 5, 6, 7, 8]), noise.pad([2, 3, 4, 5, 6, 7, 8]))).toBe(1);
    expect(noise.distance(noise.pad([]), noise.pad([1, 1]))).toBe(2);
  });
});

import { boxIou, createKey, fillUniforms, nonMaxSuppression } from 'catrs';
import { describe, expect, it } from 'vitest';

const found = {
  boxes: [0, 0, 10, 10, 1, 0, 11, 10, 0, 0, 10, 10, 20, 20, 30, 30, 0, 0, 10, 10],
  scores: [0.8, 0.8, 0.9, 0.3, 0.95],
  labels: [0, 0, 1, 0, -1],
};

describe('nonMaxSuppression', () => {
  it('keeps the best of boxes that overlap, of equal ones the first, and no padding', () => {
    expect(nonMaxSuppression(found)).toEqual([2, 0, 3]);
  });

  it('may look at all labels together', () => {
    expect(nonMaxSuppression(found, { byLabel: false })).toEqual([2, 3]);
  });

  it('keeps what overlaps just as much as is allowed', () => {
    const overlap = 90 / 110;
    expect(nonMaxSuppression(found, { overlap })).toEqual([2, 0, 1, 3]);
    expect(nonMaxSuppression(found, { overlap: overlap - 1e-9 })).toEqual([2, 0, 3]);
  });

  it('leaves out a score that is no higher than the threshold, and stops at the most', () => {
    expect(nonMaxSuppression(found, { threshold: 0.3 })).toEqual([2, 0]);
    expect(nonMaxSuppression(found, { most: 1 })).toEqual([2]);
  });

  it('leaves a set in which no two overlap and every other box has a better one that it overlaps', () => {
    const draws = new Float32Array(6 * 60);
    fillUniforms(draws, { key: createKey(5), start: 0, dimension: draws.length });
    const at = (i: number, k: number): number => draws[6 * i + k] as number;
    const all = Array.from({ length: 60 }, (_, i) => i);
    const boxes = all.flatMap((i) => [at(i, 0), at(i, 1), at(i, 0) + 0.5 * at(i, 2), at(i, 1) + 0.5 * at(i, 3)]);
    const scores = all.map((i) => Math.ceil(at(i, 4) * 8) / 8); // many ties
    const labels = all.map((i) => Math.floor(2 * at(i, 5)));
    const kept = nonMaxSuppression({ boxes, scores, labels }, { overlap: 0.3 });
    const overlaps = (i: number, k: number): boolean => {
      const box = (j: number): [number, number, number, number] =>
        boxes.slice(4 * j, 4 * j + 4) as [number, number, number, number];
      return labels[i] === labels[k] && boxIou(box(i), box(k)) > 0.3;
    };
    const isBetter = (i: number, k: number): boolean =>
      (scores[i] as number) > (scores[k] as number) || (scores[i] === scores[k] && i < k);
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.length).toBeLessThan(60);
    for (const i of all) {
      const rivals = kept.filter((k) => k !== i && overlaps(i, k));
      if (kept.includes(i)) expect(rivals).toEqual([]);
      else expect(rivals.some((k) => isBetter(k, i))).toBe(true);
    }
  });
});

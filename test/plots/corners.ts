import { expect } from 'vitest';

/** Fails unless the first line of the drawing has these corners, in pixels from the top left of the plot. */
export function expectCorners(svg: string, expected: readonly (readonly number[])[]): void {
  const path = /aria-roledescription="line mark" d="([^"]+)"/.exec(svg)?.[1] ?? '';
  const corners = path
    .split(/[ML]/)
    .slice(1)
    .map((pair) => pair.split(',').map(Number));
  expect(corners).toHaveLength(expected.length);
  corners.forEach(([x, y], i) => {
    expect(x, `corner ${i}`).toBeCloseTo(expected[i]![0]!, 2);
    expect(y, `corner ${i}`).toBeCloseTo(expected[i]![1]!, 2);
  });
}

/** A part of input space with its probability under the noise here and under the shifted noise. */
export interface Cell {
  readonly here: number;
  readonly there: number;
}

/**
 * Least probability there of a set with probability p here, the set being made of cells (a part of one cell may belong to it).
 *
 * By Neyman and Pearson it takes the cells in the order of there/here. It is exact where that quotient is constant on each cell, and from
 * above otherwise.
 */
export function leastProbability(p: number, cells: readonly Cell[]): number {
  const sorted = [...cells].sort((a, b) => a.there * b.here - b.there * a.here);
  let missing = p;
  let there = 0;
  for (const cell of sorted) {
    if (cell.here >= missing) return there + (cell.here > 0 ? (cell.there * missing) / cell.here : 0);
    missing -= cell.here;
    there += cell.there;
  }
  return there;
}

/** The cells between neighbouring edges, and beyond the outer ones, of a law with this distribution function, shifted by `shift`. */
export function cellsOf(cdf: (x: number) => number, edges: readonly number[], shift: number): Cell[] {
  const all = [-Infinity, ...edges, Infinity];
  return all.slice(1).map((edge, i) => ({
    here: cdf(edge) - cdf(all[i]!),
    there: cdf(edge - shift) - cdf(all[i]! - shift),
  }));
}

/** The cells of two independent coordinates. */
export function product(a: readonly Cell[], b: readonly Cell[]): Cell[] {
  return a.flatMap((one) => b.map((two) => ({ here: one.here * two.here, there: one.there * two.there })));
}

/** `count` + 1 edges that divide [from, to] evenly. */
export function edgesBetween(from: number, to: number, count: number): number[] {
  return Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);
}

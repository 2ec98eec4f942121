import type { BoxLayout, FoundBoxes } from 'catrs';

/** A box as a test writes it. */
export interface TestBox {
  readonly box: readonly [number, number, number, number];
  readonly label: number;
  readonly score: number;
}

/** Boxes in the form in which a detector gives them. */
export function foundOf(boxes: readonly TestBox[]): FoundBoxes {
  return {
    boxes: boxes.flatMap(({ box }) => box),
    scores: boxes.map(({ score }) => score),
    labels: boxes.map(({ label }) => label),
  };
}

/** What `boxSlots` must make of the boxes of one row, written down slot by slot: its slow, obvious twin, without suppression. */
export function slotsByHand(
  boxes: readonly TestBox[],
  layout: Pick<BoxLayout, 'slots' | 'sort' | 'labels' | 'cells' | 'bins' | 'threshold'>,
  [height, width]: readonly [number, number],
): { readonly row: number[]; readonly isBeyond: boolean } {
  const [rows, columns] = layout.cells ?? [1, 1];
  const labels = layout.bins.startsWith('label') ? (layout.labels ?? []) : [undefined];
  const cells = layout.bins.endsWith('cell')
    ? Array.from({ length: rows * columns }, (_, i) => [Math.floor(i / columns), i % columns] as const)
    : [undefined];
  const perBin = layout.slots / labels.length / cells.length;
  const row: number[] = [];
  let isBeyond = false;
  const cellOf = (at: number, length: number, count: number): number =>
    Math.max(0, Math.min(count - 1, Math.floor((count * at) / length)));
  for (const label of labels) {
    for (const cell of cells) {
      const inBin = boxes.filter(({ box: [x1, y1, x2, y2], label: own, score }) => {
        if (!(score > layout.threshold) || (layout.labels !== null && !layout.labels.includes(own))) return false;
        if (label !== undefined && own !== label) return false;
        const at = [cellOf((y1 + y2) / 2, height, rows), cellOf((x1 + x2) / 2, width, columns)];
        return cell === undefined || (at[0] === cell[0] && at[1] === cell[1]);
      });
      // One after the other is taken out: the first of the best.
      for (let slot = 0; slot < perBin; slot++) {
        let best = 0;
        inBin.forEach((one, i) => {
          const other = inBin[best] as TestBox;
          if (layout.sort === 'score' ? one.score > other.score : isBefore(one, other)) best = i;
        });
        const [taken] = inBin.splice(best, 1);
        row.push(...(taken ? [...taken.box, taken.label, taken.score] : Array<number>(6).fill(Infinity)));
      }
      isBeyond ||= inBin.length > 0;
    }
  }
  return { row, isBeyond };
}

function isBefore({ box: a }: TestBox, { box: b }: TestBox): boolean {
  const [x, y] = [a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]];
  return x < 0 || (x === 0 && y < 0);
}

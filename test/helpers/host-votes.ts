/** Votes of logits [rows, numClasses] in one plain loop: the largest logit of each row, the lowest index among equals; rows that are not finite do not vote. */
export function hostVotes(
  logits: readonly (readonly number[])[],
  numClasses: number,
): { counts: number[]; refused: number; firstRefused: number | undefined } {
  const counts = new Array<number>(numClasses).fill(0);
  let refused = 0;
  let firstRefused: number | undefined;
  for (const row of logits) {
    const bad = row.find((value) => !Number.isFinite(value));
    if (bad !== undefined) {
      refused++;
      firstRefused ??= bad;
      continue;
    }
    let best = 0;
    row.forEach((value, c) => {
      if (value > row[best]!) best = c;
    });
    counts[best]!++;
  }
  return { counts, refused, firstRefused };
}

/**
 * P(at some n up to `most` the successes h satisfy `claims(h, n)`), exact up to rounding, for claims that hold from some h on.
 *
 * Carries the probability of every h that has not met a claim yet from one trial to the next.
 */
export function chanceOfClaim(p: number, most: number, claims: (h: number, n: number) => boolean): number {
  const open = new Float64Array(most + 1);
  open[0] = 1;
  let claimed = 0;
  let least = 1; // a claim needs a success
  for (let n = 1; n <= most; n++) {
    for (let h = n; h > 0; h--) open[h] = open[h]! * (1 - p) + open[h - 1]! * p;
    open[0]! *= 1 - p;
    while (least > 1 && claims(least - 1, n)) least--;
    while (least <= n && !claims(least, n)) least++;
    for (let h = least; h <= n; h++) {
      claimed += open[h]!;
      open[h] = 0;
    }
  }
  return claimed;
}

/** The counts of one class, over labelled components. @internal */
export interface ClassTerm {
  /** Rightly certified. */
  readonly right: number;
  /** Of this class in truth. */
  readonly truth: number;
  /** Certified as this class. */
  readonly predicted: number;
  /** Abstaining components of other classes: so many may be predicted as this one and enlarge its union. */
  readonly others: number;
}

const unionOf = ({ right, truth, predicted }: ClassTerm): number => truth + predicted - right;

/** The least IoU of one class. @internal */
export function leastIou(term: ClassTerm): number {
  return term.right / Math.max(1, unionOf(term) + term.others);
}

/**
 * The least mean IoU of classes, over all ways in which the components that abstain may be predicted.
 *
 * A component that is predicted as class c, not its own, adds 1 to the union of c. With A components that abstain, A_c of them of class c: Σ a_c ≤ A and a_c ≤ A − A_c. The terms
 * tp_c / (U_c + a_c) are convex in a_c and the limits form a polymatroid, so the least mean takes the A largest falls tp_c / ((U_c + a)(U_c + a + 1)).
 *
 * @param terms - the classes of the mean, at least one
 * @param abstained - A
 * @internal
 */
export function leastMiou(terms: readonly ClassTerm[], abstained: number): number {
  const added = mostThatFall(terms, abstained);
  // The last few one by one, so that no rounding decides.
  for (let left = abstained - added.reduce((a, b) => a + b, 0); left > 0; left--) {
    let best = 0;
    const falls = terms.map((term, c) => (added[c]! < term.others ? fallAt(term, added[c]!) : 0));
    falls.forEach((fall, c) => (best = fall > falls[best]! ? c : best));
    if (falls[best] === 0) break;
    added[best]! += 1;
  }
  const ious = terms.map((term, c) => term.right / Math.max(1, unionOf(term) + added[c]!));
  return ious.reduce((a, b) => a + b, 0) / terms.length;
}

/** By how much the term of a class falls with the next addition to its union. */
function fallAt(term: ClassTerm, added: number): number {
  const union = unionOf(term) + added;
  return term.right / (union * (union + 1));
}

/** Additions whose falls are among the largest, a few less than `most`, so that one addition at a time need not be tried. */
function mostThatFall(terms: readonly ClassTerm[], most: number): number[] {
  const above = (level: number, fewer: number): number[] =>
    terms.map((term) => {
      const last = Math.floor((Math.sqrt(1 + (4 * term.right) / level) - 1) / 2) - unionOf(term);
      return Math.max(0, Math.min(term.others, last + 1) - fewer);
    });
  let [low, high] = [1e-300, 1];
  for (let step = 0; step < 1100; step++) {
    const middle = Math.sqrt(low * high);
    if (middle === low || middle === high) break;
    if (above(middle, 0).reduce((a, b) => a + b, 0) <= most) high = middle;
    else low = middle;
  }
  return above(high, 2);
}

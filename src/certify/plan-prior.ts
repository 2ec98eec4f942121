/** A class probability p that a plan reckons with. @internal */
export interface PriorCell {
  readonly p: number;
  /** ln(p/p₀) and ln((1−p)/(1−p₀)): what a hit and a miss add to the logarithm of the likelihood, against p₀. */
  readonly hit: number;
  readonly miss: number;
  /** Its share of all images; the weights of all cells sum to 1. */
  readonly weight: number;
}

/** The cells on both sides of p₀, from the innermost on. @internal */
export interface PlanPrior {
  readonly below: readonly PriorCell[];
  readonly above: readonly PriorCell[];
}

/** The j-th cell on either side is so far from p₀, in log-odds: dense where decisions are hard, ever wider outside. */
const distance = (j: number): number => Math.sinh(j / 6) / 300;

/**
 * What a plan expects of the images: flat in the log-odds of the class probability, L₀ ± sinh(j/6)/300 within [min(−1, L₀ − 2), max(9, L₀ + 4)] around L₀ = ln(p₀/q₀).
 *
 * It decides how many samples are needed, never whether a certificate is right.
 * @internal
 */
export function planPrior({ p, q }: { readonly p: number; readonly q: number }): PlanPrior {
  const center = Math.log(p) - Math.log(q);
  const widths = (sign: 1 | -1, end: number): number[] => {
    const list: number[] = [];
    for (let j = 1; distance(j) <= sign * (end - center); j++) {
      list.push(distance(j + 0.5) - (j === 1 ? 0 : distance(j - 0.5)));
    }
    return list;
  };
  const above = widths(1, Math.max(9, center + 4));
  const below = widths(-1, Math.min(-1, center - 2));
  const total = [...above, ...below].reduce((sum, width) => sum + width, 0);
  const cells = (sign: 1 | -1, list: readonly number[]): PriorCell[] =>
    list.map((width, i) => ({ ...cellAt(center, sign * distance(i + 1)), weight: width / total }));
  return { below: cells(-1, below), above: cells(1, above) };
}

/** With L = L₀ + d: ln(p/p₀) = −ln(1 + (e^−d − 1) q₀) and ln(q/q₀) = ln(p/p₀) − d, without a difference of logarithms. */
function cellAt(center: number, d: number): Omit<PriorCell, 'weight'> {
  const q0 = 1 / (1 + Math.exp(center));
  const hit = -Math.log1p(Math.expm1(-d) * q0);
  return { p: 1 / (1 + Math.exp(-center - d)), hit, miss: hit - d };
}

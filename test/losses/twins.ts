import { normalQuantile } from '../../src/stats/normal.ts';

/**
 * The slow, obvious twins of the losses: plain loops over images b and copies m, written from the formulas of the papers.
 *
 * logits[m][b][c], labels[b], targets[b][c].
 */
type Logits = readonly (readonly (readonly number[])[])[];
type Rows = readonly (readonly number[])[];

export function softmax(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  const powers = row.map((z) => Math.exp(z - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

export function crossEntropy(row: readonly number[], label: number): number {
  return -Math.log(softmax(row)[label]!);
}

export function kl(target: readonly number[], row: readonly number[]): number {
  const p = softmax(row);
  let sum = 0;
  for (let c = 0; c < p.length; c++) if (target[c]! > 0) sum += target[c]! * Math.log(target[c]! / p[c]!);
  return sum;
}

/** (1/MB) sum over b and m of the cross entropy. */
export function gaussianTwin(logits: Logits, labels: readonly number[]): number {
  let sum = 0;
  for (const copies of logits) for (const [b, row] of copies.entries()) sum += crossEntropy(row, labels[b]!);
  return sum / (logits.length * labels.length);
}

/** Mean softmax over the copies, one row per image. */
export function meanSoftmaxTwin(logits: Logits): number[][] {
  return logits[0]!.map((first, b) =>
    first.map((_, c) => logits.reduce((sum, copies) => sum + softmax(copies[b]!)[c]!, 0) / logits.length),
  );
}

export interface CatRsTwin {
  readonly logits: Logits;
  readonly logitsAdv: Logits;
  readonly labels: readonly number[];
  readonly softTargets: Rows;
  /** Uniform numbers [b][m]; success m of image b is u < pHat. */
  readonly uniforms: Rows;
  readonly lambda: number;
  readonly confidenceMask: boolean;
  readonly k?: readonly number[];
}

/** The confidence-aware loss and its parts. */
export function catRsTwin(given: CatRsTwin) {
  const { logits, logitsAdv, labels, softTargets, uniforms, lambda, confidenceMask } = given;
  const M = logits.length;
  const low: number[] = [];
  const high: number[] = [];
  const mask: number[] = [];
  const ks: number[] = [];
  let total = 0;
  for (const [b, label] of labels.entries()) {
    let votes = 0;
    for (let m = 0; m < M; m++) {
      const row = logits[m]![b]!;
      if (row.indexOf(Math.max(...row)) === label) votes++;
    }
    const pHat = confidenceMask ? softTargets[b]![label]! : votes / M;
    const drawn = Math.max(1, uniforms[b]!.filter((u) => u < pHat).length);
    const k = given.k?.[b] ?? drawn;
    const losses = logits.map((copies) => crossEntropy(copies[b]!, label)).sort((a, c) => a - c);
    const lowest = losses.slice(0, k).reduce((a, c) => a + c, 0) / M;
    const worst = Math.max(...logitsAdv.map((copies) => kl(softTargets[b]!, copies[b]!)));
    const certain = k === M ? 1 : 0;
    low.push(lowest);
    high.push(worst);
    mask.push(certain);
    ks.push(k);
    total += lowest + lambda * certain * worst;
  }
  return { total: total / labels.length, low, high, mask, k: ks };
}

export interface SmoothMixTwin {
  /** Of the noisy copies of x_s. */
  readonly logits: Logits;
  /** Of the noisy copies of the mixed images. */
  readonly logitsMixed: Logits;
  readonly labels: readonly number[];
  readonly mixing: readonly number[];
  /** eta times the warm-up factor. */
  readonly weight: number;
}

/** The SmoothMix loss and its parts. */
export function smoothMixTwin({ logits, logitsMixed, labels, mixing, weight }: SmoothMixTwin) {
  const M = logits.length;
  const predictions = meanSoftmaxTwin(logits);
  const ownMean = (of: (copy: number) => number): number =>
    Array.from({ length: M }, (_, m) => of(m)).reduce((a, c) => a + c, 0) / M;
  const parts = labels.map((label, b) => {
    const p = predictions[b]!;
    const target = p.map((share) => (1 - mixing[b]!) * share + mixing[b]! / p.length);
    return {
      crossEntropy: ownMean((m) => crossEntropy(logits[m]![b]!, label)),
      mixup: ownMean((m) => kl(target, logitsMixed[m]![b]!)),
      mask: p.indexOf(Math.max(...p)) === label ? 1 : 0,
      target,
    };
  });
  let total = 0;
  for (const { crossEntropy: ce, mixup, mask } of parts) total += ce + weight * mask * mixup;
  return {
    total: total / labels.length,
    crossEntropy: parts.map((part) => part.crossEntropy),
    mixup: parts.map((part) => part.mixup),
    mask: parts.map((part) => part.mask),
    targets: parts.map((part) => part.target),
  };
}

/** Mean over the copies of -sum softmax(clean) ln softmax(noisy), one number per image. */
export function stabilityTwin(clean: Rows, noisy: Logits): number[] {
  return clean.map((row, b) => {
    const target = softmax(row);
    let sum = 0;
    for (const copies of noisy) for (let c = 0; c < row.length; c++) sum += target[c]! * crossEntropy(copies[b]!, c);
    return sum / noisy.length;
  });
}

export interface ConsistencyWeights {
  readonly mode: 'default' | 'xent' | 'kl' | 'mse';
  readonly lambda: number;
  readonly eta: number;
}

/** The consistency regulariser with its weights, one number per image. */
export function consistencyTwin(logits: Logits, { mode, lambda, eta }: ConsistencyWeights): number[] {
  return meanSoftmaxTwin(logits).map((average, b) => {
    const [p1, p2] = [softmax(logits[0]![b]!), softmax(logits[1]![b]!)];
    const distance = p1.reduce((sum, p, c) => sum + (p2[c]! - p) ** 2, 0);
    const divergence = logits.reduce((sum, copies) => sum + kl(average, copies[b]!), 0) / logits.length;
    const entropy = average.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
    if (mode === 'mse') return lambda * distance;
    if (mode === 'kl') return lambda * divergence;
    return mode === 'xent' ? lambda * (divergence + entropy) : lambda * divergence + eta * entropy;
  });
}

/** -ln of the mean probability of the label, one number per image. */
export function macerClassificationTwin(logits: Logits, labels: readonly number[]): number[] {
  return meanSoftmaxTwin(logits).map((average, b) => -Math.log(average[labels[b]!]! + 1e-10));
}

export interface MacerHinge {
  readonly sigma: number;
  readonly beta: number;
  readonly gamma: number;
}

/** sigma/2 (gamma + xi) of the images that the hinge of MACER keeps, 0 of the others, in float64. */
export function macerRobustnessTwin(logits: Logits, labels: readonly number[], hinge: MacerHinge): number[] {
  const { sigma, beta, gamma } = hinge;
  const sharp = logits.map((copies) => copies.map((row) => row.map((z) => beta * z)));
  return meanSoftmaxTwin(sharp).map((scores, b) => {
    const order = scores.map((_, c) => c).sort((i, j) => scores[j]! - scores[i]!);
    if (order[0] !== labels[b]) return 0;
    const [s1, s2] = [scores[order[0]!]!, scores[order[1]!]!];
    const quantile = (p: number): number => normalQuantile({ p, q: 1 - p });
    const xi = quantile(s2) - quantile(s1);
    return Math.abs(xi) <= gamma ? (sigma / 2) * (gamma + xi) : 0;
  });
}

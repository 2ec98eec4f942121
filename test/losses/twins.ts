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

import type { FixtureArray } from '../helpers/fixtures.ts';
import type { TinyCnnFixture } from '../helpers/tiny-cnn.ts';
import { softmax } from '../losses/twins.ts';

/** Weights of the tiny network as plain double-precision arrays, by the names the fixture files use. */
export type PlainWeights = Record<keyof TinyCnnFixture['weights'], number[]>;

export function plainWeights({ weights }: TinyCnnFixture): PlainWeights {
  return Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, [...data]])) as PlainWeights;
}

/**
 * Mean cross entropy of the tiny network (convolution 4x3x3, relu, max pool 2x2, dense 3) over images [B,8,8,1], and its gradient: plain
 * loops in double precision.
 */
export function crossEntropyGradient(
  weights: PlainWeights,
  images: FixtureArray,
  labels: readonly number[],
): { loss: number; gradient: PlainWeights } {
  const gradient = Object.fromEntries(
    Object.entries(weights).map(([name, values]) => [name, values.map(() => 0)]),
  ) as PlainWeights;
  let loss = 0;
  for (const [b, label] of labels.entries()) {
    const pixel = (row: number, column: number): number => images.data[b * 64 + row * 8 + column]!;
    // Pooled cell (i, j, f): its value and the position of its largest entry, the first one of a tie.
    const pooled: number[] = [];
    const winner: { row: number; column: number; value: number }[] = [];
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++)
        for (let f = 0; f < 4; f++) {
          let best = { row: 0, column: 0, value: -Infinity };
          for (const [row, column] of [0, 1, 2, 3].map((c) => [2 * i + (c >> 1), 2 * j + (c & 1)] as const)) {
            let value = weights['conv/bias'][f]!;
            for (let u = 0; u < 3; u++)
              for (let v = 0; v < 3; v++)
                value += pixel(row + u, column + v) * weights['conv/kernel'][(u * 3 + v) * 4 + f]!;
            if (Math.max(value, 0) > Math.max(best.value, 0) || best.value === -Infinity) best = { row, column, value };
          }
          winner.push(best);
          pooled.push(Math.max(best.value, 0));
        }
    const logits = weights['dense/bias'].map((bias, c) =>
      pooled.reduce((sum, value, k) => sum + value * weights['dense/kernel'][k * 3 + c]!, bias),
    );
    const p = softmax(logits);
    loss -= Math.log(p[label]!) / labels.length;
    const slope = p.map((value, c) => (value - (c === label ? 1 : 0)) / labels.length);
    slope.forEach((s, c) => (gradient['dense/bias'][c]! += s));
    pooled.forEach((value, k) => {
      let back = 0;
      slope.forEach((s, c) => {
        gradient['dense/kernel'][k * 3 + c]! += value * s;
        back += weights['dense/kernel'][k * 3 + c]! * s;
      });
      const { row, column, value: before } = winner[k]!;
      if (before <= 0) return;
      gradient['conv/bias'][k % 4]! += back;
      for (let u = 0; u < 3; u++)
        for (let v = 0; v < 3; v++)
          gradient['conv/kernel'][(u * 3 + v) * 4 + (k % 4)]! += back * pixel(row + u, column + v);
    });
  }
  return { loss, gradient };
}

/** What PyTorch's SGD takes. */
export interface SgdSettings {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly dampening: number;
  readonly nesterov: boolean;
}

/** One weight after steps with given gradients, written out as PyTorch 1.13 documents its SGD. */
export function sgdTwin(start: number, gradients: readonly ((w: number) => number)[], settings: SgdSettings): number {
  const { learningRate, momentum, weightDecay, dampening, nesterov } = settings;
  let w = start;
  let b = 0;
  gradients.forEach((gradient, t) => {
    let d = gradient(w) + weightDecay * w;
    if (momentum !== 0) {
      b = t === 0 ? d : momentum * b + (1 - dampening) * d;
      d = nesterov ? d + momentum * b : b;
    }
    w -= learningRate * d;
  });
  return w;
}

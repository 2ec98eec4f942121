import type { Noise, TypedClassifier } from 'catrs';
import { GaussianNoise } from 'catrs';
import { sampleIndices } from '../scripted.ts';

/** A "noise" whose copy i of anything is the number i, with the radius and the shift of Gaussian noise: with {@link outputsOf} it makes any outputs. */
export function scriptedNoise(
  sigma = 1,
  fails: (sample: number) => boolean = () => false,
  { shifts = true }: { readonly shifts?: boolean } = {},
): Noise {
  const gaussian = new GaussianNoise({ sigma });
  return {
    ...sampleIndices(fails),
    radius: (bound, request) => gaussian.radius(bound, request),
    ...(shifts && { shiftDown: (bound, radius, request) => gaussian.shiftDown(bound, radius, request) }),
  };
}

/** A model of the copies of {@link scriptedNoise}: sample i has the outputs `output(i)`. */
export function outputsOf(output: (sample: number) => number | readonly number[]): TypedClassifier {
  return { classify: (inputs) => Float32Array.from(Array.from(inputs).flatMap(output)) };
}

/** A model of typed arrays that gives each number of a copy as it is. */
export const identity: TypedClassifier = { classify: (inputs) => inputs.slice() };

/** P(Bin(n, p) ≤ k) by its sum, in logarithms: slow and obvious. */
export function binomialCdf(k: number, n: number, p: number): number {
  let logTerm = n * Math.log1p(-p);
  let sum = 0;
  for (let j = 0; j <= k; j++) {
    if (j > 0) logTerm += Math.log((n - j + 1) / j) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(logTerm);
  }
  return sum;
}

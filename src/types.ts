/**
 * A random key: an immutable pair of unsigned 32-bit words.
 *
 * Keys are plain JSON values. They can be logged, stored beside a certificate and sent to a worker. The same key always gives
 * the same draws. Make one with {@link createKey}, derive others with {@link split} and {@link foldIn}.
 */
export type Key = readonly [number, number];

/** A norm of the vector of changes: its length. */
export type LengthNorm = 'l1' | 'l2' | 'linf';

/**
 * In what a perturbation is measured.
 *
 * Beside lengths there are norms that count changes, whose radii are whole numbers, closed (at most r changes), and may be 0:
 * - `'l0'`: changed positions, a pixel with all its channels as one;
 * - `'patch'`: the side of the smallest axis-parallel square that holds all changed pixels;
 * - `'edit'`: insertions, deletions and substitutions of tokens.
 *
 * `'parameter'` is the size of a parameter of a transformation (`BlurNoise`, `LightNoise`, `ShiftNoise`), in its own unit.
 *
 * `'scaled'` is the length of the changes in units of the scales of the noise, one for each coordinate: ‖δ/σ‖₂ of Gaussian noise, Σ|δᵢ|/λᵢ of
 * Laplace and uniform noise. It has no unit.
 */
export type Norm = LengthNorm | 'l0' | 'patch' | 'edit' | 'parameter' | 'scaled';

/**
 * A probability bound carried together with its complement.
 *
 * A double near 1 cannot hold `1 - p` accurately, so both are kept. `p` is rounded down and `q` up: the pair never claims more
 * than the exact bound.
 */
export interface ProbabilityBound {
  /** Lower bound on the probability of the top class, rounded down. */
  readonly p: number;
  /** `1 - p`, computed on its own and rounded up. */
  readonly q: number;
}

/**
 * An upper bound on a probability carried together with its complement: the mirror image of {@link ProbabilityBound}.
 *
 * Here `p` is rounded up and `q` down, so that the pair, too, never claims more than the exact bound.
 */
export interface UpperProbabilityBound {
  /** Upper bound on the probability, rounded up. */
  readonly p: number;
  /** `1 - p`, computed on its own and rounded down. */
  readonly q: number;
}

/** Smallest and largest value that an input coordinate may take, in input units. */
export type InputRange = readonly [low: number, high: number];

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

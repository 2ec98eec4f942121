import { fillNormals } from '../../src/random/fill-normals.ts';
import { createKey } from '../../src/random/key.ts';
import { softmax } from '../losses/twins.ts';

/**
 * The slow, obvious twins of the attacks: plain loops over one image at a time, gradients by central differences.
 */
type Vector = readonly number[];
type Logits = (x: Vector) => number[];

/** Two layers of weights with a smooth activation between: 16 inputs, 5 units, 3 classes. */
export const tinyMlp = { inputs: 16, units: 5, classes: 3, first: normals(1, 16 * 5), second: normals(2, 5 * 3) };

/** The network on one image. */
export const tinyMlpLogits: Logits = (x) => {
  const { inputs, units, classes, first, second } = tinyMlp;
  const hidden = range(units).map((j) => Math.tanh(sum(range(inputs), (k) => x[k]! * first[k * units + j]!)));
  return range(classes).map((c) => sum(range(units), (j) => hidden[j]! * second[j * classes + c]!));
};

/** Standard normal numbers of a seed. */
export function normals(seed: number, count: number): number[] {
  const values = new Float32Array(count);
  fillNormals(values, { key: createKey(seed), start: 0, dimension: count });
  return Array.from(values);
}

export interface TwinAttack {
  readonly logits: Logits;
  readonly x: Vector;
  readonly label: number;
  /** Noises [m][k]. */
  readonly noises: readonly Vector[];
  readonly steps: number;
  readonly clip: readonly [number, number];
}

export interface TwinPgd extends TwinAttack {
  readonly norm: 'l1' | 'l2' | 'linf';
  readonly epsilon: number;
  readonly stepSize: number;
  readonly order: 'clip-then-shorten' | 'shorten-then-clip';
  readonly gradientFree: boolean;
}

/** The attacked image. */
export function pgdTwin(given: TwinPgd): number[] {
  const { x, norm, epsilon, stepSize, order, gradientFree, clip } = given;
  let delta = x.map(() => 0);
  for (let step = 0; step < given.steps; step++) {
    const gradient = gradientFree ? estimate(given, delta) : differences((d) => loss(given, d), delta);
    const direction = directionTwin(norm, gradient);
    delta = delta.map((value, k) => value + stepSize * direction[k]!);
    const clipped = (d: Vector): number[] => d.map((value, k) => clamp(x[k]! + value, clip) - x[k]!);
    const shortened = (d: Vector): number[] => shortenTwin(norm, d, epsilon);
    delta = order === 'clip-then-shorten' ? shortened(clipped(delta)) : clipped(shortened(delta));
  }
  return x.map((value, k) => value + delta[k]!);
}

export interface TwinDdn extends TwinAttack {
  readonly epsilon: number;
  readonly initialNorm: number;
  readonly gamma: number;
  readonly levels: number | null;
}

/** The attacked image. */
export function ddnTwin(given: TwinDdn): number[] {
  const { x, clip, steps, label, noises, levels } = given;
  const [low, high] = clip;
  const grid = (value: number): number =>
    levels === null ? value : (Math.round((value / (high - low)) * levels) / levels) * (high - low);
  const farthest = Math.hypot(...x.map((value) => Math.max(value - low, high - value)));
  let delta = x.map(() => 0);
  let norm = given.initialNorm;
  let best = delta;
  let bestLength = farthest;
  for (let step = 1; step <= steps; step++) {
    const votes = [0, 0, 0];
    for (const noise of noises) votes[argMax(given.logits(add(add(x, delta), noise)))]! += 1;
    const changed = argMax(votes) !== label;
    if (changed && Math.hypot(...delta) < bestLength) {
      best = delta;
      bestLength = Math.hypot(...delta);
    }
    const gradient = differences((d) => loss(given, d), delta);
    const rate = 0.01 + (0.99 * (1 + Math.cos((Math.PI * step) / steps))) / 2;
    delta = delta.map((value, k) => value + (rate * gradient[k]!) / Math.hypot(...gradient));
    norm = Math.min(farthest, norm * (changed ? 1 - given.gamma : 1 + given.gamma));
    const length = Math.hypot(...delta);
    delta = delta.map((value, k) => {
      return clamp(grid(x[k]! + (value * norm) / length - low) + low, clip) - x[k]!;
    });
  }
  const share = Math.min(1, given.epsilon / Math.hypot(...best, 1e-30));
  return x.map((value, k) => clamp(value + grid(best[k]! * share), clip));
}

/** The nearest vector of length at most epsilon; in l1 by bisection on the threshold. */
export function shortenTwin(norm: 'l1' | 'l2' | 'linf', v: Vector, epsilon: number): number[] {
  if (norm === 'linf') return v.map((value) => clamp(value, [-epsilon, epsilon]));
  if (norm === 'l2') return v.map((value) => value * Math.min(1, epsilon / Math.hypot(...v, 1e-30)));
  const shrunk = (theta: number): number[] => v.map((value) => Math.sign(value) * Math.max(Math.abs(value) - theta, 0));
  let [low, high] = [0, Math.max(...v.map(Math.abs))];
  if (l1(v) <= epsilon) return [...v];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (l1(shrunk(middle)) > epsilon) low = middle;
    else high = middle;
  }
  return shrunk(high);
}

function directionTwin(norm: 'l1' | 'l2' | 'linf', gradient: Vector): number[] {
  if (norm === 'l2') return gradient.map((value) => value / Math.hypot(...gradient));
  if (norm === 'linf') return gradient.map(Math.sign);
  // The entries from number floor(15 d / 16) of the rising order on, counted from 1.
  const sizes = gradient.map(Math.abs).sort((a, b) => a - b);
  const smallest = sizes[Math.floor((15 * sizes.length) / 16) - 1]!;
  const signs = gradient.map((value) => (Math.abs(value) >= smallest ? Math.sign(value) : 0));
  return signs.map((value) => value / l1(signs));
}

/** −ln of the mean probability of the label over the noises. */
function loss({ logits, x, label, noises }: TwinAttack, delta: Vector): number {
  return -Math.log(sum(noises, (noise) => softmax(logits(add(add(x, delta), noise)))[label]!) / noises.length);
}

function estimate({ logits, x, label, noises }: TwinAttack, delta: Vector): number[] {
  const probabilities = noises.map((noise) => softmax(logits(add(add(x, delta), noise)))[label]!);
  return x.map((_, k) => -sum(range(noises.length), (i) => probabilities[i]! * noises[i]![k]!) / noises.length);
}

function differences(f: (v: Vector) => number, at: Vector): number[] {
  const h = 1e-5;
  return at.map((_, k) => {
    const moved = (by: number): number => f(at.map((value, i) => (i === k ? value + by : value)));
    return (moved(h) - moved(-h)) / (2 * h);
  });
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const sum = <T>(items: readonly T[], f: (item: T) => number): number =>
  items.reduce((total, item) => total + f(item), 0);
const l1 = (v: Vector): number => sum(v, Math.abs);
const add = (a: Vector, b: Vector): number[] => a.map((value, k) => value + b[k]!);
const clamp = (value: number, [low, high]: readonly [number, number]): number => Math.min(Math.max(value, low), high);
const argMax = (v: Vector): number => v.indexOf(Math.max(...v));

import { type Boundaries, crossing, type Kernels, kernelsAt } from './crossing.ts';
import { leastCostBoundaries, planStates, type TiedBoundaries } from './plan-boundaries.ts';
import { planPrior } from './plan-prior.ts';

/** What a plan follows from. @internal */
export interface PlanSettings {
  readonly n: number;
  /** The votes are looked at at some of its multiples, and at n. */
  readonly checkEvery: number;
  readonly alpha: number;
  /** The least probability that proves the radius. */
  readonly p0: { readonly p: number; readonly q: number };
  /** Price of giving up an image that is certifiable, in samples, as a share of n. */
  readonly worth: number;
  /** Whether the same votes choose the class: every class has its run then, and all of them share alpha. */
  readonly choosesClass: boolean;
}

/** Largest n that is planned: the time grows with n, about half a minute here. @internal */
export const MOST_PLANNED = 1_000_000;

/** Beyond some checks each is so much later than the one before, in percent. */
const GROWTH = 4;

/**
 * Where a plan looks at the votes: at every multiple of `checkEvery` up to 25 of them, then at ever fewer, each 4 % later than the one before, and at n.
 *
 * In integers, so that every engine has the same.
 * @internal
 */
export function planChecks(n: number, checkEvery: number): readonly number[] {
  const checks: number[] = [];
  for (let at = 0; at < n;) {
    const grown = Math.round((at * (100 + GROWTH)) / (100 * checkEvery)) * checkEvery;
    at = Math.min(n, Math.max(at + checkEvery, grown));
    checks.push(at);
  }
  return checks;
}

const HALF = { p: 0.5, q: 0.5 };

/** Two sums that are compared are off by less, relative. */
const ROOM = 1 - 1e-9;

/** Probability of a false certificate, never below the exact one: ψ(p₀), and ψ(p₀) + ψ(1/2) where the same votes choose the class. @internal */
export function planLevel(
  boundaries: Boundaries,
  { p0, choosesClass }: Pick<PlanSettings, 'p0' | 'choosesClass'>,
): number {
  return levelsAt(p0, choosesClass)(boundaries);
}

function levelsAt(p0: PlanSettings['p0'], choosesClass: boolean): (boundaries: Boundaries) => number {
  const [own, half]: Kernels[] = [kernelsAt(p0), kernelsAt(HALF)];
  return (boundaries) =>
    crossing(boundaries, own as Kernels).most + (choosesClass ? crossing(boundaries, half as Kernels).most : 0);
}

/**
 * Whether ψ(p)/p rises up to p₀, which the sum over all classes rests on: every certificate then has at least one vote more than p₀ gives on average.
 * @internal
 */
export function risesFromAverage({ checks, up }: Boundaries, { p }: { readonly p: number }): boolean {
  return checks.every((n, j) => (up[j] ?? 0) > n || (up[j] ?? 0) >= leastRise(n, p));
}

const leastRise = (n: number, p: number): number => Math.ceil(n * p * (1 + 2 ** -50) + 1);

/** Boundaries with {@link risesFromAverage}: those that are too low are raised, which certifies less. */
function raised(plan: TiedBoundaries, { p }: { readonly p: number }): TiedBoundaries {
  if (risesFromAverage(plan, { p })) return plan;
  const { checks } = plan;
  const up = checks.map((n, j) => Math.max(plan.up[j] ?? 0, Math.min(n + 1, leastRise(n, p))));
  const low = plan.low.map((count, j) => (j === checks.length - 1 ? (up[j] ?? 0) - 1 : count));
  return { ...plan, up, low };
}

/** A price of a false certificate, with what comes of it. */
interface Priced {
  readonly lnPrice: number;
  readonly plan: TiedBoundaries;
  /** ln of the probability of a false certificate, less ln of what is allowed. */
  readonly excess: number;
}

/** The price is above 0 and mostly below this, in logarithms. */
const USUAL_LN_PRICE = 25;
const MOST_LN_PRICE = 600;
const FINEST = 1e-12;

/**
 * The plan of least cost whose probability of a false certificate is at most alpha; undefined where no boundary can certify.
 *
 * The price of a false certificate is searched for: with a higher one less is certified. By the Illinois form of false position, with every third step a bisection, until one
 * boundary is the difference.
 * @internal
 */
export function derivePlan(
  settings: PlanSettings,
  checks: readonly number[] = planChecks(settings.n, settings.checkEvery),
): TiedBoundaries | undefined {
  const { n, p0, alpha, worth, choosesClass } = settings;
  if (n * Math.log1p(-p0.q) > Math.log(alpha)) return undefined; // not even unanimous votes
  const states = planStates({ checks, p0, missPrice: worth * n }, planPrior(p0));
  const kernels = kernelsAt(p0);
  const levelOf = levelsAt(p0, choosesClass);
  const at = (lnPrice: number): Priced => {
    const cheapest = leastCostBoundaries(states, Math.exp(lnPrice), kernels);
    const plan = choosesClass ? raised(cheapest, p0) : cheapest;
    return { lnPrice, plan, excess: Math.log(levelOf(plan) / (alpha * ROOM)) };
  };
  let low = at(0);
  let high = low.excess > 0 ? at(USUAL_LN_PRICE) : low;
  while (high.excess > 0 && high.lnPrice < MOST_LN_PRICE) [low, high] = [high, at(2 * high.lnPrice)];
  let [above, below] = [low.excess, high.excess];
  let wasHigh: boolean | undefined;
  for (let step = 1; high.lnPrice - low.lnPrice > FINEST && boundariesBetween(low.plan, high.plan) > 1; step++) {
    const share = step % 3 === 0 || !(below > -Infinity) ? 0.5 : above / (above - below);
    const middle = at(low.lnPrice + Math.min(Math.max(share, 0.02), 0.98) * (high.lnPrice - low.lnPrice));
    const isHigh = middle.excess <= 0;
    if (isHigh) [high, below] = [middle, middle.excess];
    else [low, above] = [middle, middle.excess];
    if (isHigh && wasHigh === true) above /= 2;
    if (!isHigh && wasHigh === false) below /= 2;
    wasHigh = isHigh;
  }
  const { plan } = high;
  return high.excess <= 0 && plan.up.some((count, j) => count <= (checks[j] ?? 0)) ? plan : undefined;
}

/** By how many votes the boundaries of two plans differ; the lower one of the last check follows from the upper one. */
function boundariesBetween(a: Boundaries, b: Boundaries): number {
  const distance = (one: readonly number[], other: readonly number[]): number =>
    one.reduce((sum, count, j) => sum + Math.abs(count - (other[j] ?? 0)), 0);
  return distance(a.up, b.up) + distance(a.low.slice(0, -1), b.low.slice(0, -1));
}

/** The last plans: what a plan follows from is all that it depends on, so nobody can tell. */
const known = new Map<string, TiedBoundaries | undefined>();
const MOST_KNOWN = 32;

/** {@link derivePlan}, once for the same settings. @internal */
export function planFor(settings: PlanSettings): TiedBoundaries | undefined {
  const { n, checkEvery, alpha, p0, worth, choosesClass } = settings;
  const name = [n, checkEvery, alpha, p0.q, worth, choosesClass].join(' ');
  if (!known.has(name)) {
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= MOST_KNOWN) known.delete(oldest);
    known.set(name, derivePlan(settings));
  }
  return known.get(name);
}

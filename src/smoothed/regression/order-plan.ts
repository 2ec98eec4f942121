import { OptionError, refusal } from '../../errors.ts';
import type { Noise, RadiusRequest } from '../../noise/types.ts';
import { MAX_SAMPLES } from '../../options/fields.ts';
import { leastCount } from '../../stats/minimum-samples.ts';
import { anytimeOrderStatistic, lowerOrderStatistic } from '../../stats/order-statistic.ts';
import { type PercentileLevels, percentileLevels } from './percentile-levels.ts';
import type { BoundedSides } from './types.ts';

/** What the indices of order statistics follow from. @internal */
export interface OrderSettings {
  readonly percentile: number;
  readonly outputs: number;
  readonly radii: readonly number[];
  readonly sides: BoundedSides;
  readonly alpha: number;
  /** Sizes at which the sample is looked at, the last one is all of it; undefined at any time. */
  readonly looks: readonly number[] | undefined;
  readonly n: number;
}

/** Indices within one radius, both counted from their end: of the lower bound from the least, of the upper one from the greatest value. @internal */
export interface OrderIndices {
  /** From 1; 0 where there is none. */
  readonly lower: number;
  readonly upper: number;
}

/** Which order statistics bound the outputs of inputs of one size. @internal */
export class OrderPlan {
  /** What is left of the percentile within each radius. */
  readonly levels: readonly PercentileLevels[];
  /** The failure probability of each single bound. */
  readonly alphaSide: number;
  readonly #settings: OrderSettings;
  readonly #known = new Map<number, readonly OrderIndices[]>();

  constructor(noise: Noise, settings: OrderSettings, request: RadiusRequest) {
    const { percentile, radii, outputs, sides, alpha, looks } = settings;
    this.#settings = settings;
    this.levels = radii.map((radius) => percentileLevels(noise, percentile, radius, request));
    this.alphaSide = alpha / ((sides === 'both' ? 2 : 1) * outputs * radii.length * (looks?.length ?? 1));
  }

  /** The indices of a sample of n, for each radius. */
  at(n: number): readonly OrderIndices[] {
    const known = this.#known.get(n);
    if (known) return known;
    const found = this.levels.map((levels) => this.#indices(n, levels));
    this.#known.set(n, found);
    return found;
  }

  /** Throws unless some bound can come of n samples. */
  assertEnough(call: string): void {
    const { n, radii } = this.#settings;
    const [smallest] = this.levels;
    if (smallest === undefined || isAny(this.#indices(n, smallest))) return;
    const least = leastCount(MAX_SAMPLES, (count) => isAny(this.#indices(count, smallest)));
    if (least === Infinity) {
      const way = 'no number of samples bounds the outputs so far away: choose a smaller radius, or more noise';
      const details = { call, field: 'radius', value: radii[0], way };
      throw refusal(OptionError, details, 'must leave something of the percentile');
    }
    const way = 'with fewer samples no output has a bound: raise n or alpha, or choose a smaller radius';
    throw refusal(OptionError, { call, field: 'n', value: n, way }, `must be at least ${least}`);
  }

  #indices(n: number, { lower, upper }: PercentileLevels): OrderIndices {
    const { sides, looks } = this.#settings;
    const index = looks ? lowerOrderStatistic : anytimeOrderStatistic;
    const isMirrored = sides === 'both' && lower.p === upper.p && lower.q === upper.q;
    const fromBelow = sides === 'upper' ? 0 : index(n, lower, this.alphaSide);
    const fromAbove = sides === 'lower' ? 0 : isMirrored ? fromBelow : index(n, upper, this.alphaSide);
    return { lower: fromBelow, upper: fromAbove };
  }
}

const isAny = ({ lower, upper }: OrderIndices): boolean => lower > 0 || upper > 0;

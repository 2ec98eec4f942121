import { OptionError, refusal } from '../errors.ts';
import type { Noise } from '../noise/types.ts';
import { countsChanges } from '../options/counting-norms.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, type OptionsSchema, type WithDefaults } from '../options/parse.ts';
import { clopperPearsonLowerBound } from '../stats/clopper-pearson.ts';
import { empiricalBernsteinLowerBound } from '../stats/empirical-bernstein.ts';
import type { Norm } from '../types.ts';
import { type CertifyOptions, softCertifyFields } from './call-options.ts';
import { shiftOf } from './outputs/shift-of.ts';
import { areThresholds, type SoftBound, thresholdList } from './soft-bound.ts';

/** Options of `SoftSmoothedClassifier.certify`. */
export interface SoftCertifyOptions extends Omit<CertifyOptions, 'rule' | 'checkEvery' | 'keepVotes'> {
  /**
   * How the mean score is bounded. `thresholds` bounds the whole distribution of the scores in place of their mean, and certifies more nearly always; it needs a noise with
   * `shiftDown`. To be chosen before anything is drawn.
   * @defaultValue 'empirical-bernstein'
   */
  readonly bound?: SoftBound | undefined;
  /**
   * For `bound: 'thresholds'`: how many thresholds, at equal distances up to 1, or the thresholds themselves, ascending in (0, 1].
   * @defaultValue with `bound: 'thresholds'`: 100, else none
   */
  readonly thresholds?: number | readonly number[] | undefined;
}

const DEFAULT_THRESHOLDS = 100;

const softCertifyOptions: OptionsSchema<
  SoftCertifyOptions,
  WithDefaults<SoftCertifyOptions, 'thresholds' | 'norm' | 'onSamples' | 'batchSize' | 'signal'>
> = optionsOf<SoftCertifyOptions>()({
  ...softCertifyFields,
  bound: fields.withDefault(fields.oneOf('empirical-bernstein', 'thresholds'), 'empirical-bernstein'),
  thresholds: fields.optional(
    fields.field<number | readonly number[]>(
      'must be a number of thresholds from 1 to 10 000, or a list of ascending ones in (0, 1]',
      areThresholds,
    ),
  ),
});

/** Options with all defaults. @internal */
export type SoftCertifySettings = ReturnType<typeof softCertifyOptions.parse>;

/** What is certified beside the options of a call. */
interface SoftCall {
  readonly noise: Noise;
  /** The norm that is meant, if none is given. */
  readonly normOf: (norm: Norm | undefined) => Norm;
  readonly known?: readonly string[] | undefined;
}

/** Options of a call, checked alone and against each other. @internal */
export function softCertifySettings(
  call: string,
  options: SoftCertifyOptions,
  { noise, normOf, known = [] }: SoftCall,
): SoftCertifySettings {
  const settings = softCertifyOptions.parse(call, options, known);
  const { bound, thresholds, n, alpha } = settings;
  if (bound === 'empirical-bernstein') {
    if (thresholds !== undefined) {
      const details = { call, field: 'thresholds', value: thresholds, way: "ask for bound: 'thresholds'" };
      throw refusal(OptionError, details, 'must be left out for the empirical Bernstein bound');
    }
    assertEnough(call, n, alpha);
    normOf(settings.norm);
    return settings;
  }
  const norm = normOf(settings.norm);
  if (countsChanges(norm)) {
    const way = 'radii of thresholds are lengths';
    throw refusal(
      OptionError,
      { call, field: 'bound', value: bound, way },
      `must be 'empirical-bernstein' in norm ${norm}`,
    );
  }
  shiftOf(call, noise, { norm, dimension: 1 });
  const asked = thresholds ?? DEFAULT_THRESHOLDS;
  assertEnoughCounts(call, { n, alpha }, asked);
  return { ...settings, thresholds: asked };
}

/** Throws OptionError if not even scores of 1 all through could give an empirical Bernstein bound above 1/2. @internal */
export function assertEnough(call: string, n: number, alpha: number): void {
  const best = empiricalBernsteinLowerBound({ sum: n, sumOfSquares: n, n, alpha });
  if (best.p > 0.5) return;
  const least = Math.ceil(1 + (14 / 3) * Math.log(2 / alpha));
  const way = 'with fewer samples even unanimous scores abstain: raise n or alpha';
  const must = `must be at least ${least} for an empirical Bernstein bound above 1/2 at level ${alpha}`;
  throw refusal(OptionError, { call, field: 'n', value: n, way }, must);
}

/** The same for counts at thresholds: the mean is at most the largest threshold times the bound of n of n, at a share of alpha. */
function assertEnoughCounts(
  call: string,
  { n, alpha }: { readonly n: number; readonly alpha: number },
  thresholds: number | readonly number[],
): void {
  const list = thresholdList(thresholds);
  const [m, largest] = [list.length, list.at(-1) ?? 0];
  if (largest <= 0.5) {
    const details = { call, field: 'thresholds', value: thresholds, got: `[${list.join(', ')}]` };
    throw refusal(OptionError, details, 'must have one above 1/2, to bound the mean score above 1/2');
  }
  if (largest * clopperPearsonLowerBound(n, n, alpha / m).p > 0.5) return;
  const least = Math.floor(Math.log(alpha / m) / Math.log(0.5 / largest)) + 1;
  const way = 'with fewer samples even unanimous scores abstain: raise n or alpha, or ask for fewer thresholds';
  const must = `must be at least ${least} for a bound above 1/2 by ${m} thresholds at level ${alpha}`;
  throw refusal(OptionError, { call, field: 'n', value: n, way }, must);
}

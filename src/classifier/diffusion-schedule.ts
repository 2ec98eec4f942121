import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { type FieldsOf, optionsOf } from '../options/parse.ts';

/** How a diffusion network was noised in training: `'linear'` (DDPM), `'cosine'` (improved DDPM), or ᾱ of each step. */
export type DiffusionSchedule = 'linear' | 'cosine' | readonly number[];

/** Options of {@link diffusionStep}. */
export interface DiffusionStepOptions {
  /** How the network was noised. A list holds the cumulative products ᾱ of all steps, falling, in (0, 1). */
  readonly schedule: DiffusionSchedule;
  /**
   * Number of steps.
   * @defaultValue 1000, or the length of the list
   */
  readonly steps?: number | undefined;
  /** Standard deviation of the noise that catrs adds, for images in [0, 1]. */
  readonly sigma: number;
  /**
   * A network that was trained to take times as if there were so many steps, whatever their number, gets t · rescaleTime / steps: 1000 for those of guided
   * diffusion with `rescale_timesteps`.
   * @defaultValue the network gets t
   */
  readonly rescaleTime?: number | undefined;
}

/** The checks of {@link DiffusionStepOptions}. @internal */
export const stepFields: FieldsOf<DiffusionStepOptions> = {
  schedule: fields.field<DiffusionSchedule>(
    "must be 'linear', 'cosine', or the cumulative products of all steps: falling numbers in (0, 1)",
    (v) => v === 'linear' || v === 'cosine' || isFalling(v),
  ),
  steps: fields.optional(fields.positiveInteger),
  sigma: fields.positive,
  rescaleTime: fields.optional(fields.positive),
};

const diffusionStepOptions = optionsOf<DiffusionStepOptions>()(stepFields);

function isFalling(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 1 &&
    value.every((a, t) => fields.isFiniteNumber(a) && a > 0 && a < (t === 0 ? 1 : (value[t - 1] as number)))
  );
}

/** The step of a diffusion whose noise is that of a smoothing. */
export interface DiffusionStep {
  /** The step, from 0. */
  readonly t: number;
  /** What the network gets for it. */
  readonly time: number;
  /** ᾱ: the cumulative product at the step. */
  readonly alphaBar: number;
  /** √ᾱ: the network sees √ᾱ (2 (x + ε) − 1). */
  readonly inputScale: number;
  /** √((1 − ᾱ)/ᾱ): standard deviation of the noise beside an image in [−1, 1]. */
  readonly noise: number;
}

/**
 * The step of a diffusion at which images are as noisy as smoothing makes them: the least t ≥ 1 with √((1 − ᾱ_t)/ᾱ_t) ≥ 2σ, as images in [−1, 1] have twice the noise of
 * those in [0, 1].
 *
 * A certificate never depends on it: it decides how well the network denoises, not what is proven. Linear: β evenly from 1e-4 to 0.02, times 1000/steps;
 * cosine: ᾱ = cos²(((t + 1)/steps + 0.008)/1.008 · π/2) / cos²(0.008/1.008 · π/2), no step above 0.999.
 *
 * @throws OptionError for an option outside its domain, and if no step is that noisy
 * @example
 * ```ts
 * const { t } = diffusionStep({ schedule: 'linear', sigma: 0.5 }); // 259
 * ```
 * @see Carlini et al., "(Certified!!) Adversarial Robustness for Free!", ICLR 2023, section 3; Nichol, Dhariwal, "Improved Denoising Diffusion
 * Probabilistic Models", ICML 2021
 */
export function diffusionStep(options: DiffusionStepOptions): DiffusionStep {
  return stepOf('diffusionStep', diffusionStepOptions.parse('diffusionStep', options));
}

/** {@link diffusionStep} with options that are checked. @internal */
export function stepOf(call: string, { schedule, steps, sigma, rescaleTime }: DiffusionStepOptions): DiffusionStep {
  if (typeof schedule !== 'string' && steps !== undefined && steps !== schedule.length) {
    const must = `must be left out, or be the length of \`schedule\`, ${schedule.length}`;
    throw refusal(OptionError, { call, field: 'steps', value: steps }, must);
  }
  const products = typeof schedule === 'string' ? cumulativeProducts(schedule, steps ?? 1000) : schedule;
  const noiseOf = (alphaBar: number): number => Math.sqrt((1 - alphaBar) / alphaBar);
  const t = products.findIndex((alphaBar, step) => step >= 1 && noiseOf(alphaBar) >= 2 * sigma);
  const alphaBar = products[t];
  if (alphaBar === undefined) {
    const most = noiseOf(products.at(-1) ?? 1) / 2;
    const way = `its last step has sigma ${Number(most.toPrecision(4))}`;
    throw refusal(OptionError, { call, field: 'sigma', value: sigma, way }, 'must be one that the schedule reaches');
  }
  const time = rescaleTime === undefined ? t : (t * rescaleTime) / products.length;
  return { t, time, alphaBar, inputScale: Math.sqrt(alphaBar), noise: noiseOf(alphaBar) };
}

/** ᾱ of all steps, multiplied step by step. */
function cumulativeProducts(schedule: 'linear' | 'cosine', steps: number): number[] {
  const stretch = 1000 / steps;
  const [first, last] = [1e-4 * stretch, 0.02 * stretch];
  const cosine = (u: number): number => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  const beta = (t: number): number =>
    schedule === 'linear'
      ? first + ((last - first) * t) / Math.max(1, steps - 1)
      : Math.min(1 - cosine((t + 1) / steps) / cosine(t / steps), 0.999);
  let product = 1;
  return Array.from({ length: steps }, (_, t) => (product *= 1 - beta(t)));
}

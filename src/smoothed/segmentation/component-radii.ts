import { type Correction, type CountHistogram, componentsIn, levelOf } from '../../certify/step-down.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { isProof } from '../../options/counting-norms.ts';
import * as fields from '../../options/fields.ts';
import { clopperPearsonLowerBound } from '../../stats/clopper-pearson.ts';
import type { Norm } from '../../types.ts';

/** Whether a certificate of a mask has one radius for all components, chosen before by tau, or for each component its own. */
export type ComponentRadii = 'together' | 'per component';

/** The radius of components by their number of votes: pairs [votes, radius], from high to low. */
export type RadiusOfVotes = readonly (readonly [votes: number, radius: number])[];

/** What the radii of components depend on, beside their votes. @internal */
export interface RadiiSettings {
  readonly n: number;
  readonly alpha: number;
  readonly correction: Correction;
  readonly allowedErrors: number;
  readonly noise: Noise;
  readonly norm: Norm;
  readonly dimension: number;
}

/** Most draws: masks hold 16 bits. */
const MOST_VOTES = 2 ** 15 - 1;

/**
 * The radius of each number of votes that proves one, from high to low.
 *
 * Each component has a Clopper-Pearson bound of its own, all at the level α/K (Bonferroni), or kα/K with k = allowedErrors + 1: of m false bounds the expected number
 * is then at most kα, so that k or more of them are false with probability at most α, whatever the dependence. So all radii hold together, and may be read off the data.
 * @internal
 */
export function radiusOfVotes(histogram: CountHistogram, settings: RadiiSettings): [number, number][] {
  const components = componentsIn(histogram);
  const found: [number, number][] = [];
  for (const [votes] of histogram) {
    const radius = radiusAt(votes, components, settings);
    if (radius === undefined) break;
    found.push([votes, radius]);
  }
  return found;
}

/** Throws OptionError if not even unanimous votes prove a radius, and for more allowed errors than there can be. @internal */
export function assertEnoughForRadii(call: string, components: number, settings: RadiiSettings): void {
  const { n, alpha, allowedErrors } = settings;
  if (allowedErrors > components - 1) {
    const must = `must be at most ${components - 1}, one less than there are components`;
    throw refusal(OptionError, { call, field: 'allowedErrors', value: allowedErrors }, must);
  }
  const isEnough = (draws: number): boolean => radiusAt(draws, components, { ...settings, n: draws }) !== undefined;
  if (isEnough(n)) return;
  let [below, above] = [n, 2 * n];
  while (above <= MOST_VOTES && !isEnough(above)) [below, above] = [above, 2 * above];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (isEnough(middle)) above = middle;
    else below = middle;
  }
  const way = 'with fewer draws even unanimous votes certify nothing';
  const must = `must be at least ${above} for ${components} components at alpha = ${alpha}`;
  throw refusal(OptionError, { call, field: 'n', value: n, way }, must);
}

/** The radius of a component with so many votes; undefined where nothing is proven. */
function radiusAt(votes: number, components: number, settings: RadiiSettings): number | undefined {
  const { n, noise, norm, dimension } = settings;
  const bound = clopperPearsonLowerBound(votes, n, levelOf(1, components, settings));
  if (!(bound.p > 0.5 && bound.q < 0.5)) return undefined;
  const radius = noise.radius(bound, { norm, dimension });
  return isProof(radius, norm) ? radius : undefined;
}

/** Options of one radius for all that are given beside a radius for each. */
interface OtherOptions {
  readonly tau?: number | undefined;
  readonly correction?: Correction | undefined;
  readonly stop?: object | undefined;
  readonly n: number;
}

/** Throws OptionError for options that belong to one radius for all. @internal */
export function assertForRadii(call: string, { tau, correction, stop, n }: OtherOptions): void {
  const way = "leave it out, or `radii: 'together'`";
  const refused = (field: string, value: unknown, must: string): OptionError =>
    refusal(OptionError, { call, field, value, way }, must);
  const none = "must be absent with `radii: 'per component'`";
  if (tau !== undefined) throw refused('tau', tau, `${none}, which knows no threshold`);
  if (stop !== undefined) throw refused('stop', stop, `${none}, whose radii grow with every draw`);
  if (correction === 'holm')
    throw refused('correction', correction, "must be 'bonferroni' or 'k-fwer' with `radii: 'per component'`");
  if (n > MOST_VOTES) {
    const must = `must be at most ${MOST_VOTES} with \`radii: 'per component'\``;
    throw refusal(OptionError, { call, field: 'n', value: n }, must);
  }
}

/** @internal */
export const radiiField: fields.Field<ComponentRadii> = fields.oneOf('together', 'per component');

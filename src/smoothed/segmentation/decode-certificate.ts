import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import type { RadiusOfVotes } from './component-radii.ts';
import { decodeMask, type Mask } from './masks.ts';

/** The part of a certificate that says what holds of each component. */
export interface CertifiedMask {
  /** The certified label of each component, −1 for none. */
  readonly labels: Mask;
  /** The radius of all that have a label; of several radii the least. */
  readonly radius: number;
  /** With a radius for each component: the votes for its label. */
  readonly votes?: Mask | undefined;
  /** With a radius for each component: the radius of each number of votes. */
  readonly radiusOfVotes?: RadiusOfVotes | undefined;
}

/** Options of {@link decodeLabels}. */
export interface DecodeLabelsOptions {
  /**
   * Only labels of components whose radius is at least this one; the others abstain.
   * @defaultValue 0: all labels
   */
  readonly radius?: number | undefined;
}

const decodeLabelsOptions = optionsOf<DecodeLabelsOptions>()({ radius: fields.withDefault(fields.nonNegative, 0) });

/**
 * The labels of a certificate, row major: the class of each component, −1 where it abstains.
 *
 * @throws OptionError for what is no mask, or a radius below 0
 * @example
 * ```ts
 * const c = await g.certify(image, { key: createKey(0), n: 300, radii: 'per component' });
 * const labels = decodeLabels(c); // Int16Array
 * const far = decodeLabels(c, { radius: 0.25 }); // -1 where the radius is smaller
 * ```
 */
export function decodeLabels(
  certificate: { readonly labels: Mask } & Partial<CertifiedMask>,
  options: DecodeLabelsOptions = {},
): Int16Array {
  const { radius } = decodeLabelsOptions.parse('decodeLabels', options);
  const labels = decodeMask(certificate.labels);
  if (radius === 0) return labels;
  const { radius: one = 0, ...rest } = certificate;
  const radii = decodeRadii({ ...rest, radius: one });
  return labels.map((label, i) => ((radii[i] as number) >= radius ? label : -1));
}

/**
 * The radius of each component of a certificate, row major, 0 where it abstains: with `radii: 'per component'` its own, otherwise the one of all.
 *
 * All radii hold together. In a norm that counts changes a radius of 0 stands for "no change" too: `decodeLabels` tells which components abstain.
 *
 * @throws OptionError for what is no mask
 * @example
 * ```ts
 * const radii = decodeRadii(await g.certify(image, { key: createKey(0), n: 300, radii: 'per component' })); // Float64Array
 * ```
 */
export function decodeRadii({ labels, radius, votes, radiusOfVotes = [] }: CertifiedMask): Float64Array {
  if (votes === undefined) return Float64Array.from(decodeMask(labels), (label) => (label >= 0 ? radius : 0));
  const known = new Map(radiusOfVotes);
  return Float64Array.from(decodeMask(votes), (count) => known.get(count) ?? 0);
}

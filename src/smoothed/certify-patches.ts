import { topClass } from '../certify/vote-counts.ts';
import type { Certificate } from '../certify/types.ts';
import { OptionError, refusal } from '../errors.ts';
import { assertPatch, type BandAblation, type PatchSize } from '../noise/band-ablation.ts';
import { voteMargin } from '../noise/band-geometry.ts';
import * as fields from '../options/fields.ts';
import { optionsOf, parseField } from '../options/parse.ts';
import { parseCertificate } from './certificate-fields.ts';
import { assertSameNoise } from './verify-votes.ts';

/** Options of {@link certifyPatches}. */
export interface CertifyPatchesOptions {
  /** The rectangles that the adversary has at once, each as [height, width] in pixels: anywhere, also over each other. At least one. */
  readonly patches: readonly PatchSize[];
}

const certifyPatchesOptions = optionsOf<CertifyPatchesOptions>()({
  patches: fields.field<readonly PatchSize[]>(
    'must be a list of at least one patch [height, width]',
    (v) => Array.isArray(v) && v.length > 0,
  ),
});

const bands = fields.object<BandAblation>('must be a BandAblation', ['hits', 'keptPositions', 'radius']);

/** What votes prove of patches. */
export interface PatchCertificate {
  /** Whether no content of these patches, at no places, changes the answer of the smoothed classifier. */
  readonly certified: boolean;
  /** min over c ≠ label of n_label − n_c − 1[c < label] − 2 · hits, in votes; certified from 0 on. */
  readonly margin: number;
  /** Most copies that the patches meet together: the sum of their {@link BandAblation.hits}. */
  readonly hits: number;
}

const CALL = 'certifyPatches';

/**
 * What the votes of a certificate prove of other patches than squares, and of several at once, without the classifier.
 *
 * With D copies met, g(x′) = g(x) = A if n_A − n_c ≥ 2D + 1[c < A] for every c ≠ A. A function of the counts alone: a certificate that somebody else
 * made is first to be checked (`verifyCertificate`).
 *
 * @param certificate - of a `DerandomizedClassifier` with this noise
 * @throws OptionError for the certificate of another noise, for a patch that does not fit in the image, and for patches that no votes could
 * certify: where 2D exceeds the number of copies, or equals it and the answer is not class 0
 * @example
 * ```ts
 * const bands = new BandAblation({ inputShape: [28, 28, 1], keep: 'columns', size: 4 });
 * const g = new DerandomizedClassifier(model, { noise: bands, numClasses: 10, votes: { threshold: 0.3 } });
 * const certificate = await g.certify(image);
 * const two = certifyPatches(certificate, bands, { patches: [[20, 3], [2, 2]] }); // a tall sticker and a small one
 * console.log(two.certified, two.margin);
 * ```
 */
export function certifyPatches(
  certificate: Certificate,
  noise: BandAblation,
  options: CertifyPatchesOptions,
): PatchCertificate {
  const { patches } = certifyPatchesOptions.parse(CALL, options);
  parseField(CALL, 'noise', bands, noise);
  parseCertificate(CALL, certificate);
  assertSameNoise(CALL, certificate, noise);
  const { counts } = certificate;
  const { copies } = noise;
  if (counts.length < 2 || counts.some((count) => count > copies)) {
    const details = { call: CALL, field: 'certificate.counts', value: counts };
    throw refusal(OptionError, details, `must be votes of at least two classes, none above the ${copies} copies`);
  }
  patches.forEach((patch, i) => assertPatch(CALL, `patches.${i}`, patch, noise.inputShape));
  const hits = patches.reduce((sum, patch) => sum + noise.hits(patch), 0);
  const label = topClass(counts);
  const least = 2 * hits + (label === 0 ? 0 : 1);
  if (copies < least) {
    const got = `patches that meet ${hits} of ${copies} copies`;
    const way = 'no votes can certify them: take smaller patches, or smaller bands';
    const must = `must meet so few copies that class ${label} can lead by ${least} votes`;
    throw refusal(OptionError, { call: CALL, field: 'patches', value: patches, got, way }, must);
  }
  const margin = voteMargin(counts, label, hits);
  return { certified: margin >= 0, margin, hits };
}

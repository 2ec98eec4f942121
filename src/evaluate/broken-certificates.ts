import { OptionError, showValue } from '../errors.ts';
import type { AttackedRow } from './attack-dataset.ts';
import type { LoggedRow } from './logged-row.ts';

/** What {@link brokenCertificates} reads of a certified image. */
export type CertifiedImage = Pick<LoggedRow, 'index' | 'predicted' | 'radius' | 'abstained' | 'certificate'>;

/** What {@link brokenCertificates} reads of an attacked image. */
export type AttackedImage = Pick<AttackedRow, 'index' | 'predicted' | 'abstained' | 'distance' | 'norm'>;

/**
 * The attacked images that contradict their certificates: another class was predicted at a distance below the certified radius.
 *
 * If everything is right, m images in both lists give any contradiction with probability of at most m · (alpha of `certify` + alpha of
 * the prediction under attack). So contradictions show that an assumption does not hold: noise of another scale, a classifier that is not
 * one fixed function, a data set in another order. Images that are in one list only, abstentions and certificates for a rank (`topK`
 * above 1) say nothing.
 *
 * @param certified - Rows of `certifyDataset` or of a log; without certificates, the norms cannot be compared.
 * @param attacked - Rows of {@link attackDataset} for the same smoothed classifier and data set.
 * @returns the contradicting rows of `attacked`
 * @throws OptionError if an image is certified in another norm than that of its distance, or twice.
 * @example
 * ```ts
 * console.assert(brokenCertificates(rows, attackedRows).length === 0);
 * ```
 */
export function brokenCertificates<Row extends AttackedImage>(
  certified: readonly CertifiedImage[],
  attacked: readonly Row[],
): Row[] {
  const call = 'brokenCertificates';
  const byIndex = new Map(certified.map((row) => [row.index, row]));
  if (byIndex.size < certified.length) {
    const twice = certified.find((row) => byIndex.get(row.index) !== row)?.index;
    const text = `\`certified\` must have one row for each image, got two for image ${twice} (give the rows of one run)`;
    throw new OptionError(text, { call, field: 'certified', value: twice });
  }
  return attacked.filter(({ index, predicted, abstained, distance, norm }) => {
    const row = byIndex.get(index);
    if (row === undefined) return false;
    const certifiedNorm = row.certificate?.norm ?? norm;
    if (certifiedNorm !== norm) {
      const got = `${showValue(norm)} for image ${index}, certified in ${showValue(certifiedNorm)}`;
      const text = `\`attacked\` must be measured in the norm of the certificates, got ${got} (set \`norm\` of attackDataset)`;
      throw new OptionError(text, { call, field: 'attacked', value: norm });
    }
    const isCertified = !row.abstained && (row.certificate?.topK ?? 1) === 1 && distance < row.radius;
    return isCertified && !abstained && predicted !== row.predicted;
  });
}

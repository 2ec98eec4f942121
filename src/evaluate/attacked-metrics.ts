import { OptionError, refusal, showValue } from '../errors.ts';
import { countsChanges } from '../options/counting-norms.ts';
import type { AttackedRow } from './attack-dataset.ts';
import type { LoggedRow } from './rows.ts';

/**
 * Robust accuracy as far as an attack can tell: 1 − the share of images that it broke.
 *
 * The true robust accuracy at the radius of the attack is at most this: every broken image has an input within that distance where the
 * smoothed classifier answers wrongly. It is at least the certified accuracy at that radius. So the two enclose it, and a certified
 * accuracy above this figure shows a mistake. Each side holds up to its failure probability: one image may be wrong with probability
 * `alpha` of `certify`, or of the prediction under attack.
 *
 * @param rows - One row for each image, of {@link attackDataset}, all under the same attack.
 * @throws OptionError if there is no row, one does not say whether it is broken, or rows have different `epsilon`.
 * @example
 * ```ts
 * const radius = 0.25;
 * certifiedAccuracy(rows, [radius])[0] <= empiricalRobustAccuracy(attackedRows); // attacked with epsilon = radius
 * ```
 */
export function empiricalRobustAccuracy(
  rows: readonly (Pick<AttackedRow, 'broken'> & Partial<Pick<AttackedRow, 'epsilon'>>)[],
): number {
  const call = 'empiricalRobustAccuracy';
  if (!Array.isArray(rows as unknown) || rows.length === 0) {
    throw refusal(OptionError, { call, field: 'rows', value: rows }, 'must be an array of at least one row');
  }
  const wrong = rows.findIndex(({ broken }) => typeof broken !== 'boolean');
  if (wrong >= 0) {
    const value = rows[wrong]?.broken;
    const got = `${showValue(value)} in row ${wrong}`;
    const details = { call, field: 'rows', value, got, way: 'attackDataset makes them' };
    throw refusal(OptionError, details, 'must say whether they are broken');
  }
  const other = rows.find(({ epsilon }) => epsilon !== rows[0]?.epsilon);
  if (other) {
    const details = { call, field: 'rows', value: rows, got: `${rows[0]?.epsilon} and ${other.epsilon}` };
    throw refusal(OptionError, { ...details, way: 'filter them by `epsilon`' }, 'must be of one `epsilon`');
  }
  return rows.filter(({ broken }) => !broken).length / rows.length;
}

/** What {@link brokenCertificates} reads of a certified image. */
export type CertifiedImage = Pick<LoggedRow, 'index' | 'predicted' | 'radius' | 'abstained' | 'certificate'>;

/** What {@link brokenCertificates} reads of an attacked image. */
export type AttackedImage = Pick<AttackedRow, 'index' | 'predicted' | 'abstained' | 'distance' | 'norm'>;

/**
 * The attacked images that contradict their certificates: another class was predicted at a distance below the certified radius, or, in a norm that counts
 * changes, of at most the certified radius.
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
    const got = `two for image ${twice}`;
    const details = { call, field: 'certified', value: twice, got, way: 'give the rows of one run' };
    throw refusal(OptionError, details, 'must have one row for each image');
  }
  return attacked.filter(({ index, predicted, abstained, distance, norm }) => {
    const row = byIndex.get(index);
    if (row === undefined) return false;
    const certifiedNorm = row.certificate?.norm ?? norm;
    if (certifiedNorm !== norm) {
      const got = `${showValue(norm)} for image ${index}, certified in ${showValue(certifiedNorm)}`;
      const details = { call, field: 'attacked', value: norm, got, way: 'set `norm` of attackDataset' };
      throw refusal(OptionError, details, 'must be measured in the norm of the certificates');
    }
    const isWithin = countsChanges(norm) ? distance <= row.radius : distance < row.radius;
    const isCertified = !row.abstained && (row.certificate?.topK ?? 1) === 1 && isWithin;
    return isCertified && !abstained && predicted !== row.predicted;
  });
}

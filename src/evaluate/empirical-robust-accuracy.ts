import { OptionError, showValue } from '../errors.ts';
import type { AttackedRow } from './attack-dataset.ts';

/**
 * Robust accuracy as far as an attack can tell: 1 − the share of images that it broke.
 *
 * The true robust accuracy at the radius of the attack is at most this: every broken image has an input within that distance where the
 * smoothed classifier answers wrongly. It is at least the certified accuracy at that radius. So the two enclose it, and a certified
 * accuracy above this figure shows a mistake. Each side holds up to its failure probability: one image may be wrong with probability
 * `alpha` of `certify`, or of the prediction under attack.
 *
 * @param rows - One row for each image, of {@link attackDataset}, all under the same attack.
 * @throws OptionError if there is no row or one does not say whether it is broken.
 * @example
 * ```ts
 * const radius = 0.25;
 * certifiedAccuracy(rows, [radius])[0] <= empiricalRobustAccuracy(attackedRows); // attacked with epsilon = radius
 * ```
 */
export function empiricalRobustAccuracy(rows: readonly Pick<AttackedRow, 'broken'>[]): number {
  const call = 'empiricalRobustAccuracy';
  if (!Array.isArray(rows as unknown) || rows.length === 0) {
    const text = `\`rows\` must be an array of at least one row, got ${showValue(rows)}`;
    throw new OptionError(text, { call, field: 'rows', value: rows });
  }
  const wrong = rows.findIndex(({ broken }) => typeof broken !== 'boolean');
  if (wrong >= 0) {
    const value = rows[wrong]?.broken;
    const text = `\`rows\` must say whether they are broken, got ${showValue(value)} in row ${wrong} (attackDataset makes them)`;
    throw new OptionError(text, { call, field: 'rows', value });
  }
  return rows.filter(({ broken }) => !broken).length / rows.length;
}

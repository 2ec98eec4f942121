import type { Certificate } from '../certify/types.ts';
import { countsChanges } from '../options/counting-norms.ts';
import type { LoggedRow } from './rows.ts';

/** What {@link radiusUnit} needs to know of one image. */
export type UnitRow = Pick<LoggedRow, 'certificate' | 'norm'>;

/**
 * What the radii of rows count, where their norm counts changes, is that of a parameter or that of the scales of the noise; undefined for lengths, which are in
 * input units.
 *
 * `'pixels a side'` of a square patch (`'patch'`); `'edits'` (`'edit'`); in norm `'l0'` it follows from the noise: `'pixels'` or `'tokens'` as it says,
 * `'bits'` of zeros and ones, else `'positions'`. Rows that count different things count `'changes'`.
 *
 * @param rows - Rows of `certifyDataset` or of a log.
 * @example
 * ```ts
 * certifiedAccuracySpec([{ name: 'ablation', points: certifiedAccuracyCurve(rows) }], { unit: radiusUnit(rows) });
 * ```
 */
export function radiusUnit(rows: readonly UnitRow[]): string | undefined {
  const units = new Set(rows.map(unitOf));
  return units.size <= 1 ? [...units][0] : units.has(undefined) ? undefined : 'changes';
}

/** Units of the parameters of transformations, by the names of the noises. */
const PARAMETERS: Readonly<Record<string, string>> = {
  blur: 'square pixels of variance',
  'blur-and-light': 'square pixels of variance',
  light: 'of brightness',
  shift: 'pixels of shift',
};

function unitOf({ certificate, norm = certificate?.norm }: UnitRow): string | undefined {
  if (norm === 'scaled') return 'scales of the noise';
  if (norm === 'parameter') return PARAMETERS[certificate?.noise.name ?? ''] ?? 'of the parameter';
  if (!countsChanges(norm)) return undefined;
  if (norm === 'patch') return 'pixels a side';
  if (norm === 'edit') return 'edits';
  return certificate === undefined ? 'positions' : positionsOf(certificate);
}

function positionsOf({ domain, noise }: Certificate): string {
  const { positions } = noise.parameters;
  if (positions === 'pixels' || positions === 'tokens') return positions;
  return domain === 'binary' ? 'bits' : 'positions';
}

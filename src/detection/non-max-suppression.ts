import { OptionError, refusal } from '../errors.ts';
import { optionsOf } from '../options/parse.ts';
import * as fields from '../options/fields.ts';
import { type Box, boxIou } from './box-geometry.ts';
import type { FoundBoxes } from './types.ts';

/** Options of {@link nonMaxSuppression}. */
export interface NonMaxSuppressionOptions {
  /**
   * Boxes with this score or a lower one are left out.
   * @defaultValue 0
   */
  readonly threshold?: number | undefined;
  /**
   * A box goes where its intersection over union with a better one exceeds this.
   * @defaultValue 0.5
   */
  readonly overlap?: number | undefined;
  /**
   * Whether boxes of different labels stand beside each other, however they overlap.
   * @defaultValue true
   */
  readonly byLabel?: boolean | undefined;
  /**
   * Most boxes that stay.
   * @defaultValue any number
   */
  readonly most?: number | undefined;
}

/** A share from 0 to 1. @internal */
export const share: fields.Field<number> = fields.field(
  'must be a number from 0 to 1',
  (v) => fields.isFiniteNumber(v) && v >= 0 && v <= 1,
);

const nonMaxSuppressionOptions = optionsOf<NonMaxSuppressionOptions>()({
  threshold: fields.withDefault(fields.finite, 0),
  overlap: fields.withDefault(share, 0.5),
  byLabel: fields.withDefault(fields.boolean, true),
  most: fields.optional(fields.positiveInteger),
});

const CALL = 'nonMaxSuppression';

/**
 * Greedy non-maximum suppression: from the highest score down, a box stays unless it overlaps one that stays. Of equal scores the lower index comes first, so
 * the result is a fixed function of the boxes, on every machine.
 *
 * @param found - boxes by their corners, left, top, right and bottom; those with a negative label are padding
 * @returns the indices of the boxes that stay, the best one first
 * @throws OptionError for lists of different lengths, and for options that are unknown or wrong
 */
export function nonMaxSuppression(found: FoundBoxes, options: NonMaxSuppressionOptions = {}): number[] {
  const { threshold, overlap, byLabel, most = Infinity } = nonMaxSuppressionOptions.parse(CALL, options);
  const { boxes, scores, labels } = found;
  if (boxes.length !== 4 * scores.length || labels.length !== scores.length) {
    const got = `${boxes.length} numbers of boxes, ${scores.length} scores and ${labels.length} labels`;
    throw refusal(OptionError, { call: CALL, field: 'found', value: found, got }, 'must hold as many of each');
  }
  return suppressed(found, byScore(scores, indicesAbove(found, threshold)), { overlap, byLabel, most });
}

/** Those of the indices that stay, in their order: the best one first. @internal */
export function suppressed(
  { boxes, labels }: Pick<FoundBoxes, 'boxes' | 'labels'>,
  order: readonly number[],
  { overlap, byLabel, most }: { readonly overlap: number; readonly byLabel: boolean; readonly most: number },
): number[] {
  const stays: { readonly index: number; readonly label: number; readonly box: Box }[] = [];
  for (const index of order) {
    if (stays.length >= most) break;
    const label = labels[index] as number;
    const box = boxAt(boxes, index);
    const isRival = (other: { label: number; box: Box }): boolean =>
      (!byLabel || other.label === label) && boxIou(other.box, box) > overlap;
    if (!stays.some(isRival)) stays.push({ index, label, box });
  }
  return stays.map(({ index }) => index);
}

/** Indices of the boxes that are no padding and whose score exceeds the threshold. @internal */
export function indicesAbove({ scores, labels }: Pick<FoundBoxes, 'scores' | 'labels'>, threshold: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < scores.length; i++) {
    if ((scores[i] as number) > threshold && (labels[i] as number) >= 0) found.push(i);
  }
  return found;
}

/** Indices by descending score, of equal scores the lower first. @internal */
export function byScore(scores: ArrayLike<number>, indices: readonly number[]): number[] {
  return [...indices].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
}

/** The corners of one box. */
function boxAt(boxes: ArrayLike<number>, index: number): Box {
  const at = (i: number): number => boxes[4 * index + i] as number;
  return [at(0), at(1), at(2), at(3)];
}

import { type Box, worstIou } from '../detection/box-geometry.ts';
import { share } from '../detection/non-max-suppression.ts';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import {
  type CertifiedBoxes,
  certifiedBoxes,
  type CertifiedSlot,
  exceeds,
  mayExceed,
} from '../smoothed/regression/certified-boxes.ts';
import type { RegressionCertificate } from '../smoothed/regression/types.ts';
import type { OutputRow } from './output-rows.ts';

/** A box that is truly there. */
export interface TrueBox {
  /** Its label, as the detector numbers them. */
  readonly label: number;
  /** Its corners in pixels, x1 ≤ x2 and y1 ≤ y2. */
  readonly box: Box;
}

/** Options of {@link boxMetrics}. */
export interface BoxMetricsOptions {
  /**
   * A box finds a truth of its label if their intersection over union is at least this.
   * @defaultValue 0.5
   */
  readonly iou?: number | undefined;
  /**
   * Boxes with this score or a lower one do not count.
   * @defaultValue 0
   */
  readonly score?: number | undefined;
}

const boxMetricsOptions = optionsOf<BoxMetricsOptions>()({
  iou: fields.withDefault(share, 0.5),
  score: fields.withDefault(fields.finite, 0),
});

/** What certificates of boxes say of a data set, within one radius. */
export interface BoxMetrics {
  /** The radius. */
  readonly radius: number;
  /** Number of true boxes. */
  readonly truths: number;
  /** So many of them are found by every answer within the radius. */
  readonly found: number;
  /** Certified recall, found / truths; null without truths. */
  readonly recall: number | null;
  /** Every answer has so many boxes in its slots at most. */
  readonly mostBoxes: number;
  /** Certified precision, found / mostBoxes: at least this share of the boxes of every answer is right; null if there can be none. */
  readonly precision: number | null;
  /** Slots that are certified to hold a box. */
  readonly present: number;
  /** Slots that are certified to be empty. */
  readonly absent: number;
}

/** What {@link boxMetrics} looks at of a row. */
export type BoxRow = Pick<OutputRow<RegressionCertificate, readonly TrueBox[]>, 'certificate' | 'target'>;

const CALL = 'boxMetrics';

/**
 * Certified recall and precision of rows whose certificates are of boxes, for each radius that was asked for.
 *
 * For each input, with the probability of its certificate: every answer within the radius finds at least as many truths as are counted here. A truth is matched to
 * a slot that is certainly there, with its label, and whose worst IoU with it ({@link worstIou}) reaches `iou`: slot after slot, each takes the truth that it
 * overlaps best, and a slot serves one truth. That is no more than the greatest number of pairs that any answer allows. Average precision is not offered: it
 * needs a ranking by scores, whose bounds overlap.
 *
 * @param rows - rows with truths, of one run
 * @throws OptionError for no rows, rows without truths or of other outputs, and options that are unknown or wrong
 * @example
 * ```ts
 * for (const { radius, recall, precision } of boxMetrics(rows, { iou: 0.5 })) console.log(radius, recall, precision);
 * ```
 */
export function boxMetrics(rows: readonly BoxRow[], options: BoxMetricsOptions = {}): BoxMetrics[] {
  const { iou, score } = boxMetricsOptions.parse(CALL, options);
  const [first] = rows;
  if (first === undefined) throw refusal(OptionError, { call: CALL, field: 'rows', value: rows }, 'must not be empty');
  const radii = radiiOf(first.certificate);
  return radii.map((radius) => {
    let [truths, found, mostBoxes, present, absent] = [0, 0, 0, 0, 0];
    for (const { certificate, target } of rows) {
      if (radiiOf(certificate).join() !== radii.join()) {
        const details = { call: CALL, field: 'rows', value: rows, got: `${radii} and ${radiiOf(certificate)}` };
        throw refusal(OptionError, details, 'must all have the same radii');
      }
      if (target === null) {
        const must = 'must have the true boxes of each input';
        throw refusal(OptionError, { call: CALL, field: 'rows', value: target, got: 'none' }, must);
      }
      checkBoxes(CALL, target);
      const certified = certifiedBoxes(certificate, radius);
      truths += target.length;
      found += matchBoxes(certified, target, { iou, score }).length;
      mostBoxes += certified.slots.filter((slot) => slot.state !== 'absent' && mayExceed(slot.score, score)).length;
      present += certified.slots.filter(({ state }) => state === 'present').length;
      absent += certified.slots.filter(({ state }) => state === 'absent').length;
    }
    const recall = truths === 0 ? null : found / truths;
    return {
      radius,
      truths,
      found,
      recall,
      mostBoxes,
      precision: mostBoxes === 0 ? null : found / mostBoxes,
      present,
      absent,
    };
  });
}

const radiiOf = (certificate: RegressionCertificate): number[] =>
  certificate.claim === 'bounds' ? certificate.within.map(({ radius }) => radius) : [certificate.radius];

/** A slot and the truth that it certainly finds. */
interface BoxMatch {
  /** Number of the slot. */
  readonly slot: number;
  /** Index of the truth. */
  readonly truth: number;
  /** Their least IoU. */
  readonly iou: number;
}

/** Which truths every answer within the radius finds, slot after slot. */
function matchBoxes(
  { slots }: Pick<CertifiedBoxes, 'slots'>,
  truths: readonly TrueBox[],
  { iou, score }: Required<{ [Name in keyof BoxMetricsOptions]-?: number }>,
): BoxMatch[] {
  const taken = new Set<number>();
  return slots.flatMap((slot) => {
    const best = bestTruth(slot, truths, taken);
    if (best === undefined || best.iou < iou || !exceeds(slot.score, score)) return [];
    taken.add(best.truth);
    return [{ slot: slot.slot, ...best }];
  });
}

/** The truth of its label that a slot overlaps best, of equal ones the first; none where they do not meet for certain. */
function bestTruth(
  { state, label, bounds }: CertifiedSlot,
  truths: readonly TrueBox[],
  taken: ReadonlySet<number>,
): Omit<BoxMatch, 'slot'> | undefined {
  if (state !== 'present') return undefined;
  let best: Omit<BoxMatch, 'slot'> | undefined;
  for (const [truth, one] of truths.entries()) {
    if (taken.has(truth) || one.label !== label) continue;
    const iou = worstIou(bounds, one.box);
    if (iou > (best?.iou ?? 0)) best = { truth, iou };
  }
  return best;
}

/** Throws OptionError unless a target is a list of true boxes. @internal */
export function checkBoxes(call: string, target: readonly TrueBox[]): void {
  const isTrue = (one: unknown): boolean => {
    const { label, box } = (one ?? {}) as Partial<TrueBox>;
    const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN] = Array.isArray(box) && box.length === 4 ? (box as Box) : [];
    return fields.isInteger(label, 0, 2 ** 24) && x1 <= x2 && y1 <= y2 && [x1, y1, x2, y2].every(Number.isFinite);
  };
  const wrong: unknown = Array.isArray(target) ? target.find((one) => !isTrue(one)) : target;
  if (wrong === undefined) return;
  const must = 'must be a list of { label, box: [x1, y1, x2, y2] }, labels of at least 0, corners in order';
  throw refusal(OptionError, { call, field: 'target', value: target, got: JSON.stringify(wrong).slice(0, 80) }, must);
}

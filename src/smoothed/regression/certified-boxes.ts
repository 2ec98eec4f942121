import type { CoordinateBounds } from '../../detection/box-geometry.ts';
import { type BoxLayout, SLOT_SIZE } from '../../detection/box-layout.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Ball } from './percentile-levels.ts';
import type { BoundsCertificate, OutputBounds, RegressionCertificate } from './types.ts';

/** What a certificate says of one slot of boxes. */
export interface CertifiedSlot {
  /** Its number, from 0. */
  readonly slot: number;
  /**
   * `present`: every answer within the radius has a box here, of this label. `absent`: none has one. `unknown`: neither is proven.
   */
  readonly state: 'present' | 'absent' | 'unknown';
  /** The label of a box that is present, else null. */
  readonly label: number | null;
  /** Bounds of x1, y1, x2 and y2: a box here, if there is one, is between them. */
  readonly bounds: readonly OutputBounds[];
  /** Bounds of the score. */
  readonly score: OutputBounds;
}

/** What a certificate of boxes says within one radius. */
export interface CertifiedBoxes {
  /** The radius. */
  readonly radius: number;
  /** `closed`: for all ‖δ‖ ≤ radius; `open`: for all ‖δ‖ < radius. */
  readonly ball: Ball;
  /** One for each slot. */
  readonly slots: readonly CertifiedSlot[];
  /**
   * Every answer has so many boxes at most: the slots that are not certified to be absent. Null unless the layout counts boxes beyond the slots (`beyond`) and
   * there are certainly none.
   */
  readonly atMost: number | null;
}

const CALL = 'certifiedBoxes';

/**
 * Reads a certificate of boxes slot by slot: present, absent or unknown, and how many boxes there are at most.
 *
 * The "box" of a slot is made of four medians, each with bounds of its own; no single detection need have these coordinates. All claims hold together, with the
 * probability of the certificate.
 *
 * @param certificate - of a `SmoothedRegressor` whose base model is one of `boxSlots`, with bounds
 * @param radius - one of the radii of the certificate; absent: the largest
 * @throws OptionError for a certificate of something else, and for a radius that it does not have
 * @example
 * ```ts
 * const { slots, atMost } = certifiedBoxes(certificate);
 * for (const { slot, state, label } of slots) console.log(slot, state, label);
 * ```
 */
export function certifiedBoxes(certificate: RegressionCertificate, radius?: number): CertifiedBoxes {
  const { layout, within } = boundsOfBoxes(certificate);
  const found = radius === undefined ? within.at(-1) : within.find((one) => one.radius === radius);
  if (found === undefined) {
    const radii = within.map((one) => one.radius).join(', ');
    throw refusal(
      OptionError,
      { call: CALL, field: 'radius', value: radius },
      `must be one of the certificate (${radii})`,
    );
  }
  const slots = Array.from({ length: layout.slots }, (_, slot) =>
    certifiedSlot(slot, found.bounds.slice(SLOT_SIZE * slot, SLOT_SIZE * (slot + 1))),
  );
  const beyond = layout.beyond ? found.bounds[SLOT_SIZE * layout.slots] : undefined;
  const mayBe = slots.filter(({ state }) => state !== 'absent').length;
  return { radius: found.radius, ball: found.ball, slots, atMost: beyond?.upper === 0 ? mayBe : null };
}

function boundsOfBoxes(certificate: RegressionCertificate): {
  readonly layout: BoxLayout;
  readonly within: BoundsCertificate['within'];
} {
  const { boxes, claim } = certificate;
  if (boxes && claim === 'bounds') return { layout: boxes, within: certificate.within };
  const got = boxes ? 'one of a radius' : 'one of other outputs';
  const details = { call: CALL, field: 'certificate', value: certificate, got };
  throw refusal(OptionError, details, 'must be one of bounds, of a model of `boxSlots`');
}

function certifiedSlot(slot: number, six: readonly OutputBounds[]): CertifiedSlot {
  const bounds = six.slice(0, 4);
  const [label, score] = six.slice(4) as [OutputBounds, OutputBounds];
  const isPresent = bounds.every(({ upper }) => upper !== null) && label.lower !== null && label.lower === label.upper;
  // A sample has a slot empty in all six numbers or in none, so that one says it of all.
  const isAbsent = six.every(({ always }) => always === 'Infinity');
  const state = isPresent ? 'present' : isAbsent ? 'absent' : 'unknown';
  return { slot, state, label: isPresent ? label.lower : null, bounds, score };
}

/** Whether an answer within the radius may have a number above a level. @internal */
export const mayExceed = ({ upper, always }: OutputBounds, level: number): boolean =>
  always === undefined ? upper === null || upper > level : always === 'Infinity';

/** Whether every answer within the radius has a finite number above a level. @internal */
export const exceeds = ({ lower, upper }: CoordinateBounds, level: number): boolean =>
  lower !== null && upper !== null && lower > level;

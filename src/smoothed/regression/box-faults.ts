import { type BoxLayout, labelOfSlot, rowSizeOf, SLOT_SIZE } from '../../detection/box-layout.ts';
import type { BoundsCertificate, OrderStatistic, RegressionCertificate } from './types.ts';

const LABEL = 4;
const SCORE = 5;

/**
 * What the numbers of a certificate of boxes cannot be, whatever the detector: a slot is empty in all six numbers or in none, a label is a whole number, that of its
 * bin where the bin has one, a score exceeds the threshold.
 *
 * @internal
 */
export function boxFaults(stored: RegressionCertificate, boxes: BoxLayout): string[] {
  const size = rowSizeOf(boxes);
  if (stored.outputs !== size) return [`outputs are ${stored.outputs}, but ${size} follow from boxes`];
  return stored.claim === 'bounds' ? sampleFaults(stored, boxes) : [];
}

function sampleFaults({ looks, grid }: BoundsCertificate, boxes: BoxLayout): string[] {
  if (grid) return []; // edges of bins are no samples
  const faults: string[] = [];
  for (const { statistics, missing } of looks) {
    // A row that is not finite is NaN as a whole.
    if (new Set(missing).size > 1) faults.push('missing differs between numbers of a row');
    for (const { lower, upper } of statistics) {
      for (const [side, list] of Object.entries({ lower, upper })) {
        const wrong = wrongSlot(list, boxes);
        if (wrong !== undefined)
          faults.push(`${side} of slot ${wrong} is ${JSON.stringify(slotOf(list, wrong))}, which cannot be`);
        const last = boxes.beyond ? list[SLOT_SIZE * boxes.slots] : 0;
        if (last !== 0 && last !== 1 && last !== null) faults.push(`${side} of the boxes beyond the slots is ${last}`);
      }
    }
  }
  return faults;
}

const slotOf = (list: readonly OrderStatistic[], slot: number): readonly OrderStatistic[] =>
  list.slice(SLOT_SIZE * slot, SLOT_SIZE * (slot + 1));

function wrongSlot(list: readonly OrderStatistic[], boxes: BoxLayout): number | undefined {
  for (let slot = 0; slot < boxes.slots; slot++) {
    const six = slotOf(list, slot);
    const [first] = six;
    const [label, score] = [six[LABEL], six[SCORE]];
    if (typeof first !== 'number') {
      if (first === '-Infinity' || six.some((value) => value !== first)) return slot;
      continue;
    }
    if (typeof label !== 'number' || typeof score !== 'number' || six.some((value) => typeof value !== 'number'))
      return slot;
    const own = labelOfSlot(boxes, slot);
    const isLabel = Number.isInteger(label) && label >= 0 && (own ?? label) === label;
    if (!isLabel || !(boxes.labels?.includes(label) ?? true) || score <= boxes.threshold) return slot;
  }
  return undefined;
}

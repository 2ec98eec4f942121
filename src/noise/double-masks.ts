/** Masks of one axis, one of which covers every place of a patch. @internal */
export interface AxisMasks {
  /** Cells of a mask. */
  readonly size: number;
  /** Where they begin. */
  readonly starts: readonly number[];
}

/**
 * At most `masks` masks of an axis of `axis` cells, so that every place of `patch` cells lies inside one of them.
 *
 * Stride t = ⌈(axis − patch + 1) / masks⌉, size min(patch + t − 1, axis), beginning at 0, t, 2t, ... and once more at the end.
 *
 * @see Xiang, Mahloujifar, Mittal, "PatchCleanser: Certifiably Robust Defense against Adversarial Patches for Any Image Classifier", USENIX Security 2022
 * @internal
 */
export function axisMasks(axis: number, patch: number, masks: number): AxisMasks {
  const stride = Math.ceil((axis - patch + 1) / masks);
  const size = Math.min(patch + stride - 1, axis);
  const last = axis - size;
  const starts: number[] = [];
  for (let start = 0; start <= last; start += stride) starts.push(start);
  if (starts.at(-1) !== last) starts.push(last);
  return { size, starts };
}

/** Whether every place of the patch lies inside one mask. @internal */
export function coversPatches(axis: number, patch: number, { size, starts }: AxisMasks): boolean {
  const places = Array.from({ length: axis - patch + 1 }, (_, place) => place);
  return places.every((place) => starts.some((start) => start <= place && place + patch <= start + size));
}

/** The class under masks i and j; i = j: one mask. It must be symmetric. @internal */
export type MaskedClass = (i: number, j: number) => number;

/** The most frequent class, the lowest among equals. */
function majority(classes: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const each of classes) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].reduce((best, each) => (each[1] > best[1] || (each[1] === best[1] && each[0] < best[0]) ? each : best))[0]; // prettier-ignore
}

/**
 * The answer of double masking: where all single masks agree, their class. Else the first dissenter whose class stays under every second mask
 * wins, and without one the majority. @internal
 */
export function doubleMaskedClass(masks: number, classUnder: MaskedClass): number {
  const single = Array.from({ length: masks }, (_, i) => classUnder(i, i));
  const most = majority(single);
  const winner = single.find((own, i) => own !== most && single.every((_, j) => classUnder(i, j) === own));
  return winner ?? most;
}

/** Whether every pair of masks gives one class: then no patch that a mask covers changes the answer. @internal */
export function isDoublyMasked(masks: number, classUnder: MaskedClass): boolean {
  const first = classUnder(0, 0);
  for (let i = 0; i < masks; i++) for (let j = i; j < masks; j++) if (classUnder(i, j) !== first) return false;
  return true;
}

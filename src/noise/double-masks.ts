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

/** Two masks, i ≤ j; i = j: one of them. @internal */
export type MaskPair = readonly [i: number, j: number];

/** Which classes are wanted next; the answer is those of the pairs in their order. @internal */
export interface MaskQuestion {
  readonly pairs: readonly MaskPair[];
  /** Asked is whether all have this class: the answer may end after the first that has another. */
  readonly expected?: number;
}

/** What double masking says of an image. @internal */
export interface MaskedAnswer {
  readonly label: number;
  /** Whether every pair of masks gave this class: then no patch that a mask covers changes the answer. False where that was not asked. */
  readonly certified: boolean;
}

/**
 * Double masking, as the questions it asks of a classifier: one after the other, so that nothing is asked that does not matter.
 *
 * Where all single masks agree, their class. Else the first dissenter whose class stays under every second mask wins, and without one the
 * majority, the lowest among equals. A certificate wants every pair.
 *
 * @param certifies - whether pairs are asked for where the single masks agree
 * @see Xiang, Mahloujifar, Mittal, "PatchCleanser: Certifiably Robust Defense against Adversarial Patches for Any Image Classifier", USENIX Security 2022
 * @internal
 */
export function* doubleMasking(
  masks: number,
  certifies: boolean,
): Generator<MaskQuestion, MaskedAnswer, readonly number[]> {
  const all = Array.from({ length: masks }, (_, i) => i);
  const single = yield { pairs: all.map((i) => [i, i]) };
  const most = majority(single);
  if (single.every((own) => own === most)) {
    if (!certifies) return { label: most, certified: false };
    const pairs = all.flatMap((i) => all.slice(i + 1).map((j): MaskPair => [i, j]));
    const classes = yield { pairs, expected: most };
    return { label: most, certified: classes.every((each) => each === most) };
  }
  for (const [i, own] of single.entries()) {
    if (own === most) continue;
    const others = all.filter((j) => j !== i).map((j): MaskPair => (i < j ? [i, j] : [j, i]));
    const classes = yield { pairs: others, expected: own };
    if (classes.every((each) => each === own)) return { label: own, certified: false };
  }
  return { label: most, certified: false };
}

/** The most frequent class, the lowest among equals. */
function majority(classes: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const each of classes) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].reduce((best, each) => (each[1] > best[1] || (each[1] === best[1] && each[0] < best[0]) ? each : best))[0]; // prettier-ignore
}

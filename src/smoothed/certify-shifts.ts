import * as tf from '@tensorflow/tfjs';
import type { Classifier, ClassifierOutput } from '../classifier/types.ts';
import { hostTurns } from '../host/turns.ts';
import { assertImage } from '../noise/transformations/parameter-noise.ts';
import { rolled } from '../noise/transformations/shift-noise.ts';
import { contextOf } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { InputRange, Norm } from '../types.ts';
import { baseClassifierFields, runFields } from './call-options.ts';
import { CheckedClassifier } from './checked-classifier.ts';
import { votesOf } from './count-votes.ts';
import { rowsReader } from './read-rows.ts';

/** What fills the place that a shift leaves: black, the nearest pixel, the mirrored image, or what leaves at the other side. */
export type ShiftBorder = 'zero' | 'edge' | 'mirror' | 'wrap';

/** Options of {@link certifyShifts}. */
export interface CertifyShiftsOptions {
  /** Longest shift, in pixels: all whole shifts (i, j) with i² + j² ≤ radius² are tried. */
  readonly radius: number;
  /**
   * What fills the place that a shift leaves.
   * @defaultValue 'zero'
   */
  readonly border?: ShiftBorder | undefined;
  /**
   * Number of classes, where the classifier does not say it.
   * @defaultValue what the model says
   */
  readonly numClasses?: number | undefined;
  /**
   * Smallest and largest value of an input coordinate.
   * @defaultValue [0, 1]
   */
  readonly inputRange?: InputRange | undefined;
  /**
   * What the classifier returns.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
  /**
   * Shifts per forward pass: speed and memory only.
   * @defaultValue at most 256, as many as the memory holds
   */
  readonly batchSize?: number | undefined;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const certifyShiftsOptions = optionsOf<CertifyShiftsOptions>()({
  radius: fields.field<number>(
    'must be a number from 0 to 1000',
    (v) => fields.isFiniteNumber(v) && v >= 0 && v <= 1000,
  ),
  border: fields.withDefault(fields.oneOf('zero', 'edge', 'mirror', 'wrap'), 'zero'),
  numClasses: baseClassifierFields.numClasses,
  inputRange: baseClassifierFields.inputRange,
  output: baseClassifierFields.output,
  ...runFields,
});

/** What all shifts of an image come to: a plain JSON value, true without a probability. */
export interface ShiftCertificate {
  /** The class of the image as it is. */
  readonly label: number;
  /** The class stays for every whole shift of at most this length; the radius asked for, or the longest one before the first that changes it. */
  readonly radius: number;
  /** Whether it stays for all shifts that were asked for. */
  readonly certified: boolean;
  /** How many shifts were tried, that by 0 among them. */
  readonly shifts: number;
  /** The shortest shift that changes the class, and to which; absent where none does. */
  readonly broken?: {
    /** The shift, in pixels. */
    readonly shift: readonly [down: number, right: number];
    /** The class there. */
    readonly label: number;
  };
}

type Shift = readonly [down: number, right: number];

/**
 * Tries every shift of an image by whole pixels up to a length: a certificate of the classifier itself, without noise and without a failure probability.
 *
 * There are few (317 up to 10 pixels), so whatever the border shows, they need no smoothing; random shifts ({@link ShiftNoise}) are for longer ones that wrap around, and
 * for shifts together with other changes. Shifts by parts of a pixel, rotations and scalings interpolate and are not covered.
 *
 * @param model - the classifier, in any form
 * @param x - one image [height, width] or [height, width, channels], float32; not disposed
 * @throws OptionError, TensorError, ClassifierError; the abort reason of `signal`
 * @example
 * ```ts
 * const { certified, radius } = await certifyShifts(model, image, { radius: 2, border: 'edge' });
 * ```
 * @see Li et al., "TSS: Transformation-Specific Smoothing for Robustness Certification", CCS 2021, which enumerates shifts with black borders
 */
export async function certifyShifts(
  model: Classifier,
  x: tf.Tensor,
  options: CertifyShiftsOptions,
): Promise<ShiftCertificate> {
  const context = contextOf(options, 'certifyShifts');
  const { call, run } = context;
  const { radius, border, batchSize, signal, ...declared } = certifyShiftsOptions.parse(call, options);
  const shifts = shiftsWithin(radius);
  const copiesOf = (image: tf.Tensor, some: readonly Shift[]): tf.Tensor =>
    tf.tidy(() => tf.stack(some.map((shift) => shiftedImage(image, shift, border))));
  const noise = {
    ...{ name: 'enumerated shifts', norms: ['parameter'] as readonly Norm[], domain: 'real' as const },
    perturb: (image: tf.Tensor, { start, count }: { readonly start: number; readonly count: number }) =>
      copiesOf(
        image,
        Array.from({ length: count }, (_, i) => shifts[(start + i) % shifts.length] ?? [0, 0]),
      ),
  };
  const checked = new CheckedClassifier(call, model, { ...declared, noise, batchSize, inferenceForm: true });
  return checked.withOwn(context, x, async (own, voting) => {
    assertImage(call, own.shape);
    const reader = rowsReader(voting, call, run);
    const hostTurn = hostTurns(signal);
    let label: number | undefined;
    for (let begin = 0; begin < shifts.length;) {
      signal?.throwIfAborted();
      const part = shifts.slice(begin, begin + (batchSize ?? voting.batches.next(own.size)));
      const copies = (): tf.Tensor => copiesOf(own, part);
      const classes = votesOf(await reader.rows([{ count: part.length, copies }]), voting.numClasses);
      label ??= classes[0];
      const first = classes.findIndex((found) => found !== label);
      if (first >= 0) return brokenAt(shifts, begin + first, { label: label ?? -1, found: classes[first] ?? -1 });
      begin += part.length;
      await hostTurn();
    }
    return { label: label ?? -1, radius, certified: true, shifts: shifts.length };
  });
}

function brokenAt(
  shifts: readonly Shift[],
  at: number,
  { label, found }: { readonly label: number; readonly found: number },
): ShiftCertificate {
  const shift = shifts[at] ?? [0, 0];
  const shorter = shifts.filter((one) => squared(one) < squared(shift));
  const radius = Math.sqrt(Math.max(...shorter.map(squared)));
  return { label, radius, certified: false, shifts: at + 1, broken: { shift, label: found } };
}

const squared = ([down, right]: Shift): number => down * down + right * right;

/** All whole shifts up to a length, the shortest first. @internal */
export function shiftsWithin(radius: number): Shift[] {
  const most = Math.floor(radius);
  const all: Shift[] = [];
  for (let down = -most; down <= most; down++) {
    for (let right = -most; right <= most; right++) {
      if (squared([down, right]) <= radius * radius) all.push([down, right]);
    }
  }
  return all.sort((a, b) => squared(a) - squared(b));
}

/** An image shifted down and to the right, with whatever fills the rest; inside a tidy. @internal */
export function shiftedImage(image: tf.Tensor, [down, right]: Shift, border: ShiftBorder): tf.Tensor {
  if (border === 'wrap') return rolled(rolled(image, 0, down), 1, right);
  return along(along(image, 0, down, border), 1, right, border);
}

function along(image: tf.Tensor, axis: number, by: number, border: Exclude<ShiftBorder, 'wrap'>): tf.Tensor {
  const length = image.shape[axis] ?? 0;
  if (by === 0) return image;
  if (border === 'zero' && Math.abs(by) >= length) return tf.zerosLike(image);
  const places = Array.from({ length }, (_, i) => i - by);
  if (border === 'zero') {
    const inside = places.filter((i) => i >= 0 && i < length);
    const kept = tf.gather(image, tensorOver(Int32Array.from(inside), [inside.length], 'int32'), axis);
    const missing: [number, number] = by > 0 ? [by, 0] : [0, -by];
    return tf.pad(
      kept,
      image.shape.map((_, a): [number, number] => (a === axis ? missing : [0, 0])),
    );
  }
  // Half-sample mirror: pixel -1 is pixel 0, and again at the other side.
  const mirror = (i: number): number => {
    const turn = ((i % (2 * length)) + 2 * length) % (2 * length);
    return turn < length ? turn : 2 * length - 1 - turn;
  };
  const nearest = (i: number): number => Math.min(Math.max(i, 0), length - 1);
  return tf.gather(
    image,
    tensorOver(Int32Array.from(places, border === 'mirror' ? mirror : nearest), [length], 'int32'),
    axis,
  );
}

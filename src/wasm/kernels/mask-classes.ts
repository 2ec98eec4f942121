import { MASK_CLASSES_KERNEL, type MaskClassesAttributes } from '../../tensors/device-kernels.ts';
import { addressOf, floatsOf } from '../backend.ts';
import type { TrainingKernel } from './kernel.ts';

/** Components, and classes that lie side by side, that are looked at together. */
const TOGETHER = 4;
/** The bits of Infinity. */
const INFINITE = 0x7f800000;

/** See {@link MASK_CLASSES_KERNEL}. Where there is no SIMD, and for fewer than four components, or classes side by side, a plain loop. @internal */
export const maskClasses: TrainingKernel = {
  kernelName: MASK_CLASSES_KERNEL,
  build:
    (_, simdOf) =>
    ({ backend, inputs, attrs }) => {
      const { x } = inputs as { x: (typeof inputs)[string] };
      const { components, classes, last } = attrs as unknown as MaskClassesAttributes;
      const size = components * classes;
      const rows = x.shape.reduce((product, length) => product * length, 1) / size;
      const result = backend.makeOutput([rows, components + 1], 'int32');
      // Looked at once more: to allocate may move the memory.
      const found = backend.typedArrayFromHeap(result) as Int32Array;
      const simd = components >= TOGETHER && (!last || classes >= TOGETHER) ? simdOf(backend) : undefined;
      const [from, to] = [addressOf(backend, x), addressOf(backend, result)];
      const values = floatsOf(backend, x);
      for (let row = 0; row < rows; row++) {
        const begin = row * (components + 1);
        if (simd) {
          const work = last ? simd.classesLast : simd.classesFirst;
          const magnitude = work(from + 4 * row * size, components, classes, to + 4 * begin) >>> 0;
          found[begin + components] = magnitude < INFINITE ? 1 : 0;
        } else {
          const logits = values.subarray(row * size, (row + 1) * size);
          plainClasses(logits, found.subarray(begin, begin + components + 1), { components, classes, last });
        }
      }
      return result;
    },
};

function plainClasses(
  logits: Float32Array,
  found: Int32Array,
  { components, classes, last }: MaskClassesAttributes,
): void {
  const [between, step] = last ? [classes, 1] : [1, components];
  for (let i = 0; i < components; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (logits[i * between + c * step]! > logits[i * between + best * step]!) best = c;
    }
    found[i] = best;
  }
  found[components] = logits.every((value) => Number.isFinite(value)) ? 1 : 0;
}

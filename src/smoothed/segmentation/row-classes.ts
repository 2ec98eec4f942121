import type * as tf from '@tensorflow/tfjs';
import { assertFiniteLogits } from '../../classifier/check-logits.ts';
import { hasKernel, MASK_CLASSES_KERNEL, runKernel } from '../../tensors/device-kernels.ts';
import { integersInMemory, valuesInMemory } from '../../tensors/own-tensor.ts';
import { classifyRow } from './classify-row.ts';
import type { MaskLayout } from './mask-layout.ts';

/** The rows of a batch of logits, as their classes are counted. @internal */
export interface RowClasses {
  /** The class of each component of a row, to be read before the next row is asked for; throws ClassifierError if a logit is NaN or infinite. */
  readonly classes: (row: number) => Int32Array;
  readonly logits: (row: number) => Float32Array;
}

/** Classes of logits that are at hand. @internal */
export function classesOfValues(call: string, layout: MaskLayout, values: Float32Array): RowClasses {
  const { components, size } = layout;
  const found = new Int32Array(components);
  const logits = (row: number): Float32Array => values.subarray(row * size, (row + 1) * size);
  return {
    classes: (row) => {
      if (!classifyRow(layout, logits(row), found)) assertFiniteLogits(call, logits(row));
      return found;
    },
    logits,
  };
}

/**
 * Classes of logits that lie in the memory of the WASM backend, found there; undefined on other backends. Inside a tidy, and to be read in it.
 * @internal
 */
export function classesInMemory(call: string, layout: MaskLayout, output: tf.Tensor): RowClasses | undefined {
  const { components, channels, threshold, layout: order } = layout;
  const isForKernel = threshold === undefined && output.dtype === 'float32' && hasKernel(MASK_CLASSES_KERNEL);
  const found = isForKernel
    ? runKernel(MASK_CLASSES_KERNEL, { x: output }, { components, classes: channels, last: order === 'nhwc' })
    : undefined;
  // After the kernel: to make a tensor may move the memory.
  const values = valuesInMemory(output);
  if (values === undefined) return undefined;
  const plain = classesOfValues(call, layout, values);
  const labels = found && integersInMemory(found);
  if (labels === undefined) return plain;
  return {
    classes: (row) => {
      const begin = row * (components + 1);
      if (labels[begin + components] === 0) assertFiniteLogits(call, plain.logits(row));
      return labels.subarray(begin, begin + components);
    },
    logits: plain.logits,
  };
}

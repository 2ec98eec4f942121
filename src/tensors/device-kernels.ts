import * as tf from '@tensorflow/tfjs';
import type { Key } from '../types.ts';

// The core must not import a backend's folder: it knows these kernels by name only, and uses them where the current backend has them.

/** Noisy copies: x [dimension] → normals [rows · dimension], times `scale`, plus x; without x just the noise. @internal */
export const NORMALS_KERNEL = 'CatrsNormals';

/** The random words under the normals, int32 [rows · dimension]. No part of the library needs it; tests compare it with `fillBits`. @internal */
export const BITS_KERNEL = 'CatrsBits';

/**
 * Votes of rows of `logits` [batch, C], piece by piece → int32 [pieces · (C + 2)]: for each piece the votes per class, the number of rows
 * that may not vote because a logit is NaN or infinite, and the bits of the first such logit.
 * @internal
 */
export const VOTES_KERNEL = 'CatrsVotes';

/**
 * Classes of masks, of float32 logits x [rows, ...] → int32 [rows, components + 1]: the lowest index among the largest logits of each component, then
 * 1 if all logits of the row are finite and 0 if not, where the classes mean nothing.
 * @internal
 */
export const MASK_CLASSES_KERNEL = 'CatrsMaskClasses';

/** Gradient of ReLU: dy where y > 0, else 0; y is what came out of it. @internal */
export const RELU_GRAD_KERNEL = 'CatrsReluGrad';

/** Gradient of ReLU6: dy where 0 < y < 6, else 0. @internal */
export const RELU6_GRAD_KERNEL = 'CatrsRelu6Grad';

/** max(a + b, 0) of two tensors of one shape. @internal */
export const ADD_RELU_KERNEL = 'CatrsAddRelu';

/**
 * Batch normalisation by the batch: x [..., C], scale and offset [C] → y = scale (x − mean) / √(variance + epsilon) + offset, mean [C] and
 * biased variance [C].
 * @internal
 */
export const BATCH_NORM_TRAINING_KERNEL = 'CatrsBatchNormTraining';

/** Its gradient: dy, x, scale, mean, variance → dx, dscale, doffset. @internal */
export const BATCH_NORM_TRAINING_GRAD_KERNEL = 'CatrsBatchNormTrainingGrad';

/**
 * A step of SGD: weights, gradient and, with momentum, buffer, of one shape → new weights, new buffer. Attributes: {@link SgdNumbers}.
 * @internal
 */
export const SGD_KERNEL = 'CatrsSgd';

/** Numbers of a step of SGD, with the names of the options of `Sgd`. @internal */
export interface SgdNumbers {
  readonly learningRate: number;
  readonly momentum: number;
  /** 0 where the weights do not decay. */
  readonly weightDecay: number;
  readonly dampening: number;
  readonly nesterov: boolean;
}

/** Attributes of {@link NORMALS_KERNEL} and {@link BITS_KERNEL}. @internal */
export interface NormalsAttributes {
  readonly key: Key;
  /** Sample index of the first row. */
  readonly start: number;
  readonly rows: number;
  readonly dimension: number;
  /**
   * 0: row r is sample start + r of the key. Otherwise the number of images B: row r is sample start + ⌊r / B⌋ of the key folded with
   * firstImage + r mod B.
   */
  readonly images: number;
  readonly firstImage: number;
  /** A float32 number. */
  readonly scale: number;
  /** The public call and its argument that grows the result, for the error where a device cannot hold it. */
  readonly call: string;
  readonly field: string;
}

/** Attributes of {@link VOTES_KERNEL}: the rows begin .. end − 1, cut after `first` rows and then after every `every` rows. @internal */
export interface VotesAttributes {
  readonly begin: number;
  readonly end: number;
  readonly first: number;
  readonly every: number;
}

/** Attributes of {@link MASK_CLASSES_KERNEL}. @internal */
export interface MaskClassesAttributes {
  /** Number of components of a mask, at least 1. */
  readonly components: number;
  /** Number of logits of each, at least 1. */
  readonly classes: number;
  /** Whether the logits of a component lie side by side; else class after class. */
  readonly last: boolean;
}

/** True where the current backend has the kernel. @internal */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a kernel that gives one tensor. @internal */
export function runKernel(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: NormalsAttributes | VotesAttributes | MaskClassesAttributes,
): tf.Tensor {
  return tf.engine().runKernel(name, { ...inputs }, { ...attributes } as unknown as tf.NamedAttrMap);
}

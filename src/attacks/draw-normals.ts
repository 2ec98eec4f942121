import type * as tf from '@tensorflow/tfjs';
import { fillNormals } from '../random/fill-normals.ts';
import type { Key } from '../types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** Standard normal rows, [rows, dimension]: row r is sample start + r of the key. @internal */
export function drawNormals(key: Key, [rows, dimension]: [number, number], start: number): tf.Tensor2D {
  const normals = new Float32Array(rows * dimension);
  fillNormals(normals, { key, start, dimension });
  return tensorOver(normals, [rows, dimension], 'float32') as tf.Tensor2D;
}

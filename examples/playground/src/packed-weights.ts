/**
 * Weights of a LeNet in 8 bits: whole numbers from -127 to 127, and one scale for each output of a layer. A quarter of float32.
 */
import type { NpyArray } from 'catrs/data';

/** Shapes of the tensors of `lenet`, in its order; the last dimension counts the outputs of the layer. */
const SHAPES: readonly (readonly [name: string, shape: readonly number[]])[] = [
  ['conv1.kernel', [5, 5, 1, 20]],
  ['conv1.bias', [20]],
  ['conv2.kernel', [5, 5, 20, 50]],
  ['conv2.bias', [50]],
  ['fc1.kernel', [800, 500]],
  ['fc1.bias', [500]],
  ['fc2.kernel', [500, 10]],
  ['fc2.bias', [10]],
];

/** Tensors by name: kernels as int8 with a float32 `scale`, biases as they are. */
export function packWeights(weights: readonly Float32Array[]): Map<string, NpyArray> {
  const tensors = new Map<string, NpyArray>();
  SHAPES.forEach(([name, shape], i) => {
    const values = weights[i] ?? new Float32Array();
    if (shape.length === 1) return tensors.set(name, { dtype: 'float32', shape, data: values });
    const outputs = shape.at(-1) ?? 1;
    const scale = new Float32Array(outputs);
    values.forEach((value, at) => {
      scale[at % outputs] = Math.max(scale[at % outputs] ?? 0, Math.abs(value) / 127);
    });
    const data = Int8Array.from(values, (value, at) => Math.round(value / (scale[at % outputs] || 1)));
    return tensors
      .set(name, { dtype: 'int8', shape, data })
      .set(`${name}.scale`, { dtype: 'float32', shape: [outputs], data: scale });
  });
  return tensors;
}

/** The weights again, one array for each tensor of `lenet`. Throws if one is missing or too short. */
export function unpackWeights(tensors: ReadonlyMap<string, NpyArray>): Float32Array[] {
  return SHAPES.map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const stored = tensors.get(name);
    if (stored?.data.length !== size) throw new Error(`the model file has no ${name} of ${size} numbers`);
    const scale = tensors.get(`${name}.scale`)?.data ?? [1];
    return Float32Array.from(stored.data, (value, at) => value * (scale[at % scale.length] ?? NaN));
  });
}

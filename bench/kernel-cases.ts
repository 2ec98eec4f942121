import * as tf from '@tensorflow/tfjs';
import type { NamedAttrMap } from '@tensorflow/tfjs';

/** One call of a kernel, with tensors on the current backend. */
export interface KernelCase {
  readonly kernel: string;
  readonly what: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly attrs: NamedAttrMap;
}

type Build = (batch: number) => Omit<KernelCase, 'kernel' | 'what'>;

const random = (...shape: number[]): tf.Tensor => tf.randomUniform(shape, -1, 1, 'float32', 5);

const conv = { strides: 1, pad: 'valid', dataFormat: 'NHWC', dilations: 1 } as const;
const fused = { ...conv, activation: 'relu', leakyreluAlpha: 0 } as const;
const strided = { ...conv, strides: 2, pad: 'same' } as const;
const FILTER = [5, 5, 20, 50];
const SMALL = [3, 3, 16, 32];
const pool = { filterSize: 2, strides: 2, pad: 'valid' } as const;
const product = { transposeA: false, transposeB: false } as const;

/** Kernel, what it does, and the call at a batch size. Convolutions: the second of LeNet, and one of stride 2 of a ResNet. */
const cases: readonly (readonly [string, string, Build])[] = [
  ['Conv2D', '5x5', (b) => ({ inputs: { x: random(b, 12, 12, 20), filter: random(...FILTER) }, attrs: conv })],
  [
    'FusedConv2D',
    '5x5 with ReLU',
    (b) => ({ inputs: { x: random(b, 12, 12, 20), filter: random(...FILTER), bias: random(50) }, attrs: fused }),
  ],
  [
    'Conv2DBackpropInput',
    '5x5',
    (b) => ({
      inputs: { dy: random(b, 8, 8, 50), filter: random(...FILTER) },
      attrs: { ...conv, inputShape: [b, 12, 12, 20] },
    }),
  ],
  [
    'Conv2DBackpropInput',
    '3x3, stride 2',
    (b) => ({
      inputs: { dy: random(b, 16, 16, 32), filter: random(...SMALL) },
      attrs: { ...strided, inputShape: [b, 32, 32, 16] },
    }),
  ],
  [
    'Conv2DBackpropFilter',
    '5x5',
    (b) => ({ inputs: { x: random(b, 12, 12, 20), dy: random(b, 8, 8, 50) }, attrs: { ...conv, filterShape: FILTER } }),
  ],
  [
    'Conv2DBackpropFilter',
    '3x3, stride 2',
    (b) => ({
      inputs: { x: random(b, 32, 32, 16), dy: random(b, 16, 16, 32) },
      attrs: { ...strided, filterShape: SMALL },
    }),
  ],
  [
    'MaxPoolGrad',
    '2x2',
    (b) => {
      const input = random(b, 24, 24, 20);
      const output = tf.maxPool(input as tf.Tensor4D, 2, 2, 'valid');
      return { inputs: { dy: random(b, 12, 12, 20), input, output }, attrs: pool };
    },
  ],
  [
    'BatchMatMul',
    'dense layer, gradient of the input',
    (b) => ({ inputs: { a: random(b, 500), b: random(800, 500) }, attrs: { ...product, transposeB: true } }),
  ],
  [
    'BatchMatMul',
    'dense layer, gradient of the weights',
    (b) => ({ inputs: { a: random(b, 800), b: random(b, 500) }, attrs: { ...product, transposeA: true } }),
  ],
  [
    '_FusedMatMul',
    'transposed, with ReLU',
    (b) => ({
      inputs: { a: random(1, b, 500), b: random(1, 800, 500), bias: random(800) },
      attrs: { ...product, transposeB: true, activation: 'relu', leakyreluAlpha: 0 },
    }),
  ],
  ['Sum', 'over the first axes', (b) => ({ inputs: { x: random(b, 8, 8, 50) }, attrs: overFirst })],
  ['Mean', 'over the first axes', (b) => ({ inputs: { x: random(b, 8, 8, 50) }, attrs: overFirst })],
  ['Tile', 'one number a channel', (b) => ({ inputs: { x: random(1, 1, 1, 50) }, attrs: { reps: [b, 8, 8, 1] } })],
  [
    'UnsortedSegmentSum',
    'gradient of a gather',
    (b) => {
      const segmentIds = tf.tensor1d(
        Array.from({ length: 4 * b }, (_, i) => i % 10),
        'int32',
      );
      return { inputs: { x: random(4 * b, 64), segmentIds }, attrs: { numSegments: 10 } };
    },
  ],
];

const overFirst: NamedAttrMap = { axis: [0, 1, 2], keepDims: false };

/** All cases at a batch size. Dispose their inputs. */
export function kernelCases(batch: number): LazyKernelCase[] {
  return cases.map(([kernel, what, build]) => ({ kernel, what, make: () => ({ kernel, what, ...build(batch) }) }));
}

/** A case whose tensors are not made yet. */
export interface LazyKernelCase {
  readonly kernel: string;
  readonly what: string;
  /** Makes the tensors, on the current backend. */
  readonly make: () => KernelCase;
}

import * as tf from '@tensorflow/tfjs';
import type { Draws } from '../draws.ts';
import type { Operations } from './operation.ts';
import { between, floats } from './operation.ts';

type Sides = [number, number];
type Explicit = [Sides, Sides, Sides, Sides];
type Pad = 'same' | 'valid' | number | Explicit;

const fusedActivations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'prelu', 'leakyrelu'] as const;

interface Geometry {
  readonly x: number[];
  readonly window: Sides;
  readonly strides: Sides;
  readonly dilations: Sides;
  readonly pad: Pad;
}

/** Images, a window, and any padding, where TensorFlow.js has an output for them. */
function drawGeometry(draws: Draws, { dilated = true, explicit = true } = {}): Geometry {
  const x = [between(draws, 1, 2), between(draws, 1, 9), between(draws, 1, 9), between(draws, 1, 5)];
  const pair = (most: number): Sides => [between(draws, 1, most), between(draws, 1, most)];
  const square = ([a]: Sides): Sides => [a, a];
  const pads: Pad[] = ['same', 'valid', between(draws, 0, 2)];
  if (explicit) {
    const sides = (): Sides => [between(draws, 0, 2), between(draws, 0, 2)];
    pads.push([[0, 0], sides(), sides(), [0, 0]]);
  }
  const pad = draws.pick(pads);
  const rates = pair(3);
  const gaps = dilated && draws.oneIn(3);
  // With one number for the padding, TensorFlow.js computes the output's size as if window and strides were square.
  const shape = typeof pad === 'number' ? square : (sides: Sides): Sides => sides;
  const [window, strides, dilations] = [shape(pair(4)), shape(gaps ? [1, 1] : rates), shape(gaps ? rates : [1, 1])];
  const padded = [0, 1].map((axis) => {
    const around =
      typeof pad === 'number' ? 2 * pad : typeof pad === 'string' ? 0 : pad[axis + 1]![0] + pad[axis + 1]![1];
    return x[axis + 1]! + around >= (window[axis]! - 1) * dilations[axis]! + 1;
  });
  return padded.every(Boolean) || pad === 'same'
    ? { x, window, strides, dilations, pad }
    : drawGeometry(draws, { dilated, explicit });
}

/** What is fused after a product of `channels` channels. */
function drawFused(
  draws: Draws,
  channels: number,
): { activation: (typeof fusedActivations)[number]; bias: boolean; alpha: number[] } {
  const alpha = draws.pick([[channels], [1, 1, channels]]);
  return { activation: draws.pick(fusedActivations), bias: draws.oneIn(2), alpha };
}

type Call = (x: tf.Tensor4D, filter: tf.Tensor4D, geometry: Geometry) => tf.Tensor;

const convolution =
  (
    call: Call,
    filterOf: (draws: Draws, geometry: Geometry) => number[],
    options?: Parameters<typeof drawGeometry>[1],
  ) =>
  (draws: Draws): ReturnType<Operations[string]> => {
    const geometry = drawGeometry(draws, options);
    return {
      inputs: [floats(geometry.x), floats(filterOf(draws, geometry))],
      settings: geometry,
      run: (x, filter) => call(x as tf.Tensor4D, filter as tf.Tensor4D, geometry),
    };
  };

const full = (draws: Draws, { window, x }: Geometry): number[] => [...window, x[3]!, between(draws, 1, 6)];
const depthwise = (draws: Draws, { window, x }: Geometry): number[] => [...window, x[3]!, between(draws, 1, 3)];

type Fused = typeof tf.fused.conv2d | typeof tf.fused.depthwiseConv2d;

const fused =
  (call: Fused, filterOf: typeof full, channelsOf: (filter: number[]) => number) =>
  (draws: Draws): ReturnType<Operations[string]> => {
    const geometry = drawGeometry(draws);
    const filter = filterOf(draws, geometry);
    const channels = channelsOf(filter);
    const { activation, bias, alpha } = drawFused(draws, channels);
    const { strides, dilations, pad } = geometry;
    return {
      inputs: [floats(geometry.x), floats(filter), floats([channels]), floats(alpha)],
      settings: { ...geometry, activation, bias },
      run: (x, f, b, a) =>
        call({
          ...{ x: x as tf.Tensor4D, filter: f as tf.Tensor4D, strides, dilations, pad: pad as 'same', activation },
          ...(bias ? { bias: b! } : {}),
          ...(activation === 'prelu' ? { preluActivationWeights: a! } : {}),
          ...(activation === 'leakyrelu' ? { leakyreluAlpha: 0.3 } : {}),
        }),
    };
  };

const pooling =
  (call: typeof tf.maxPool) =>
  (draws: Draws): ReturnType<Operations[string]> => {
    const { x, window, strides, pad } = drawGeometry(draws, { dilated: false });
    const rounding = typeof pad === 'string' ? undefined : draws.pick(['floor', 'ceil'] as const);
    return {
      inputs: [floats(x)],
      settings: { x, window, strides, pad, rounding },
      run: (images) => call(images as tf.Tensor4D, window, strides, pad as 'same', rounding),
    };
  };

const volumes =
  (call: typeof tf.maxPool3d) =>
  (draws: Draws): ReturnType<Operations[string]> => {
    const three = (most: number): [number, number, number] =>
      [1, 2, 3].map(() => between(draws, 1, most)) as [number, number, number];
    const x = [between(draws, 1, 2), ...three(4).map((extent) => extent + 2), between(draws, 1, 4)];
    const [window, strides, pad] = [three(3), three(3), draws.pick(['same', 'valid'] as const)];
    return {
      inputs: [floats(x)],
      settings: { window, strides, pad },
      run: (images) => call(images as tf.Tensor5D, window, strides, pad),
    };
  };

/** Operations that slide a window, as graphs call them: any padding, dilation, fused bias and activation. */
export const convolutions: Operations = {
  conv2d: convolution((x, f, { strides, pad, dilations }) => tf.conv2d(x, f, strides, pad, 'NHWC', dilations), full),
  depthwiseConv2d: convolution(
    (x, f, { strides, pad, dilations }) => tf.depthwiseConv2d(x, f, strides, pad, 'NHWC', dilations),
    depthwise,
  ),
  'fused.conv2d': fused(tf.fused.conv2d, full, ([, , , outputs]) => outputs!),
  'fused.depthwiseConv2d': fused(tf.fused.depthwiseConv2d, depthwise, ([, , c, m]) => c! * m!),
  conv2dTranspose: (draws) => {
    const { x, window, strides, pad } = drawGeometry(draws, { dilated: false });
    const filters = between(draws, 1, 5);
    return {
      inputs: [floats(x), floats([...window, x[3]!, filters])],
      settings: { x, window, strides, pad },
      // The gradient's own geometry: from the output of a convolution back to its input.
      run: (images, filter) => {
        const y = tf.conv2d(images as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
        return tf.conv2dTranspose(y, filter as tf.Tensor4D, x as [number, number, number, number], strides, pad);
      },
    };
  },
  maxPool: pooling(tf.maxPool),
  avgPool: pooling(tf.avgPool),
  maxPool3d: volumes(tf.maxPool3d),
  avgPool3d: volumes(tf.avgPool3d),
  pool: (draws) => {
    const { x, window, dilations, strides, pad } = drawGeometry(draws, { explicit: false });
    const type = draws.pick(['max', 'avg'] as const);
    return {
      inputs: [floats(x)],
      settings: { x, type, window, dilations, strides, pad },
      run: (images) => tf.pool(images as tf.Tensor4D, window, type, pad as 'same', dilations, strides),
    };
  },
  maxPoolWithArgmax: (draws) => {
    const { x, window, strides, pad } = drawGeometry(draws, { dilated: false, explicit: false });
    const named = typeof pad === 'number' ? 'same' : pad;
    return {
      inputs: [floats(x)],
      settings: { x, window, strides, pad: named },
      run: (images) => {
        const { result, indexes } = tf.maxPoolWithArgmax(images as tf.Tensor4D, window, strides, named as 'same', true);
        return [result!, indexes!];
      },
    };
  },
  dilation2d: convolution(
    (x, f, { strides, pad, dilations }) =>
      tf.dilation2d(x, tf.squeeze(f, [3]) as tf.Tensor3D, strides, typeof pad === 'string' ? pad : 'same', dilations),
    (_draws, { window, x }) => [...window, x[3]!, 1],
    { explicit: false },
  ),
};

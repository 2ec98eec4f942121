import * as tf from '@tensorflow/tfjs';
import type { Operations } from './operation.ts';
import { between, drawShape, floats, integers } from './operation.ts';

const fusedActivations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'prelu', 'leakyrelu'] as const;

/** Matrix products, normalisations and operations on images. */
export const algebra: Operations = {
  matMul: (draws) => {
    const [rows, inner, columns] = [between(draws, 1, 9), between(draws, 1, 9), between(draws, 1, 9)];
    const batch = drawShape(draws, draws.below(3), 3);
    // Where only some of these axes are 1, cpu and the shipped kernels of wasm multiply the wrong pairs.
    const thin = draws.oneIn(2) ? batch.map(() => 1) : batch;
    const [transposeA, transposeB] = [draws.oneIn(2), draws.oneIn(2)];
    const a = transposeA ? [inner, rows] : [rows, inner];
    const b = transposeB ? [columns, inner] : [inner, columns];
    return {
      inputs: [floats([...batch, ...a]), floats([...thin, ...b])],
      settings: { transposeA, transposeB },
      run: (x, y) => tf.matMul(x!, y!, transposeA, transposeB),
    };
  },
  'fused.matMul': (draws) => {
    const [rows, inner, columns] = [between(draws, 1, 9), between(draws, 1, 9), between(draws, 1, 9)];
    const [transposeA, transposeB, bias] = [draws.oneIn(2), draws.oneIn(2), draws.oneIn(2)];
    const activation = draws.pick(fusedActivations);
    return {
      inputs: [
        floats(transposeA ? [inner, rows] : [rows, inner]),
        floats(transposeB ? [columns, inner] : [inner, columns]),
        floats([columns]),
        floats(draws.pick([[columns], [1, columns], [1]])),
      ],
      settings: { transposeA, transposeB, activation, bias },
      run: (a, b, offset, alpha) =>
        tf.fused.matMul({
          ...{ a: a!, b: b!, transposeA, transposeB, activation },
          ...(bias ? { bias: offset! } : {}),
          ...(activation === 'prelu' ? { preluActivationWeights: alpha! } : {}),
          ...(activation === 'leakyrelu' ? { leakyreluAlpha: 0.3 } : {}),
        }),
    };
  },
  batchNorm: (draws) => {
    const shape = drawShape(draws, between(draws, 2, 4));
    const channels = draws.oneIn(3) ? shape : [shape.at(-1)!];
    const [scaled, centred] = [draws.oneIn(2), draws.oneIn(2)];
    return {
      inputs: [floats(shape), floats(channels), floats(channels), floats(channels), floats(channels)],
      settings: { scaled, centred },
      run: (x, mean, variance, offset, scale) =>
        tf.batchNorm(
          x!,
          mean as tf.Tensor1D,
          tf.add(2.5, variance!) as tf.Tensor1D,
          centred ? (offset as tf.Tensor1D) : undefined,
          scaled ? (scale as tf.Tensor1D) : undefined,
          1e-3,
        ),
    };
  },
  localResponseNormalization: (draws) => {
    const radius = between(draws, 1, 3);
    return {
      inputs: [floats(drawShape(draws, 4, 6))],
      settings: { radius },
      run: (x) => tf.localResponseNormalization(x as tf.Tensor4D, radius, 1, 0.5, 0.75),
    };
  },
  resizeBilinear: (draws) => {
    const to: [number, number] = [between(draws, 1, 10), between(draws, 1, 10)];
    const [alignCorners, halfPixelCenters] = draws.pick([[false, false], [true, false], [false, true]] as const); // prettier-ignore
    return {
      inputs: [floats(drawShape(draws, 4, 6))],
      settings: { to, alignCorners, halfPixelCenters },
      run: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, to, alignCorners, halfPixelCenters),
    };
  },
  resizeNearestNeighbor: (draws) => {
    const to: [number, number] = [between(draws, 1, 10), between(draws, 1, 10)];
    const [alignCorners, halfPixelCenters] = draws.pick([[false, false], [true, false], [false, true]] as const); // prettier-ignore
    return {
      inputs: [floats(drawShape(draws, 4, 6))],
      settings: { to, alignCorners, halfPixelCenters },
      run: (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, to, alignCorners, halfPixelCenters),
    };
  },
  cropAndResize: (draws) => {
    const shape = drawShape(draws, 4, 6);
    const boxes = between(draws, 1, 4);
    const to: [number, number] = [between(draws, 1, 6), between(draws, 1, 6)];
    const method = draws.pick(['bilinear', 'nearest'] as const);
    return {
      // Multiples of 1/4 from -2 to 2 become corners from -1/2 to 3/2, so that some boxes leave the image.
      inputs: [floats(shape), floats([boxes, 4], true), integers([boxes], shape[0]!)],
      settings: { to, method },
      run: (x, corners, i) =>
        tf.image.cropAndResize(
          x as tf.Tensor4D,
          tf.add(0.5, tf.mul(0.5, corners!)) as tf.Tensor2D,
          i as tf.Tensor1D,
          to,
          method,
          0.5,
        ),
    };
  },
  flipLeftRight: (draws) => ({
    inputs: [floats(drawShape(draws, 4, 6))],
    settings: {},
    run: (x) => tf.image.flipLeftRight(x as tf.Tensor4D),
  }),
  rotateWithOffset: (draws) => {
    const angle = between(draws, 0, 7);
    return {
      inputs: [floats([...drawShape(draws, 3, 6), 3])],
      settings: { angle },
      run: (x) => tf.image.rotateWithOffset(x as tf.Tensor4D, angle / 3 + 0.1, 0.5, 0.5),
    };
  },
  einsum: (draws) => {
    const [i, j, k] = [between(draws, 1, 5), between(draws, 1, 5), between(draws, 1, 5)];
    return { inputs: [floats([i, j]), floats([j, k])], settings: {}, run: (a, b) => tf.einsum('ij,jk->ik', a!, b!) };
  },
  unsortedSegmentSum: (draws) => {
    const [rows, columns, segments] = [between(draws, 1, 6), between(draws, 1, 5), between(draws, 1, 4)];
    return {
      inputs: [floats([rows, columns]), integers([rows], segments)],
      settings: { segments },
      run: (x, ids) => tf.unsortedSegmentSum(x!, ids as tf.Tensor1D, segments),
    };
  },
};

import type { Draws } from '../draws.ts';
import type { LayerData, LayerKind, Shape, Step } from './step.ts';
import { between, layer } from './step.ts';

const anyRank = [1, 2, 3, 4];
const size = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

function shuffled(draws: Draws, list: readonly number[]): number[] {
  const rest = [...list];
  return list.map(() => rest.splice(draws.below(rest.length), 1)[0]!);
}

/** A shape of as many numbers, of one to four axes. */
function regrouped(draws: Draws, shape: Shape): number[] {
  const extents: number[] = [];
  let left = size(shape);
  for (let axes = between(draws, 0, 3); axes > 0; axes--) {
    const divisors = [1, 2, 3, 4, 5, 6].filter((divisor) => left % divisor === 0);
    const extent = draws.pick(divisors);
    extents.push(extent);
    left /= extent;
  }
  return [...extents, left];
}

const sides = (draws: Draws, most: number): [number, number] => [between(draws, 0, most), between(draws, 0, most)];
const format = (draws: Draws): { dataFormat?: 'channelsFirst' } =>
  draws.oneIn(4) ? { dataFormat: 'channelsFirst' } : {};

/** The tensor itself, bent, so that the two differ. */
const bent: readonly LayerData[] = [layer('activation', { activation: 'tanh' })];

/** Others beside the tensor: bent, and for images one pixel that counts for all. */
function branches(draws: Draws, shape: Shape): NonNullable<Step['branches']> {
  const pixel = [layer('globalAveragePooling2d'), layer('reshape', { targetShape: [1, 1, shape.at(-1)] })];
  const other = shape.length === 3 && draws.oneIn(3) ? pixel : bent;
  return draws.oneIn(3) ? [other, bent] : [other];
}

const merge: LayerKind = { ranks: anyRank, draw: (draws, shape) => ({ config: {}, branches: branches(draws, shape) }) };

/** Layers that move, cut, repeat or join numbers. */
export const shapeLayers: Readonly<Record<string, LayerKind>> = {
  add: merge,
  average: merge,
  maximum: merge,
  minimum: merge,
  multiply: merge,
  concatenate: {
    ranks: anyRank,
    draw: (draws, shape) => ({
      config: draws.oneIn(3) ? {} : { axis: between(draws, 1, shape.length) },
      branches: draws.oneIn(3) ? [bent, bent] : [bent],
    }),
  },
  dot: {
    ranks: [1, 2],
    draw: (draws, shape) => ({
      config: { axes: between(draws, 1, shape.length), normalize: draws.oneIn(3) },
      branches: [bent],
    }),
  },
  flatten: { ranks: [2, 3, 4], draw: (draws) => ({ config: format(draws) }) },
  permute: {
    ranks: [2, 3, 4],
    draw: (draws, shape) => ({ config: { dims: shuffled(draws, shape.map((_extent, i) => i + 1)) } }), // prettier-ignore
  },
  repeatVector: { ranks: [1], draw: (draws) => ({ config: { n: between(draws, 1, 4) } }) },
  reshape: { ranks: anyRank, draw: (draws, shape) => ({ config: { targetShape: regrouped(draws, shape) } }) },
  zeroPadding2d: {
    ranks: [3],
    draw: (draws) => ({ config: { padding: [sides(draws, 2), sides(draws, 2)], ...format(draws) } }),
  },
  cropping2D: {
    ranks: [3],
    draw: (draws, shape) => {
      const { dataFormat } = format(draws);
      const space = dataFormat === undefined ? shape.slice(0, 2) : shape.slice(1);
      const cropping = space.map((extent) => {
        const before = draws.below(Math.min(extent, 3));
        return [before, draws.below(Math.min(extent - before, 3))];
      });
      return { config: { cropping, ...(dataFormat ? { dataFormat } : {}) } };
    },
  },
  upSampling2d: {
    ranks: [3],
    draw: (draws) => ({
      config: {
        size: [between(draws, 1, 3), between(draws, 1, 3)],
        interpolation: draws.pick(['nearest', 'bilinear']),
        ...format(draws),
      },
    }),
  },
  centerCrop: {
    ranks: [3],
    draw: (draws, [height, width]) => ({
      config: { height: between(draws, 1, height!), width: between(draws, 1, width!) },
    }),
  },
  resizing: {
    ranks: [3],
    alone: true,
    draw: (draws) => ({
      config: {
        height: between(draws, 1, 12),
        width: between(draws, 1, 12),
        interpolation: draws.pick(['nearest', 'bilinear']),
        cropToAspectRatio: draws.oneIn(2),
      },
    }),
  },
  // A range of one number, so that the width is not random.
  randomWidth: {
    ranks: [3],
    alone: true,
    draw: (draws) => {
      const factor = draws.pick([-0.5, -0.25, 0.3, 0.6]);
      return { config: { factor: [factor, factor], interpolation: draws.pick(['nearest', 'bilinear']) } };
    },
  },
};

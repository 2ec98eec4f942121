import type { Draws } from '../draws.ts';
import { drawActivation } from './activation-layers.ts';
import type { LayerKind, Shape } from './step.ts';
import { between } from './step.ts';
import { drawWindows, windowConfig } from './windows.ts';

const outputs = (draws: Draws): { filters: number } => ({ filters: between(draws, 1, 6) });
const ends = (draws: Draws): object => ({ useBias: !draws.oneIn(4), activation: drawActivation(draws) });

/** Convolutions: settings of the window, and what `more` adds. */
const convolution = (
  rank: number,
  more: (draws: Draws) => object,
  options: { dilated?: boolean; channelsFirst?: false } = {},
): LayerKind => ({
  ranks: [rank],
  draw: (draws, shape) => ({
    config: {
      ...windowConfig(drawWindows(draws, shape, options), 'kernelSize'),
      ...more(draws),
      ...ends(draws),
    },
  }),
});

const pooling = (rank: number): LayerKind => ({
  ranks: [rank],
  draw: (draws, shape) => ({
    config: windowConfig(
      drawWindows(draws, shape, { dilated: false, ...(rank === 2 ? { channelsFirst: false } : {}) }),
      'poolSize',
    ),
  }),
});

const global = (rank: number): LayerKind => ({
  ranks: [rank],
  draw: (draws) => ({ config: rank === 3 && draws.oneIn(3) ? { dataFormat: 'channelsFirst' } : {} }),
});

/** A volume of two or three frames, so that the recurrence is seen. */
const convolutionalCell = (draws: Draws, shape: Shape): Record<string, unknown> => {
  const { size, strides, padding } = drawWindows(draws, shape.slice(1), { dilated: false, channelsFirst: false });
  return { filters: between(draws, 1, 3), kernelSize: size, strides, padding, useBias: !draws.oneIn(3) };
};

/** Layers that slide a window over the input. */
export const windowLayers: Readonly<Record<string, LayerKind>> = {
  conv1d: convolution(2, outputs, { channelsFirst: false }),
  conv2d: convolution(3, outputs),
  conv3d: convolution(4, outputs),
  conv2dTranspose: convolution(3, outputs, { dilated: false }),
  conv3dTranspose: convolution(4, outputs, { dilated: false }),
  separableConv2d: convolution(3, (draws) => ({ ...outputs(draws), depthMultiplier: between(draws, 1, 2) }), {
    channelsFirst: false,
  }),
  depthwiseConv2d: convolution(3, (draws) => ({ depthMultiplier: between(draws, 1, 3) })),
  averagePooling1d: pooling(2),
  averagePooling2d: pooling(3),
  averagePooling3d: pooling(4),
  maxPooling1d: pooling(2),
  maxPooling2d: pooling(3),
  maxPooling3d: pooling(4),
  globalAveragePooling1d: global(2),
  globalAveragePooling2d: global(3),
  globalMaxPooling1d: global(2),
  globalMaxPooling2d: global(3),
  convLstm2d: {
    ranks: [4],
    draw: (draws, shape) => ({
      config: { ...convolutionalCell(draws, shape), returnSequences: draws.oneIn(2), goBackwards: draws.oneIn(4) },
    }),
  },
};

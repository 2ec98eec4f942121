import type { Draws } from '../draws.ts';
import type { Shape } from './step.ts';
import { between } from './step.ts';

/** Where a layer looks: extents, steps and gaps for each axis. */
export interface Windows {
  readonly size: number[];
  readonly strides: number[];
  readonly dilation: number[];
  readonly padding: 'same' | 'valid';
  readonly channelsFirst: boolean;
}

/** Windows over the axes of `shape` that are not channels; strides and dilations exclude each other, as TensorFlow.js demands. */
export function drawWindows(
  draws: Draws,
  shape: Shape,
  { dilated = true, channelsFirst = draws.oneIn(4) }: { dilated?: boolean; channelsFirst?: boolean } = {},
): Windows {
  const space = channelsFirst ? shape.slice(1) : shape.slice(0, -1);
  const size = space.map(() => between(draws, 1, 4));
  const gaps = dilated && draws.oneIn(3);
  const square = draws.oneIn(4);
  const rates = space.map(() => between(draws, 1, 3)).map((rate, _i, all) => (square ? all[0]! : rate));
  const ones = space.map(() => 1);
  const [strides, dilation] = gaps ? [ones, rates] : [rates, ones];
  const fits = space.every((extent, i) => (size[i]! - 1) * dilation[i]! + 1 <= extent);
  return { size, strides, dilation, padding: fits && draws.oneIn(2) ? 'valid' : 'same', channelsFirst };
}

/** The settings of a layer that slides a window, under the names that `tf.layers` gives them. */
export function windowConfig(windows: Windows, sizeName: 'kernelSize' | 'poolSize'): Record<string, unknown> {
  const dilated = windows.dilation.some((rate) => rate > 1);
  return {
    [sizeName]: windows.size,
    strides: windows.strides,
    padding: windows.padding,
    ...(dilated ? { dilationRate: windows.dilation } : {}),
    ...(windows.channelsFirst ? { dataFormat: 'channelsFirst' } : {}),
  };
}

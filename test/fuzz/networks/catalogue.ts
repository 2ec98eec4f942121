import { activationLayers } from './activation-layers.ts';
import { sequenceLayers } from './sequence-layers.ts';
import { shapeLayers } from './shape-layers.ts';
import type { LayerKind } from './step.ts';
import { windowLayers } from './window-layers.ts';

/** Every layer type of `tf.layers`, by the name of its function. */
export const catalogue: Readonly<Record<string, LayerKind>> = {
  ...windowLayers,
  ...activationLayers,
  ...sequenceLayers,
  ...shapeLayers,
};

/** Other names of the same functions. */
export const aliases: Readonly<Record<string, string>> = {
  avgPool1d: 'averagePooling1d',
  avgPool2d: 'averagePooling2d',
  avgPool3d: 'averagePooling3d',
  avgPooling1d: 'averagePooling1d',
  avgPooling2d: 'averagePooling2d',
  avgPooling3d: 'averagePooling3d',
  globalMaxPool1d: 'globalMaxPooling1d',
  globalMaxPool2d: 'globalMaxPooling2d',
  maxPool1d: 'maxPooling1d',
  maxPool2d: 'maxPooling2d',
};

/** Exports of `tf.layers` that are no layer type, or that others run. */
export const others: Readonly<Record<string, string>> = {
  Layer: 'base class',
  RNN: 'base class',
  RNNCell: 'base class',
  input: 'every network begins with it',
  inputLayer: 'what `input` makes',
  convLstm2dCell: 'what `convLstm2d` runs: it makes its own',
};

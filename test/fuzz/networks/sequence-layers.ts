import type { Draws } from '../draws.ts';
import { drawActivation } from './activation-layers.ts';
import type { LayerData, LayerKind } from './step.ts';
import { between, layer } from './step.ts';

/** Recurrences saturate: an activation without a bound would grow from step to step. */
const bounded = ['tanh', 'sigmoid', 'hardSigmoid', 'softsign'] as const;

const cellTypes = ['simpleRNNCell', 'gruCell', 'lstmCell'] as const;
/** Recurrences that know masks. */
export const recurrent = ['simpleRNN', 'gru', 'lstm'] as const;

function cellConfig(draws: Draws, type: string): Record<string, unknown> {
  const gated = !type.startsWith('simpleRNN');
  return {
    units: between(draws, 1, 5),
    useBias: !draws.oneIn(4),
    recurrentInitializer: 'zeros', // replaced as all weights are; the usual one takes long
    activation: draws.pick(bounded),
    ...(gated ? { recurrentActivation: draws.pick(['sigmoid', 'hardSigmoid']) } : {}),
  };
}

const directionConfig = (draws: Draws): Record<string, unknown> => ({
  returnSequences: draws.oneIn(2),
  goBackwards: draws.oneIn(3),
});

const cell = (draws: Draws, type: string): LayerData => layer(type, cellConfig(draws, type));

const recurrentLayer = (type: (typeof recurrent)[number]): LayerKind => ({
  ranks: [2],
  draw: (draws) => ({ config: { ...cellConfig(draws, type), ...directionConfig(draws) } }),
});

const ofCell = (type: (typeof cellTypes)[number]): LayerKind => ({
  ranks: [2],
  draw: (draws) => ({ config: { cell: cell(draws, type), ...directionConfig(draws) } }),
});

/** Inner layers of `timeDistributed` for what one step of time is. */
function innerLayer(draws: Draws, rank: number): LayerData {
  if (rank < 3) return layer('dense', { units: between(draws, 1, 5), activation: drawActivation(draws) });
  if (draws.oneIn(2)) return layer('maxPooling2d', { poolSize: 2, strides: between(draws, 1, 2), padding: 'same' });
  return layer('conv2d', { filters: between(draws, 1, 4), kernelSize: between(draws, 1, 3), padding: 'same' });
}

/** Layers with an axis of time, and those that read indices. A cell runs inside `rnn`. */
export const sequenceLayers: Readonly<Record<string, LayerKind>> = {
  simpleRNN: recurrentLayer('simpleRNN'),
  gru: recurrentLayer('gru'),
  lstm: recurrentLayer('lstm'),
  simpleRNNCell: ofCell('simpleRNNCell'),
  gruCell: ofCell('gruCell'),
  lstmCell: ofCell('lstmCell'),
  stackedRNNCells: {
    ranks: [2],
    draw: (draws) => {
      const cells = [cell(draws, draws.pick(cellTypes)), cell(draws, draws.pick(cellTypes))];
      return { config: { cell: layer('stackedRNNCells', { cells }), ...directionConfig(draws) } };
    },
  },
  rnn: {
    ranks: [2],
    draw: (draws) => ({
      config: { cell: [cell(draws, 'gruCell'), cell(draws, 'lstmCell')], ...directionConfig(draws) },
    }),
  },
  bidirectional: {
    ranks: [2],
    draw: (draws) => {
      const type = draws.pick(recurrent);
      const inner = layer(type, { ...cellConfig(draws, type), returnSequences: draws.oneIn(2) });
      return { config: { layer: inner, mergeMode: draws.pick(['sum', 'mul', 'concat', 'ave']) } };
    },
  },
  timeDistributed: {
    ranks: [2, 4],
    draw: (draws, shape) => ({ config: { layer: innerLayer(draws, shape.length - 1) } }),
  },
  masking: { ranks: [2], first: true, masks: () => true, draw: () => ({ config: { maskValue: 0 } }) },
  embedding: {
    ranks: [1, 2],
    first: true,
    below: 7,
    masks: ({ maskZero }) => maskZero === true,
    draw: (draws, shape) => ({
      config: { inputDim: 7, outputDim: between(draws, 1, 6), maskZero: shape.length === 1 && draws.oneIn(3) },
    }),
  },
  categoryEncoding: {
    ranks: [1],
    alone: true,
    below: 5,
    draw: (draws, [extent]) => {
      const outputMode = extent === 1 ? 'oneHot' : draws.pick(['multiHot', 'count']);
      return { config: { numTokens: 5, outputMode } };
    },
  },
};

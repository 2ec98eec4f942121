import type { Draws } from '../draws.ts';

/** A shape without the batch. */
export type Shape = readonly number[];

/** A layer of `tf.layers` as data; a wrapper's inner layer or cell is a layer in its settings. */
export interface LayerData {
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** One step of a network: a layer, and for a layer of several inputs how the others come from the same tensor. */
export interface Step extends LayerData {
  readonly branches?: readonly (readonly LayerData[])[];
}

/** How a layer type is drawn. */
export interface LayerKind {
  /** Ranks of its input without the batch. */
  readonly ranks: readonly number[];
  readonly draw: (draws: Draws, shape: Shape) => Omit<Step, 'type'>;
  /** It jumps or counts, so it comes first, where its input is the same to the last bit on every backend. */
  readonly first?: boolean;
  /** TensorFlow.js predicts its shape wrongly or hands it a list, so it runs by itself and not in a model. */
  readonly alone?: boolean;
  /** Whether rows are masked with these settings: then a recurrence follows, and nothing else. */
  readonly masks?: (config: LayerData['config']) => boolean;
  /** Its input is made of integers from 0 to `below - 1`. */
  readonly below?: number;
}

/** An integer from `least` to `most`. */
export const between = (draws: Draws, least: number, most: number): number => least + draws.below(most - least + 1);

/** A layer with fixed settings. */
export const layer = (type: string, config: LayerData['config'] = {}): LayerData => ({ type, config });

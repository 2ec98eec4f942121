import type * as tf from '@tensorflow/tfjs';
import type { Block, GraphWriter, Layouts, Value } from './graph-writer.ts';

/** A layer to be written. @internal */
export interface LayerToWrite {
  readonly config: tf.serialization.ConfigDict;
  /** Not all layers have it in their settings. */
  readonly isChannelsFirst: boolean;
  readonly weights: readonly Block[];
  /** The first of `inputs`. */
  readonly x: Value;
  readonly inputs: readonly Value[];
  readonly graph: GraphWriter;
  /** Throws the error for a setting that has no translation. */
  readonly refuse: (setting: string) => never;
}

/** Writes a layer, in inference mode. @internal */
export type LayerWriter = (layer: LayerToWrite) => Layouts;

/** A setting that is one number for all axes, or one for each. @internal */
export function numbers(setting: unknown, count: number): readonly number[] {
  return Array.isArray(setting) ? (setting as number[]) : new Array<number>(count).fill(setting as number);
}

import type { Classifier } from './types.ts';

/** What a model that the library made says of its rows, where they are not logits. @internal */
export interface OutputNote {
  /** Numbers in a row. */
  readonly size: number;
  /**
   * Share of the numbers that may differ when rows are asked again in another batch: above 0 for outputs that jump where a score crosses a threshold.
   */
  readonly mostOthers: number;
}

const NOTE: unique symbol = Symbol('what the rows of this model are');

/** A model that says what its rows are: the same object, with a note that nobody sees. @internal */
export function withOutputNote<C extends Classifier & object>(model: C, note: OutputNote): C {
  return Object.defineProperty(model, NOTE, { value: note });
}

/** What a model says of its rows, where the library made it. @internal */
export function outputNoteOf(model: unknown): OutputNote | undefined {
  const isObject = typeof model === 'function' || (typeof model === 'object' && model !== null);
  return isObject ? (model as { readonly [NOTE]?: OutputNote })[NOTE] : undefined;
}

import type { Classifier } from '../classifier/types.ts';
import type { InputRange } from '../types.ts';
import type { ModelSteps } from './adapt-model.ts';
import { inputScale } from './model-layers.ts';

/** What is known of the inputs of a run. @internal */
export interface KnownInputs extends Pick<ModelSteps, 'mean' | 'std'> {
  readonly path: string;
  readonly model: Classifier;
  readonly inputRange: InputRange | undefined;
  readonly sigma: number | undefined;
  readonly fromBytes: boolean;
}

/** The share of the input range below which a sigma is said to be small. */
const SMALL_SIGMA = 1 / 500;
/** A model that multiplies by less wants inputs of many levels, as bytes have them. */
const SCALE_OF_BYTES = 0.02;
const shown = (value: number): string => String(Number(value.toPrecision(6)));

/** What is likely wrong with the scale of the inputs, a line each, with the way out. @internal */
export async function scaleNotes(known: KnownInputs): Promise<string[]> {
  const { path, model, inputRange: [low, high] = [0, 1], sigma, fromBytes } = known;
  const width = high - low;
  const notes: string[] = [];
  if (sigma !== undefined && sigma > 0 && width < Infinity && sigma < SMALL_SIGMA * width) {
    notes.push(
      `--sigma ${sigma} is below 1/500 of the input range ${low} to ${high}: sigma and radius are in its units (0.25 of a range of 0 to 1 is ${shown(0.25 * width)} here)`,
    );
  }
  const found = await inputScale(model);
  const [meanOf, stdOf] = [Math.min(...(known.mean ?? [0])), Math.min(...(known.std ?? [1]))];
  if (found && Math.abs(found.scale) < SCALE_OF_BYTES && (high - meanOf) / stdOf <= 2) {
    const top = shown((1 - found.offset) / found.scale);
    const scaled = `--std ${shown(width / ((1 - found.offset) / found.scale))} brings them there and keeps sigma in units of ${low} to ${high}`;
    const declared = `--input-range 0,${top} with sigma in these units`;
    const way = fromBytes && known.mean === undefined && known.std === undefined ? `${declared}, or ${scaled}` : scaled;
    notes.push(
      `${path} begins with ${found.name}, so it wants values up to ${top}, but gets images of ${low} to ${high}: ${way}`,
    );
  }
  return notes;
}

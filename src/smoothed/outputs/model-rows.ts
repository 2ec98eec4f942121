import { adaptModel, isTypedClassifier, refusing } from '../../classifier/adapt-classifier.ts';
import type { Classifier } from '../../classifier/types.ts';
import type { Noise, RadiusRequest } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import type { FieldsOf } from '../../options/parse.ts';
import type { InputRange, Key } from '../../types.ts';
import { type GrantedSettings, noiseAssumptions, noiseRecord } from '../certificates.ts';
import type { RowSource } from '../read-rows.ts';
import type { OutputRecord, OutputTask } from './types.ts';

/** What every smoothed model is told of its base model. */
export interface SmoothedModelOptions {
  /** The smoothing noise. */
  readonly noise: Noise;
  /**
   * Smallest and largest value of an input coordinate; other inputs are refused. `[-Infinity, Infinity]` admits all. Sigma and the radius are in its units.
   * @defaultValue [0, 1]
   */
  readonly inputRange?: InputRange | undefined;
  /**
   * Noisy copies per forward pass: speed and memory only, never a result.
   * @defaultValue at most 256, as many as the memory holds
   */
  readonly batchSize?: number | undefined;
  /**
   * Whether layers models are asked in their inference form, which folds batch normalisation into the weights before it (see `SmoothedClassifier`).
   * @defaultValue true
   */
  readonly inferenceForm?: boolean | undefined;
}

/** The checks of {@link SmoothedModelOptions}. @internal */
export const smoothedModelFields: FieldsOf<SmoothedModelOptions, 'inputRange' | 'inferenceForm'> = {
  noise: fields.noise<Noise>(),
  inputRange: fields.withDefault(fields.range, [0, 1]),
  batchSize: fields.optional(fields.positiveInteger),
  inferenceForm: fields.withDefault(fields.boolean, true),
};

/** A model as a function to rows, whatever they are; of several outputs it refuses to choose. @internal */
export function modelRows(call: string, model: Classifier): Pick<RowSource, 'run' | 'typed'> {
  if (isTypedClassifier(model)) return { run: refusing(call, model), typed: model };
  return { run: adaptModel(call, model, { field: 'model', result: 'outputs' }) };
}

/** What every certificate of an output says of its run. @internal */
export function outputRecord<T extends OutputTask>(
  task: T,
  noise: Noise,
  {
    key,
    alpha,
    norm,
    dimension,
    ...granted
  }: GrantedSettings & RadiusRequest & { readonly key: Key | null; readonly alpha: number },
): OutputRecord & { readonly task: T } {
  const assumptions = noiseAssumptions(noise, granted);
  return { task, noise: noiseRecord(noise), domain: noise.domain, assumptions, norm, dimension, key, alpha };
}

import * as tf from '@tensorflow/tfjs';
import { withOrigin } from '../classifier/origin.ts';
import { differsAlone } from '../classifier/row-passes.ts';
import type { GraphModelLike, ModelTensor } from '../classifier/types.ts';
import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { currentEngine } from '../tensors/engine.ts';
import { copyOf, tensorOver } from '../tensors/own-tensor.ts';
import { type DetectorHeadOptions, headFields, type HeadOutput, type HeadOutputs, readHead } from './detector-heads.ts';
import { type DetectorOutputNames, formatOf, headNames, nameFields } from './head-names.ts';
import { partsOf } from './row-parts.ts';
import type { FoundBoxes, TypedDetector } from './types.ts';

/** What {@link graphDetector} needs of a `tf.GraphModel`. */
export interface DetectorGraphLike extends GraphModelLike {
  /** Runs a graph with loops or outputs of varying size. */
  executeAsync?(inputs: tf.Tensor, outputs?: string | string[]): Promise<unknown>;
  /** The inputs. */
  readonly inputs?: readonly (ModelTensor & {
    /** Type of its numbers. */
    readonly dtype?: string | undefined;
  })[];
  /** The outputs by name. */
  readonly outputs?:
    | readonly (ModelTensor & {
        /** Its name. */
        readonly name?: string | undefined;
      })[]
    | undefined;
}

/** Options of {@link graphDetector}. */
export interface GraphDetectorOptions extends DetectorOutputNames, DetectorHeadOptions {
  /**
   * What the values of an input are multiplied by: 255 for a model of bytes and images in [0, 1].
   * @defaultValue 1
   */
  readonly scale?: number | undefined;
  /**
   * Images that the model takes in every run: batches of this size are asked, the last one filled up.
   * @defaultValue what the model declares, else any number
   */
  readonly fixedBatch?: number | undefined;
}

const graphDetectorOptions = optionsOf<GraphDetectorOptions>()({
  ...nameFields,
  ...headFields,
  scale: fields.withDefault(fields.positiveFloat32, 1),
  fixedBatch: fields.optional(fields.positiveInteger),
});

const CALL = 'graphDetector';

/**
 * A `tf.GraphModel` with the outputs of a detector, for `boxSlots`.
 *
 * A graph that takes int32 is given bytes: values are rounded to the nearest one and clipped to [0, 255], so `inputRange` of the smoothed model must be
 * [0, 255 / scale]. Graphs with loops or with outputs of varying size run too.
 *
 * @param model - the host's, never disposed here
 * @throws OptionError if the model is none, an option is unknown or wrong, or an output must be named
 * @throws ClassifierError (from certification) for outputs of other sizes
 * @example
 * ```ts
 * const model = await tf.loadGraphModel(url); // coco-ssd without its own suppression
 * const detector = graphDetector(model, {
 *   boxes: 'Postprocessor/ExpandDims_1',
 *   scores: 'Postprocessor/Slice',
 *   format: 'yxyx',
 *   units: 'normalized',
 *   scale: 255,
 * });
 * const rows = boxSlots(detector, { slots: 10, threshold: 0.5, overlap: 0.5 });
 * ```
 */
export function graphDetector(model: DetectorGraphLike, options: GraphDetectorOptions = {}): TypedDetector {
  const parsed = graphDetectorOptions.parse(CALL, options);
  if (!fields.hasMethods(model, ['execute', 'predict'])) {
    throw refusal(OptionError, { call: CALL, field: 'model', value: model }, 'must be a tf.GraphModel');
  }
  const known = outputsOf(model);
  const names = headNames(CALL, [...known.keys()], parsed, parsed);
  const kinds = (['boxes', 'scores', 'labels', 'counts'] as const).filter((kind) => names[kind] !== undefined);
  const tensors = kinds.map((kind) => known.get(names[kind] ?? '') ?? '');
  const [input] = model.inputs ?? [];
  const [declared, ...shape] = input?.shape ?? [];
  const fixed = parsed.fixedBatch ?? (typeof declared === 'number' && declared > 0 ? declared : undefined);
  const isBytes = input?.dtype === 'int32';
  const run = graphRunner(model, tensors);

  const detectRows = async (values: Float32Array, sizes: readonly number[]): Promise<FoundBoxes[]> => {
    const [rows = 0] = sizes;
    const outputs = await run(sizes, () => {
      const x = tf.mul(tensorOver(values, sizes, 'float32'), parsed.scale);
      const bytes = isBytes ? tf.cast(tf.round(tf.clipByValue(x, 0, 255)), 'int32') : x;
      return rows === 1 && fixed === undefined && differsAlone() ? tf.concat([bytes, bytes]) : bytes;
    });
    const found = Object.fromEntries(kinds.map((kind, i) => [kind, outputs[i]])) as unknown as HeadOutputs;
    const asked = rows === 1 && fixed === undefined && differsAlone() ? 2 : rows;
    return readHead(CALL, found, parsed, asked).slice(0, rows);
  };

  const detector: TypedDetector = {
    detect: async (inputs, { batch, shape: sizes }) => {
      const found: FoundBoxes[] = [];
      for (const { values, count } of partsOf(inputs, batch, fixed ?? batch)) {
        found.push(...(await detectRows(values, [fixed ?? batch, ...sizes])).slice(0, count));
      }
      return found;
    },
    ...formatOf(parsed, { boxes: names.boxes, isOnly: kinds.length === 1 }),
    numLabels: parsed.numLabels,
    inputShape: shape.length === 0 ? undefined : shape.map((size) => (size === null || size < 0 ? null : size)),
    inputRange: isBytes ? [0, 255 / parsed.scale] : undefined,
    get engine() {
      return currentEngine();
    },
  };
  return withOrigin(detector, { parts: [model] });
}

/** Names of all outputs, with the tensors that have them: a signature has names of its own. */
function outputsOf({ outputs = [], modelSignature }: DetectorGraphLike): Map<string, string> {
  const signature = (modelSignature as { readonly outputs?: Readonly<Record<string, { readonly name?: string }>> })
    ?.outputs;
  const known = new Map(outputs.flatMap(({ name }) => (name === undefined ? [] : [[name, name]])));
  for (const [name, { name: tensor }] of Object.entries(signature ?? {})) known.set(name, tensor ?? name);
  return known;
}

type Runner = (sizes: readonly number[], input: () => tf.Tensor) => Promise<HeadOutput[]>;

/** Runs a graph to named tensors, at once where it can. */
function graphRunner(model: DetectorGraphLike, tensors: string[]): Runner {
  let isLater = false;
  const now = (input: () => tf.Tensor): tf.Tensor[] | undefined => {
    try {
      return tf.tidy(() => ([model.execute(input(), tensors)].flat() as tf.Tensor[]).map(copyOf));
    } catch (error) {
      if (model.executeAsync === undefined || !String(error).includes('executeAsync')) throw error;
      isLater = true;
      return undefined;
    }
  };
  const later = async (input: () => tf.Tensor): Promise<tf.Tensor[]> => {
    const x = tf.tidy(input);
    try {
      return [await model.executeAsync?.(x, tensors)].flat() as tf.Tensor[];
    } finally {
      x.dispose();
    }
  };
  return async (sizes, input) => {
    const pass = { call: CALL, shape: sizes };
    const first = isLater ? undefined : onBackend(pass, () => now(input));
    const outputs = first ?? (await readBack(pass, () => later(input)));
    try {
      return await readBack(pass, () =>
        Promise.all(outputs.map(async (one) => ({ dims: one.shape, values: Float32Array.from(await one.data()) }))),
      );
    } finally {
      tf.dispose(outputs.filter(({ kept }) => !kept)); // an output may be a weight
    }
  };
}

import type * as tf from '@tensorflow/tfjs';
import { DataError, type ErrorDetails, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { stateDictOf } from './state-dict.ts';
import {
  type TorchPlace,
  torchPlaces,
  type TorchStateDicts,
  type TorchTensor,
  type TorchTensors,
} from './torch-weights.ts';

/** Options of {@link loadTorchWeights}. */
export interface LoadTorchWeightsOptions {
  /**
   * What stands before the names of the model's tensors, for example `'module.'` or `'1.'`.
   * @defaultValue found: the one under which most of the model's tensors are
   */
  readonly prefix?: string | undefined;
  /**
   * Whether a tensor that the model has no place for is an error; if not, it is ignored.
   * @defaultValue true
   */
  readonly strict?: boolean | undefined;
  /**
   * Which state dict of a checkpoint, by the keys that lead to it, joined by dots: `'ema.state_dict'`.
   * @defaultValue found: the only one under `state_dict`, `model_state_dict`, `model` or `net`, or the only one
   */
  readonly stateDict?: string | undefined;
}

const loadTorchWeightsOptions = optionsOf<LoadTorchWeightsOptions>()({
  prefix: fields.optional(fields.text),
  strict: fields.withDefault(fields.boolean, true),
  stateDict: fields.optional(fields.text),
});

const CALL = 'loadTorchWeights';

/**
 * Sets the weights of a model from the state dict of the same network in PyTorch.
 *
 * A tensor is found by its name: layer `layer1/0/conv1` takes `layer1.0.conv1.weight` (and `.bias`); batch normalisation takes `weight`,
 * `bias`, `running_mean` and `running_var`. Whatever stands before the names is skipped, such as the `1.` of a network behind a
 * normalisation layer or the `module.` of `DataParallel`; `num_batches_tracked` is ignored. Kernels are turned from [out, in, height, width]
 * to [height, width, in, out] and from [out, in] to [in, out], and the inputs of a dense layer behind a flattened image from
 * channel-height-width to height-width-channel order. Works for {@link lenet}, {@link cifarResnet} and every model of `tf.layers` that
 * consists of convolutions, dense layers and batch normalisation and has PyTorch's names.
 *
 * All tensors are checked before the first weight changes, so a model is unchanged when this fails. The weights stay the same
 * variables; nothing is kept of `tensors`. Normalisation is no part of a state dict: give `mean` and `std` to the model.
 *
 * @param model - the network; its weights are overwritten.
 * @param tensors - the state dict as `decodeSafetensors` or `decodeNpz` of `catrs/data` give it, or the checkpoint of `decodeTorchCheckpoint`,
 * in which the state dict is found.
 * @param options - see {@link LoadTorchWeightsOptions}.
 * @throws DataError if a tensor is missing, superfluous, of another shape or length, or not finite, or the checkpoint has no state dict.
 * @throws OptionError if an option is unknown or wrong, the checkpoint has several state dicts, or the model has a weight of another kind.
 * @example
 * ```ts
 * const model = lenet({ key });
 * const stateDict = await torchWeights(lenet({ key: createKey(1) }));
 * loadTorchWeights(model, stateDict);
 * ```
 */
export function loadTorchWeights(
  model: tf.LayersModel,
  tensors: TorchTensors | TorchStateDicts,
  options: LoadTorchWeightsOptions = {},
): void {
  const { prefix, strict, stateDict } = loadTorchWeightsOptions.parse(CALL, options);
  const places = torchPlaces(CALL, model);
  const given = stateDictOf(CALL, tensors, stateDict);
  const before = prefix ?? likelyPrefix(places, [...given.keys()]);
  const found = places.map(({ name }) => [before + name, given.get(before + name)] as const);
  // A wrong network lacks tensors and has others: say first what is missing.
  for (const [name, tensor] of found) if (tensor === undefined) throw missing(name, given);
  if (strict) refuseOthers(new Set(found.map(([name]) => name)), given);
  const values = found.map(([name, tensor], i) => checkedValues(name, tensor!, places[i]!));
  places.forEach(({ weight, layout }, i) => {
    const inOrder = Float32Array.from(layout.sources, (source) => Number(values[i]![source]));
    const value = tensorOver(inOrder, weight.shape as number[], 'float32');
    weight.write(value);
    value.dispose();
  });
}

/** The beginning of names under which most tensors of the model are; the shortest of several. */
function likelyPrefix(places: readonly TorchPlace[], names: readonly string[]): string {
  const last = places.at(-1)?.name ?? '';
  const given = new Set(names);
  const candidates = names
    .filter((name) => name.endsWith(`.${last}`) || name === last)
    .map((name) => name.slice(0, name.length - last.length));
  const hits = (prefix: string): number => places.filter(({ name }) => given.has(prefix + name)).length;
  const ranked = candidates.map((prefix) => ({ prefix, found: hits(prefix) }));
  ranked.sort((a, b) => b.found - a.found || a.prefix.length - b.prefix.length);
  return ranked[0]?.prefix ?? '';
}

function refuseOthers(known: ReadonlySet<string>, given: ReadonlyMap<string, TorchTensor>): void {
  for (const name of given.keys()) {
    if (known.has(name) || name === 'num_batches_tracked' || name.endsWith('.num_batches_tracked')) continue;
    const way = '`strict: false` ignores such tensors';
    throw refusal(DataError, { ...at(name, given.get(name)), got: 'none', way }, 'must have a place in the model');
  }
}

function checkedValues(name: string, tensor: TorchTensor, { layout }: TorchPlace): TorchTensor['data'] {
  const { shape, data } = tensor;
  const sameShape = shape.length === layout.shape.length && shape.every((length, i) => length === layout.shape[i]);
  if (!sameShape) {
    const details = { ...at(name, shape), got: `[${shape.join(', ')}]` };
    throw refusal(DataError, details, `must have the shape [${layout.shape.join(', ')}]`);
  }
  if (data.length !== layout.sources.length) {
    const details = { ...at(name, data), got: String(data.length) };
    throw refusal(DataError, details, `must have ${layout.sources.length} values`);
  }
  const wrong = Array.prototype.findIndex.call(data, (value) => !Number.isFinite(Math.fround(Number(value))));
  if (wrong >= 0) {
    const details = { ...at(name, data[wrong]), got: `${showValue(data[wrong])} at ${wrong}` };
    throw refusal(DataError, details, 'must have finite float32 values');
  }
  return data;
}

function missing(name: string, given: ReadonlyMap<string, TorchTensor>): DataError {
  const some = [...given.keys()].slice(0, 3).map(showValue).join(', ');
  const got = given.size === 0 ? 'no tensors' : `${given.size} others (${some}${given.size > 3 ? ', ...' : ''})`;
  return refusal(DataError, { ...at(name, undefined), got }, 'must be among the tensors');
}

function at(field: string, value: unknown): ErrorDetails {
  return { call: CALL, field, value };
}

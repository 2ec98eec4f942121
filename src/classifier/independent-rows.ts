import { OptionError, refusal, showValue } from '../errors.ts';
import { isLayersModel } from './adapt-classifier.ts';
import { originOf } from './origin.ts';

/** What is read of a layer of `tf.layers`. */
interface LayerLike {
  readonly name: string;
  readonly stateful?: boolean;
  /** Those of a model. */
  readonly layers?: readonly LayerLike[];
  /** What wrappers and recurrent layers apply. */
  readonly layer?: LayerLike;
  readonly forwardLayer?: LayerLike;
  readonly backwardLayer?: LayerLike;
  readonly cell?: LayerLike;
  readonly cells?: readonly LayerLike[];
  getClassName(): string;
  getConfig(): Readonly<Record<string, unknown>>;
}

/** Layers whose training mode draws at random or looks at the whole batch. */
const dependent: ReadonlySet<string> = new Set([
  ...['BatchNormalization', 'CatrsTorchBatchNormalization'],
  ...['Dropout', 'SpatialDropout1D', 'AlphaDropout', 'GaussianDropout', 'GaussianNoise', 'RandomWidth'],
]);

/** Layers that do the same to each row in both modes, whatever is beside it; some only by their settings. */
const independent: ReadonlySet<string> = new Set([
  ...['InputLayer', 'Dense', 'Activation', 'Flatten', 'Reshape', 'Permute', 'RepeatVector', 'Masking', 'Embedding'],
  ...['Conv1D', 'Conv2D', 'Conv3D', 'Conv2DTranspose', 'Conv3DTranspose', 'SeparableConv2D', 'DepthwiseConv2D'],
  ...['Cropping2D', 'UpSampling2D', 'ZeroPadding2D', 'Rescaling', 'Resizing', 'CenterCrop', 'CatrsNormalize'],
  ...['MaxPooling1D', 'MaxPooling2D', 'MaxPooling3D', 'AveragePooling1D', 'AveragePooling2D', 'AveragePooling3D'],
  ...['GlobalAveragePooling1D', 'GlobalAveragePooling2D', 'GlobalMaxPooling1D', 'GlobalMaxPooling2D'],
  ...['ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax', 'LayerNormalization'],
  ...['Add', 'Average', 'Concatenate', 'Dot', 'Maximum', 'Minimum', 'Multiply'],
  ...['SimpleRNN', 'GRU', 'LSTM', 'RNN', 'ConvLSTM2D', 'TimeDistributed', 'Bidirectional'],
  ...['SimpleRNNCell', 'GRUCell', 'LSTMCell', 'StackedRNNCells', 'ConvLSTM2DCell'],
  ...['Model', 'Functional', 'Sequential'],
]);

/** Activations of `tf.layers`: an object of one's own can do anything. */
const activations: ReadonlySet<unknown> = new Set([
  ...['linear', 'relu', 'relu6', 'elu', 'selu', 'gelu', 'gelu_new', 'swish', 'mish', 'sigmoid', 'hardSigmoid'],
  ...['tanh', 'softplus', 'softsign', 'softmax', 'logSoftmax', undefined, null],
]);

/**
 * Whether the rows of a classifier are independent in training mode too: each row of logits follows from its input alone, by the same function
 * as in inference mode. So part of a batch can be left out and the rest comes out the same.
 *
 * Known of a layers model by its layers, and of what the library makes of such models; of anything else only where the host says so.
 *
 * @param told - what the host says
 * @throws OptionError where the host says so of a model with a layer of which the contrary is known
 * @internal
 */
export function hasIndependentRows(call: string, classifier: unknown, told: boolean | undefined): boolean {
  if (told === false) return false;
  const parts = partsOf(classifier);
  if (told === undefined) return parts.every((part) => isLayersModel(part) && isIndependent(part as never));
  const layers = parts.filter(isLayersModel).flatMap((part) => layersIn(part as never));
  const layer = layers.filter(isLayer).find(isDependent);
  if (layer === undefined) return true;
  const got = `layer ${showValue(layer.name)} (${layer.getClassName()})`;
  const details = { call, field: 'independentRows', value: true, got, way: 'leave the option out' };
  throw refusal(
    OptionError,
    details,
    'must be false for a model whose training mode draws at random or looks at the batch',
  );
}

/** A classifier, or what a function of the library is made of. */
function partsOf(classifier: unknown): unknown[] {
  return originOf(classifier)?.parts.flatMap(partsOf) ?? [classifier];
}

/** A layer with all that is inside it. */
function layersIn(layer: LayerLike): LayerLike[] {
  const { layers = [], layer: inner, forwardLayer, backwardLayer, cell, cells = [] } = layer;
  const inside = [layers, inner, forwardLayer, backwardLayer, cell, cells].flat().filter(isLayer);
  return [layer, ...inside.flatMap(layersIn)];
}

/** A layer of the host's may have anything under these names. */
const isLayer = (one: Partial<LayerLike> | null | undefined): one is LayerLike =>
  typeof one?.getClassName === 'function' && typeof one.getConfig === 'function';

const isIndependent = (model: LayerLike): boolean => layersIn(model).every(isKnown);

function isDependent(layer: LayerLike): boolean {
  return dependent.has(layer.getClassName()) || keepsOrDraws(layer);
}

/** State from batch to batch, or dropout inside a recurrent layer. */
function keepsOrDraws(layer: LayerLike): boolean {
  // A model with a recurrent layer, or one of a class of its own, may have no config.
  if (layer.layers !== undefined) return false;
  const { dropout = 0, recurrentDropout = 0 } = layer.getConfig();
  return layer.stateful === true || dropout !== 0 || recurrentDropout !== 0;
}

function isKnown(layer: LayerLike): boolean {
  // A class of the host that extends a known one has its name, and so has a layer whose method was replaced.
  const isOwn =
    !Object.hasOwn(layer.constructor, 'className') || ['call', 'apply'].some((m) => Object.hasOwn(layer, m));
  if (isOwn || !independent.has(layer.getClassName())) return false;
  if (layer.layers !== undefined) return true;
  if (keepsOrDraws(layer)) return false;
  return Object.entries(layer.getConfig()).every(([name, value]) => {
    if (name === 'axis' || name === 'axes') return [value].flat().every(isInsideRow);
    return !/activation$/i.test(name) || activations.has(value);
  });
}

/** Whether an axis is known to be another than that of the batch. */
const isInsideRow = (axis: unknown): boolean => axis === -1 || axis === undefined || (axis as number) > 0;

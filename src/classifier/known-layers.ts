import * as tf from '@tensorflow/tfjs';
import type { FilterPlaces, FusedActivation } from '../tensors/fused-ops.ts';
import type { Normalization, WeightOf } from '../tensors/layer-form.ts';
import type { GraphLayer } from './layer-graph.ts';

/** A layer x ↦ activation(linear(x) + bias). @internal */
export interface LinearLayer {
  readonly kind: 'conv2d' | 'depthwise' | 'separable' | 'dense';
  /** The filter to which a factor of each output belongs; of a separable convolution the pointwise one. */
  readonly kernel: WeightOf;
  /** The first filter of a separable convolution. */
  readonly depthwise: WeightOf | undefined;
  readonly bias: WeightOf | undefined;
  readonly places: FilterPlaces;
  readonly activation: FusedActivation;
}

/** A normalisation whose running statistics move by r ← momentum · r + (1 − momentum) · s at each batch. @internal */
export interface TrainedNormalization extends Normalization {
  readonly mean: MovedWeight;
  readonly variance: MovedWeight;
  readonly momentum: number;
}

interface MovedWeight extends WeightOf {
  write(value: tf.Tensor): unknown;
}

/** What the code of this folder reads of layers; each is there only in some classes. */
interface AnyLayer extends Omit<GraphLayer, 'inputs'> {
  readonly activation?: object | null;
  readonly kernel?: WeightOf;
  readonly depthwiseKernel?: WeightOf;
  readonly pointwiseKernel?: WeightOf;
  readonly bias?: WeightOf | null;
  readonly strides?: readonly [number, number];
  readonly padding?: string | readonly (readonly number[])[];
  readonly dataFormat?: string;
  readonly dilationRate?: number | readonly number[];
  readonly maxValue?: number | null;
  readonly gamma?: WeightOf | null;
  readonly beta?: WeightOf | null;
  readonly movingMean?: MovedWeight;
  readonly movingVariance?: MovedWeight;
  readonly epsilon?: number;
  readonly momentum?: number;
  readonly axis?: number;
  readonly _callHook?: unknown;
  readonly call?: unknown;
}

/** A class that is registered under its name. */
interface NamedClass {
  readonly className?: string;
  readonly prototype: object;
}

/** The classes of each kind, by the names under which they are registered. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  conv2d: ['Conv2D'],
  depthwise: ['DepthwiseConv2D'],
  separable: ['SeparableConv2D'],
  dense: ['Dense'],
  norm: ['BatchNormalization'],
  relu: ['ReLU'],
  activation: ['Activation'],
  add: ['Add'],
  pad: ['ZeroPadding2D'],
  model: ['Model', 'Functional', 'Sequential'],
};

/** Which layers are of a class of TensorFlow.js itself, with its own `call`: a class derived from it may compute anything. @internal */
export class KnownLayers {
  readonly #classes = new Map<unknown, string>();
  readonly #activations = new Map<unknown, FusedActivation>();
  /** What layers that make no masks do with them. */
  readonly #passing: ReadonlySet<unknown>;

  constructor() {
    // The classes that TensorFlow.js registers to load models: apps without layers have none, and bundlers need not bring them for this.
    const { classNameMap } = tf.serialization.SerializationMap.getMap();
    const classOf = (name: string): NamedClass | undefined => {
      const found = classNameMap[name]?.[0] as NamedClass | undefined;
      // One that was derived from it and registered under its name computes something else.
      return found && (Object.getPrototypeOf(found) as Partial<NamedClass>).className === name ? undefined : found;
    };
    for (const [kind, names] of Object.entries(CLASSES)) {
      for (const known of names.map(classOf)) if (known) this.#classes.set(known, kind);
    }
    for (const activation of ['linear', 'relu', 'relu6'] as const) {
      this.#activations.set(classOf(activation), activation);
    }
    this.#activations.delete(undefined);
    const passing = ['Conv2D', 'Add', 'Concatenate', 'Dot'].flatMap((name) => classOf(name)?.prototype ?? []);
    this.#passing = new Set(passing.map(maskMethod));
  }

  /** True for a model whose layers may be run one by one. */
  isModel(layer: GraphLayer): boolean {
    return this.#kind(layer) === 'model';
  }

  /** True where a layer may hand a mask on to others; those are left as they are, with the whole model. */
  mayMask(layer: GraphLayer): boolean {
    if (this.#kind(layer) !== undefined) return false;
    return !this.#passing.has(maskMethod(layer));
  }

  /** A layer as a linear one; `rank` is that of its input. */
  linear(layer: GraphLayer, rank: number): LinearLayer | undefined {
    const kind = this.#kind(layer) as LinearLayer['kind'] | undefined;
    const { kernel, depthwiseKernel, pointwiseKernel, bias, strides, padding, ...known } = layer as AnyLayer;
    const activation = this.#activations.get(known.activation?.constructor);
    if (activation === undefined) return undefined;
    const own = { activation, bias: bias ?? undefined, depthwise: undefined };
    if (kind === 'dense')
      return rank !== 2 || !kernel ? undefined : { kind, kernel, ...own, places: { strides: [1, 1], pad: 'valid' } };
    // The layer of TensorFlow.js passes over a dilation of a depthwise convolution; gradients of dilated ones do not exist.
    const isPlain = known.dataFormat === 'channelsLast' && [known.dilationRate].flat().every((rate) => rate === 1);
    if (!isPlain || strides === undefined || (padding !== 'same' && padding !== 'valid')) return undefined;
    const places: FilterPlaces = { strides: [...strides], pad: padding };
    if (kind === 'conv2d' && kernel) return { kind, kernel, ...own, places };
    if (kind === 'depthwise' && depthwiseKernel) return { kind, kernel: depthwiseKernel, ...own, places };
    if (kind !== 'separable' || !depthwiseKernel || !pointwiseKernel) return undefined;
    return { kind, kernel: pointwiseKernel, ...own, depthwise: depthwiseKernel, places };
  }

  /** The normalisation that a layer computes; `rank` is that of its input. */
  normalization(layer: GraphLayer, rank: number): Normalization | undefined {
    if (layer.catrsNormalization === undefined) return this.trainedNormalization(layer, rank);
    return isUntouched(layer) ? layer.catrsNormalization() : undefined;
  }

  /** The normalisation that a layer of TensorFlow.js computes, which follows the statistics of its batches. */
  trainedNormalization(layer: GraphLayer, rank: number): TrainedNormalization | undefined {
    const { gamma, beta, movingMean, movingVariance, epsilon, momentum, axis } = layer as AnyLayer;
    const isLast = axis === -1 || axis === rank - 1;
    if (this.#kind(layer) !== 'norm' || !isLast || !movingMean || !movingVariance) return undefined;
    // TensorFlow.js refuses more axes.
    if (epsilon === undefined || momentum === undefined || rank > 4) return undefined;
    const statistics = { mean: movingMean, variance: movingVariance, epsilon, momentum };
    return { gamma: gamma ?? undefined, beta: beta ?? undefined, ...statistics };
  }

  /** ReLU and ReLU6, whichever layer they are. */
  clamp(layer: GraphLayer): 'relu' | 'relu6' | undefined {
    const kind = this.#kind(layer);
    const { activation, maxValue } = layer as AnyLayer;
    const found = kind === 'activation' ? this.#activations.get(activation?.constructor) : undefined;
    if (found === 'relu' || found === 'relu6') return found;
    if (kind !== 'relu') return undefined;
    return maxValue === undefined || maxValue === null ? 'relu' : maxValue === 6 ? 'relu6' : undefined;
  }

  /** True for a sum of its inputs. */
  isAdd(layer: GraphLayer): boolean {
    return this.#kind(layer) === 'add';
  }

  /** Rows and columns of zeros that a layer puts around images. */
  padding(layer: GraphLayer): FilterPlaces['pad'] | undefined {
    const { padding, dataFormat } = layer as AnyLayer;
    if (this.#kind(layer) !== 'pad' || dataFormat !== 'channelsLast' || !Array.isArray(padding)) return undefined;
    const [[top, bottom], [left, right]] = padding as [[number, number], [number, number]];
    return [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
  }

  #kind(layer: GraphLayer): string | undefined {
    const kind = this.#classes.get(layer.constructor);
    return kind === undefined || !isUntouched(layer) ? undefined : kind;
  }
}

const maskMethod = (layer: object): unknown => (layer as { readonly computeMask?: unknown }).computeMask;

/** True unless somebody looks into the calls of this one layer, or put a function of his own in the place of one of its. */
function isUntouched(layer: GraphLayer): boolean {
  const { _callHook, call } = layer as AnyLayer;
  if (_callHook !== undefined && _callHook !== null) return false;
  if (Object.hasOwn(layer, 'call') && call !== layer.catrsCall) return false;
  return !Object.hasOwn(layer, 'apply') && !Object.hasOwn(layer, 'computeMask');
}

/** A value of JSON. @internal */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of JSON. @internal */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Throws the error for what cannot be read as it was meant. @internal */
export type Refuse = (found: string) => never;

/** @internal */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @internal */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** @internal */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** What rules need to know. @internal */
export interface Context {
  readonly isKeras3: boolean;
  readonly refuse: Refuse;
  /** Translates a layer inside a layer. */
  readonly inner: (layer: Json) => JsonObject;
}

const INNER_LAYERS = ['layer', 'backward_layer', 'cell'];

/** A layer without layers of its own, by the rule of its class. @internal */
export function translateLayer({ class_name: kind, config }: Layer, context: Context): Layer {
  const layer = { class_name: kind, config: settingsOf(config, context) };
  return (Object.hasOwn(rules, kind) && rules[kind]?.(layer, context.refuse)) || layer;
}

function settingsOf(config: JsonObject, context: Context): JsonObject {
  const entries = Object.entries(config).map(([key, value]): [string, Json] => {
    if (INNER_LAYERS.includes(key)) return [key, context.inner(value)];
    if (key === 'cells') return [key, listOf(value).map((cell) => context.inner(cell))];
    const plain = plainSetting(value);
    if (key === 'dtype') return [key, dtypeOf(plain, context)];
    if (key.endsWith('activation')) return [key, activationOf(plain, context)];
    return [key === 'batch_shape' ? 'batch_input_shape' : key, plain];
  });
  return Object.fromEntries(entries);
}

/** Initializers, regularizers, constraints and types as TensorFlow.js names them. */
function plainSetting(value: Json): Json {
  if (Array.isArray(value)) return value.map(plainSetting);
  if (!isObject(value)) return value;
  const { class_name: kind, config } = value;
  if (typeof kind !== 'string' || config === undefined) return mapped(value, plainSetting);
  if (kind === 'DTypePolicy') return isObject(config) ? (config['name'] ?? null) : null;
  if (kind === 'function') return config;
  const settings = plainSetting(config);
  if (kind === 'L1' || kind === 'L2')
    return { class_name: 'L1L2', config: { l1: 0, l2: 0, ...(settings as JsonObject) } };
  return { class_name: RENAMED[kind] ?? kind, config: settings };
}

const RENAMED: Readonly<Record<string, string>> = {
  LecunNormal: 'LeCunNormal',
  LecunUniform: 'LeCunUniform',
  OrthogonalInitializer: 'Orthogonal',
  IdentityInitializer: 'Identity',
};

/** Computed in float32, whatever the policy: weights are stored so. */
function dtypeOf(dtype: Json, { refuse }: Context): Json {
  if (isObject(dtype)) return refuse(`dtype ${JSON.stringify(dtype)}`);
  return typeof dtype === 'string' && /float(?:16|64)$/.test(dtype) ? 'float32' : dtype;
}

/** Activations of Keras that TensorFlow.js lacks. Others that it lacks may be registered by the host. */
const LACKING: readonly Json[] = [
  ...['celu', 'exponential', 'glu', 'hard_shrink', 'hard_silu', 'hard_swish', 'hard_tanh', 'leaky_relu', 'log_sigmoid'],
  ...['soft_shrink', 'sparse_plus', 'sparse_sigmoid', 'sparsemax', 'squareplus', 'tanh_shrink', 'threshold'],
];

function activationOf(activation: Json, { isKeras3, refuse }: Context): Json {
  if (activation === 'silu') return 'swish';
  // That of Keras 3 is relu6(x + 3) / 6, that of Keras 2 and TensorFlow.js 0.2 x + 0.5, from 0 to 1.
  const isOther = activation === 'hard_sigmoid' && isKeras3;
  return isOther || LACKING.includes(activation) ? refuse(`activation ${JSON.stringify(activation)}`) : activation;
}

/** A class with its settings. @internal */
export interface Layer {
  readonly class_name: string;
  readonly config: JsonObject;
}

type Rule = (layer: Layer, refuse: Refuse) => Layer;

/** Refuses a setting that has another value than the only one that TensorFlow.js computes. */
const only =
  (setting: string, ...values: readonly Json[]): Rule =>
  (layer, refuse) => {
    const value = layer.config[setting];
    const each = Array.isArray(value) && !Array.isArray(values[0]) ? (value as readonly Json[]) : [value ?? null];
    if (value === undefined || each.every((item) => values.includes(item))) return layer;
    return refuse(`${setting} ${JSON.stringify(value)}`);
  };

const all =
  (...list: readonly Rule[]): Rule =>
  (layer, refuse) =>
    list.reduce((result, rule) => rule(result, refuse), layer);

/** In inference these give back what they get. */
const same: Rule = ({ config: { name = null } }) => ({
  class_name: 'Activation',
  config: { name, activation: 'linear' },
});

const noGroups = only('groups', 1);
const noOutputPadding = all(only('output_padding', null), only('dilation_rate', 1));
const channelsLast = only('data_format', 'channels_last', null);
const pooling1d = all(channelsLast, only('keepdims', false));

/** In three dimensions TensorFlow.js places windows elsewhere where they are shorter than the strides. */
const noWideStrides: Rule = (layer, refuse) => {
  const { padding, strides, kernel_size: kernel, pool_size: pool } = layer.config;
  const [window, steps] = [listOf(kernel ?? pool), listOf(strides)].map((list) => list.map(Number));
  const isWide = padding === 'same' && steps?.some((step, i) => step > (window?.[i] ?? step));
  return isWide ? refuse(`padding "same" and strides ${JSON.stringify(strides)}`) : layer;
};

/** TensorFlow.js has a layer of this name, which computes something else. */
const other: Rule = (_, refuse) => refuse('pixels that TensorFlow.js places elsewhere');

/** Whole channels are dropped. */
const spatialDropout =
  (axes: number): Rule =>
  ({ config }, refuse) => {
    if (config['data_format'] === 'channels_first') return refuse('data_format "channels_first"');
    const { name = null, rate = 0 } = config;
    return {
      class_name: 'Dropout',
      config: { name, rate, noise_shape: [null, ...new Array<number>(axes).fill(1), null] },
    };
  };

const rules: Readonly<Record<string, Rule>> = {
  InputLayer: all(only('sparse', false, null), only('ragged', false, null), ({ config, class_name }) => {
    const { batch_input_shape = null, dtype = null, name = null } = config;
    return { class_name, config: { batch_input_shape, dtype, sparse: false, name } };
  }),
  ReLU: (layer, refuse) => {
    const { name = null, max_value = null, negative_slope: slope } = layer.config;
    only('threshold', 0, null)(layer, refuse);
    if (typeof slope !== 'number' || slope === 0) return layer;
    if (max_value !== null) return refuse(`negative_slope ${slope} and max_value ${JSON.stringify(max_value)}`);
    return { class_name: 'LeakyReLU', config: { name, alpha: slope } };
  },
  LeakyReLU: ({ class_name, config }) => ({
    class_name,
    config: { ...config, alpha: config['negative_slope'] ?? config['alpha'] ?? 0.3 },
  }),
  ELU: only('alpha', 1),
  // TensorFlow.js puts `forward_` in front of the name, where Keras has it already.
  Bidirectional: ({ class_name, config }) => {
    const { layer } = config;
    if (!isObject(layer) || !isObject(layer['config'])) return { class_name, config };
    const name = layer['config']['name'];
    const plain = typeof name === 'string' ? name.replace(/^forward_/, '') : null;
    return { class_name, config: { ...config, layer: { ...layer, config: { ...layer['config'], name: plain } } } };
  },
  BatchNormalization: only('renorm', false, null),
  LayerNormalization: only('rms_scaling', false, null),
  Conv1D: all(noGroups, channelsLast, only('padding', 'same', 'valid')),
  Conv2D: noGroups,
  Conv3D: all(noGroups, noWideStrides),
  Conv2DTranspose: noOutputPadding,
  Conv3DTranspose: all(noOutputPadding, noWideStrides),
  MaxPooling3D: noWideStrides,
  AveragePooling3D: noWideStrides,
  // Keras 2 writes the settings of a kernel that it has not, which TensorFlow.js refuses.
  SeparableConv2D: all(noGroups, channelsLast, ({ class_name, config }) => ({
    class_name,
    config: Object.fromEntries(Object.entries(config).filter(([key]) => !/^kernel_(?!size)/.test(key))),
  })),
  DepthwiseConv2D: only('dilation_rate', 1),
  UpSampling2D: only('interpolation', 'nearest'),
  MaxPooling1D: channelsLast,
  AveragePooling1D: channelsLast,
  GlobalAveragePooling1D: pooling1d,
  GlobalMaxPooling1D: pooling1d,
  GlobalAveragePooling2D: only('keepdims', false),
  GlobalMaxPooling2D: only('keepdims', false),
  SpatialDropout2D: spatialDropout(2),
  SpatialDropout3D: spatialDropout(3),
  Identity: same,
  RandomFlip: same,
  RandomRotation: same,
  RandomZoom: same,
  RandomTranslation: same,
  RandomContrast: same,
  RandomBrightness: same,
  RandomWidth: same,
  RandomHeight: same,
  Resizing: other,
  CenterCrop: other,
};

/** @internal */
export function mapped(value: JsonObject, change: (item: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]));
}

import type * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal, showValue } from '../errors.ts';
import { type Block, GraphWriter, type Layouts, type Value } from './graph-writer.ts';
import { layerWriter, writtenActivations, writtenLayers } from './layer-nodes.ts';
import { type Constant, type Node, onnxBytes } from './onnx-format.ts';

const CALL = 'toOnnx';

/**
 * Writes a layers model as an ONNX file (opset 13), in inference mode: `input` [batch, ...inputShape] → `output` [batch, numClasses].
 *
 * The input is laid out as in TensorFlow.js, images as [batch, height, width, channels]: the graph itself has the transpositions
 * that ONNX convolutions want. So the typed arrays of the model fit, and {@link onnxClassifier} needs no `layout`. Sums are done in
 * another order than in TensorFlow.js: logits agree within about 1e-5, and certificates of near-ties may differ.
 *
 * Of `tf.layers` it writes convolutions (depthwise, separable, dilated, transposed), pooling, dense layers, normalisations, rescaling,
 * all activations, and what reshapes, pads, crops, repeats, adds or joins, also in branches, with layers that are used several times
 * and models inside models; and the layers of `catrs/models`. The guide has the whole list, and so has the error for any other layer.
 *
 * @param model - not disposed and not changed
 * @returns the bytes of the file
 * @throws OptionError if `model` is no layers model; ClassifierError if a layer or a setting of it has no translation
 * @example
 * ```ts
 * const session = await InferenceSession.create(await toOnnx(model)); // of onnxruntime-node or onnxruntime-web
 * ```
 */
export async function toOnnx(model: tf.LayersModel): Promise<Uint8Array<ArrayBuffer>> {
  const inputs = inputsOf(model);
  const [image, ...otherInputs] = inputs;
  const [logits, ...otherOutputs] = model.outputs;
  if (!image || !logits || otherInputs.length + otherOutputs.length > 0) {
    throw untranslated('one input and one output', `${model.inputs.length} and ${model.outputs.length}`);
  }
  if (image.dtype !== 'float32') throw untranslated('an input of type float32', image.dtype);
  // All at once, so that they are the weights of one moment.
  const weights = new Map(await Promise.all(leavesOf(model).map(async (layer) => [layer, await read(layer)] as const)));
  const writing: Writing = { nodes: [], constants: new Map(), weights, names: new Map() };
  const scope = new Map<number, Value>([[image.id, { shape: image.shape, plain: 'input' }]]);
  const last = valueOf(logits, scope, writing);
  const end = new GraphWriter(writing, 'output').plain(last);
  writing.nodes.push({ operation: 'Identity', inputs: [end], output: 'output' });
  return onnxBytes({
    name: model.name,
    input: { name: 'input', shape: ['batch', ...sizes(image)] },
    output: { name: 'output', shape: ['batch', ...sizes(logits)] },
    nodes: writing.nodes,
    constants: [...writing.constants.values()],
  });
}

function inputsOf(model: tf.LayersModel): readonly tf.SymbolicTensor[] {
  const { layers, inputs } = (model ?? {}) as Partial<tf.LayersModel>;
  if (Array.isArray(layers) && Array.isArray(inputs)) return inputs;
  throw refusal(OptionError, { call: CALL, field: 'model', value: model }, 'must be a tf.LayersModel');
}

type Layer = tf.layers.Layer;

/** A model is a layer too, by its shape. */
function isModel(layer: Layer): layer is tf.LayersModel {
  return Array.isArray((layer as Partial<tf.LayersModel>).layers) && 'outputs' in layer;
}

/** All layers that are no models, once. */
function leavesOf(model: tf.LayersModel): Layer[] {
  return [...new Set(model.layers.flatMap((layer) => (isModel(layer) ? leavesOf(layer) : [layer])))];
}

async function read(layer: Layer): Promise<Block[]> {
  // The tensors belong to the variables of the layer.
  return Promise.all(
    layer.getWeights().map(async (weight) => {
      const values = (await weight.data()) as Float32Array;
      return { shape: weight.shape, values };
    }),
  );
}

/** A graph that is being written. */
interface Writing {
  readonly nodes: Node[];
  readonly constants: Map<string, Constant>;
  readonly weights: ReadonlyMap<Layer, readonly Block[]>;
  /** Names of layers in the graph: models inside have layers of the same names. */
  readonly names: Map<Layer, string>;
}

/** What is computed already of one call of a model, by the ids of its tensors. */
type Scope = Map<number, Value>;

/** Writes what a tensor depends on, inputs before what reads them; without recursion, since networks can be thousands of layers deep. */
function valueOf(tensor: tf.SymbolicTensor, scope: Scope, writing: Writing): Value {
  const waiting = [tensor];
  for (let next = waiting.at(-1); next; next = waiting.at(-1)) {
    const { id, sourceLayer: layer, nodeIndex } = next;
    const { inputTensors = [], outputTensors = [next] } = layer.inboundNodes[nodeIndex] ?? {};
    const missing = scope.has(id) ? [] : inputTensors.filter((input) => !scope.has(input.id));
    waiting.push(...missing.reverse());
    if (missing.length > 0) continue;
    waiting.pop();
    if (scope.has(id)) continue;
    const inputs = inputTensors.flatMap((input) => scope.get(input.id) ?? []);
    const written = isModel(layer) ? writeModel(layer, inputs, writing) : [writeLayer(layer, inputs, writing)];
    outputTensors.forEach((output, i) => scope.set(output.id, { ...written[i], shape: output.shape }));
  }
  return scope.get(tensor.id) as Value;
}

/** Each call of a model inside has tensors of its own. */
function writeModel(model: tf.LayersModel, inputs: readonly Value[], writing: Writing): Value[] {
  const scope: Scope = new Map();
  model.inputs.forEach(({ id }, i) => {
    const input = inputs[i];
    if (input) scope.set(id, input);
  });
  return model.outputs.map((output) => valueOf(output, scope, writing));
}

function writeLayer(layer: Layer, inputs: readonly Value[], writing: Writing): Layouts {
  const kind = layer.getClassName();
  const refuse = (setting: string): never => {
    const got = `layer ${showValue(layer.name)} (${kind})${setting}`;
    throw untranslated('layers and settings that toOnnx can write', got, whatIsWritten());
  };
  const [x] = inputs;
  const write = layerWriter(kind);
  if (!write || !x) return refuse('');
  const { dataFormat } = layer as { readonly dataFormat?: unknown };
  return write({
    config: layer.getConfig(),
    isChannelsFirst: dataFormat === 'channelsFirst',
    weights: writing.weights.get(layer) ?? [],
    x,
    inputs,
    graph: new GraphWriter(writing, nameIn(writing, layer)),
    refuse: (setting) => refuse(` with ${setting}`),
  });
}

function whatIsWritten(): string {
  return `layers: ${writtenLayers.join(', ')}, and models of them; activations: ${writtenActivations.join(', ')}`;
}

function nameIn({ names }: Writing, layer: Layer): string {
  const known = names.get(layer);
  if (known !== undefined) return known;
  const taken = new Set(names.values());
  let name = layer.name;
  for (let i = 2; taken.has(name); i++) name = `${layer.name}_${i}`;
  names.set(layer, name);
  return name;
}

function sizes({ shape }: tf.SymbolicTensor): (number | string)[] {
  return shape.slice(1).map((size, axis) => size ?? `size${axis + 1}`);
}

function untranslated(must: string, got: string, way?: string): ClassifierError {
  return refusal(ClassifierError, { call: CALL, field: 'model', value: got, got, way }, `must have ${must}`);
}

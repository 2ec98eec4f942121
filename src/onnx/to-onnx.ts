import type * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal, showValue } from '../errors.ts';
import { layerWriter, type Weight } from './layer-nodes.ts';
import { type Constant, type Node, onnxBytes } from './onnx-format.ts';

const CALL = 'toOnnx';

/**
 * Writes a layers model as an ONNX file (opset 13), in inference mode: `input` [batch, ...inputShape] → `output` [batch, numClasses].
 *
 * The input is laid out as in TensorFlow.js, images as [batch, height, width, channels]: the graph itself begins with the transposition
 * that ONNX convolutions want. So the typed arrays of the model fit, and {@link onnxClassifier} needs no `layout`. Sums are done in
 * another order than in TensorFlow.js: logits agree within about 1e-5, and certificates of near-ties may differ.
 *
 * Models made of these layers can be written: InputLayer, Conv2D, Dense, MaxPooling2D, GlobalAveragePooling2D, ZeroPadding2D, Flatten,
 * Activation, ReLU, Add, Dropout, and those of `catrs/models`, with ReLU, softmax, sigmoid, tanh or no activation. So `lenet` and
 * `cifarResnet` can.
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
  const [image, ...otherInputs] = inputsOf(model);
  const [logits, ...otherOutputs] = model.outputs;
  if (!image || !logits || otherInputs.length + otherOutputs.length > 0) {
    throw untranslated('one input and one output', `${model.inputs.length} and ${model.outputs.length}`);
  }
  const nodes: Node[] = [];
  const constants: Constant[] = [];
  const node = (name: string, ...[operation, inputs, attributes = {}]: NodeArguments): string => {
    const output = `${name}:${nodes.length}`;
    nodes.push({ operation, inputs, output, attributes });
    return output;
  };
  const isImage = image.shape.length === 4;
  const first = isImage ? node('input', 'Transpose', ['input'], { perm: [0, 3, 1, 2] }) : 'input';
  const names = new Map<number, string>([[image.id, first]]);
  const named = ({ id, name }: tf.SymbolicTensor): string =>
    names.get(id) ?? raise(untranslated('layers that are used once', `${name} from elsewhere`));
  // All at once, so that they are the weights of one moment.
  const weights = await Promise.all(model.layers.map(weightsOf));
  for (const [i, layer] of model.layers.entries()) {
    const inputs = [layer.input].flat();
    const rank = inputs[0]?.shape.length ?? 0;
    const output = layerWriter(
      layer.getClassName(),
      rank,
    )?.({
      config: layer.getConfig(),
      weights: weights[i] ?? [],
      rank,
      inputs: inputs.map(named),
      node: (...request) => node(layer.name, ...request),
      constant: (role, shape, values) => {
        const name = `${layer.name}/${role}`;
        constants.push({ name, shape, values });
        return name;
      },
    });
    if (output === undefined) {
      const got = `layer ${showValue(layer.name)} (${layer.getClassName()})`;
      throw untranslated(
        'layers and settings that ONNX files of catrs have',
        `${got} (the documentation of toOnnx names them)`,
      );
    }
    names.set((layer.output as tf.SymbolicTensor).id, output);
  }
  const last = named(logits);
  nodes.push({ operation: 'Identity', inputs: [last], output: 'output' });
  return onnxBytes({
    name: model.name,
    input: { name: 'input', shape: ['batch', ...sizes(image)] },
    output: { name: 'output', shape: ['batch', ...sizes(logits)] },
    nodes,
    constants,
  });
}

type NodeArguments = [operation: string, inputs: readonly string[], attributes?: Node['attributes']];

function inputsOf(model: tf.LayersModel): readonly tf.SymbolicTensor[] {
  const { layers, inputs } = (model ?? {}) as Partial<tf.LayersModel>;
  if (Array.isArray(layers) && Array.isArray(inputs)) return inputs;
  throw refusal(OptionError, { call: CALL, field: 'model', value: model }, 'must be a tf.LayersModel');
}

async function weightsOf(layer: tf.layers.Layer): Promise<Weight[]> {
  // The tensors belong to the variables of the layer.
  return Promise.all(
    layer.getWeights().map(async (weight) => {
      const values = (await weight.data()) as Float32Array;
      return { shape: weight.shape, values };
    }),
  );
}

function sizes({ shape }: tf.SymbolicTensor): (number | string)[] {
  return shape.slice(1).map((size, axis) => size ?? `size${axis + 1}`);
}

function raise(error: Error): never {
  throw error;
}

function untranslated(must: string, got: string): ClassifierError {
  return refusal(ClassifierError, { call: CALL, field: 'model', value: got, got }, `must have ${must}`);
}

import type * as tf from '@tensorflow/tfjs';
import { OptionError, showValue } from '../errors.ts';
import { convolutionLayout, denseLayout, type TorchLayout, vectorLayout } from './torch-layout.ts';

type Weight = tf.layers.Layer['weights'][number];

/** A weight of a model, with its name and its layout in PyTorch. @internal */
export interface TorchPlace {
  readonly name: string;
  readonly weight: Weight;
  readonly layout: TorchLayout;
}

const torchNames: Readonly<Record<string, string>> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Every weight of a model that PyTorch would have under the layer's name, with `.` for `/`. @internal */
export function torchPlaces(call: string, model: tf.LayersModel): TorchPlace[] {
  return leaves(model).flatMap((layer) =>
    layer.weights.map((weight): TorchPlace => {
      const part = weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1);
      const torchName = torchNames[part];
      const layout = layoutOf(layer, part, weight.shape as number[]);
      if (torchName === undefined || layout === undefined) {
        throw new OptionError(
          `\`model\` must consist of convolutions, dense layers and batch normalisation, got a ${layer.getClassName()} with a weight ${showValue(weight.originalName)}`,
          { call, field: 'model', value: model },
        );
      }
      return { name: `${layer.name.replaceAll('/', '.')}.${torchName}`, weight, layout };
    }),
  );
}

/** The layers of a model that are no models. */
function leaves(model: tf.LayersModel): tf.layers.Layer[] {
  return model.layers.flatMap((layer) => ('layers' in layer ? leaves(layer as tf.LayersModel) : [layer]));
}

function layoutOf(layer: tf.layers.Layer, part: string, shape: readonly number[]): TorchLayout | undefined {
  if (part === 'kernel' && layer.getClassName() === 'Conv2D') return convolutionLayout(shape);
  if (part === 'kernel' && layer.getClassName() === 'Dense') return denseLayout(shape, flattenedImage(layer));
  if (shape.length !== 1) return undefined;
  // A dense layer's bias belongs to its outputs, the vectors of batch normalisation to the inputs.
  return vectorLayout(shape[0]!, part === 'bias' ? undefined : flattenedImage(layer));
}

/** Shape of the images that were flattened to the inputs of a layer, if they were. */
function flattenedImage(layer: tf.layers.Layer): readonly number[] | undefined {
  const before = layer.inboundNodes[0]?.inboundLayers[0];
  if (before === undefined || inputRank(layer) !== 2 || before.getClassName() === 'Dense') return undefined;
  if (inputRank(before) <= 2) return flattenedImage(before);
  const flattens = before.getClassName() === 'Flatten' || before.getClassName() === 'Reshape';
  return flattens ? (inputShape(before).slice(1) as number[]) : undefined;
}

function inputShape(layer: tf.layers.Layer): tf.Shape {
  const shapes = (layer.inboundNodes[0]?.inputShapes ?? []) as tf.Shape[];
  return shapes[0] ?? [];
}

function inputRank(layer: tf.layers.Layer): number {
  return inputShape(layer).length;
}

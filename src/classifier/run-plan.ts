import * as tf from '@tensorflow/tfjs';
import { normalizeByBatch } from '../tensors/batch-norm-training.ts';
import { activated, addRelu, fusedConv2d, fusedDense, fusedDepthwiseConv2d } from '../tensors/fused-ops.ts';
import { foldedWeights, type FoldedWeights } from './folded-weights.ts';
import type { GraphLayer } from './layer-graph.ts';
import type { ModelPlan, PlanStep } from './model-plan.ts';

/** Runs a plan on a batch. What no later step needs is freed on the way, as TensorFlow.js does in inference mode. @internal */
export function runPlan({ graph, steps, folded }: ModelPlan, x: tf.Tensor, training: boolean): tf.Tensor {
  return tf.tidy(() => {
    const weights = foldedWeights(folded);
    const values: (tf.Tensor | undefined)[] = [x];
    const left = usesOf(graph.output, steps);
    for (const step of steps) {
      const inputs = step.inputs.map((value) => values[value]!);
      const outputs = runStep(step, inputs, weights, training);
      step.outputs.forEach((value, i) => (values[value] = outputs[i]!));
      if (training || (step.kind === 'layer' && step.layer.stateful === true)) continue;
      for (const value of step.inputs) {
        left.set(value, left.get(value)! - 1);
        if (left.get(value) === 0 && value !== 0) values[value]!.dispose();
      }
    }
    return values[graph.output]!;
  });
}

/** How often each value is taken; the output of the model once more. */
function usesOf(output: number, steps: readonly PlanStep[]): Map<number, number> {
  const uses = new Map([[output, 1]]);
  for (const value of steps.flatMap(({ inputs }) => inputs)) uses.set(value, (uses.get(value) ?? 0) + 1);
  return uses;
}

function runStep(
  step: PlanStep,
  inputs: readonly tf.Tensor[],
  weights: readonly FoldedWeights[],
  training: boolean,
): readonly tf.Tensor[] {
  const [x, y] = inputs as readonly [tf.Tensor, tf.Tensor];
  switch (step.kind) {
    case 'layer':
      return applied(step.layer, inputs, training);
    case 'clamp':
      return [activated(x, step.activation)];
    case 'add-relu':
      // Sums of other shapes are those of the layer.
      if (!tf.util.arraysEqual(x.shape, y.shape)) return [tf.relu(applied(step.add, inputs, training)[0]!)];
      return [addRelu(x, y)];
    case 'batch-norm':
      return [trainedByBatch(step, x)];
    case 'linear':
      return [linear(step, x, step.folded === undefined ? undefined : weights[step.folded])];
  }
}

function applied(layer: GraphLayer, inputs: readonly tf.Tensor[], training: boolean): tf.Tensor[] {
  const [only] = inputs;
  return [layer.apply(only !== undefined && inputs.length === 1 ? only : [...inputs], { training })].flat();
}

function linear(
  { linear, pad, activation }: Extract<PlanStep, { kind: 'linear' }>,
  x: tf.Tensor,
  folded: FoldedWeights | undefined,
): tf.Tensor {
  const { strides } = linear.places;
  const { kernel, bias } = folded ?? { kernel: linear.kernel.read(), bias: linear.bias?.read() };
  switch (linear.kind) {
    case 'dense':
      return fusedDense(x, kernel, bias, activation);
    case 'conv2d':
      return fusedConv2d(x, kernel, bias, { strides, pad }, activation);
    case 'depthwise':
      return fusedDepthwiseConv2d(x, kernel, bias, { strides, pad }, activation);
    case 'separable': {
      const each = fusedDepthwiseConv2d(x, linear.depthwise!.read(), undefined, { strides, pad }, 'linear');
      return fusedConv2d(each, kernel, bias, { strides: [1, 1], pad: 'valid' }, activation);
    }
  }
}

/** Normalises by the batch, and moves the running statistics as the layer of TensorFlow.js does. */
function trainedByBatch({ norm }: Extract<PlanStep, { kind: 'batch-norm' }>, x: tf.Tensor): tf.Tensor {
  const { gamma, beta, mean, variance, epsilon, momentum } = norm;
  const follow = (running: typeof mean, value: tf.Tensor): void => {
    const before = running.read();
    running.write(tf.sub(before, tf.mul(tf.sub(before, value), 1 - momentum)));
  };
  return normalizeByBatch(
    { x, scale: gamma?.read(), offset: beta?.read(), epsilon },
    (meanOfBatch, varianceOfBatch) => {
      follow(mean, meanOfBatch);
      follow(variance, varianceOfBatch);
    },
  );
}

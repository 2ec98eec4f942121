import * as tf from '@tensorflow/tfjs';
import { KnownLayers } from './known-layers.ts';
import type { GraphLayer } from './layer-graph.ts';
import { inferencePlan, type ModelPlan, trainingPlan } from './model-plan.ts';
import { runPlan } from './run-plan.ts';
import type { LayersModelLike } from './types.ts';

/** A layers model in forms that compute the same with fewer operations. @internal */
export interface ModelForms {
  /** True where the inference form has other weights than the model, so that its logits differ by rounding. */
  readonly folds: boolean;
  /** Runs a form; undefined where it has none, or not for such an input. */
  readonly run: (x: tf.Tensor, options: { readonly training: boolean }) => tf.Tensor | undefined;
}

/**
 * Looks through a model once; weights are read anew in each pass, so forms follow whatever the weights become, and hold no tensor.
 *
 * A `tf.Sequential` to which layers are added later is looked through again.
 * @internal
 */
export function modelForms(model: LayersModelLike): ModelForms {
  let plans: Plans | undefined;
  const current = (): Plans => (plans = plans?.isOf(model) === true ? plans : plansOf(model));
  return {
    get folds() {
      return (current().inference?.folded.length ?? 0) > 0;
    },
    run: (x, { training }) => {
      const plan = training ? current().training : current().inference;
      if (plan === undefined || !takes(model, x)) return undefined;
      // Without a fold there is nothing to gain but for a gradient, and the model stays what votes.
      const isWanted = training || plan.folded.length > 0 || tf.engine().state.gradientDepth > 0;
      return isWanted ? runPlan(plan, x, training) : undefined;
    },
  };
}

interface Plans {
  readonly inference: ModelPlan | undefined;
  readonly training: ModelPlan | undefined;
  /** False once the model has other layers. */
  readonly isOf: (model: LayersModelLike) => boolean;
}

function plansOf(model: LayersModelLike): Plans {
  const known = new KnownLayers();
  const [layer, outputs] = [model as unknown as GraphLayer, model.outputs];
  const inference = inferencePlan(layer, known);
  const training = trainingPlan(layer, known);
  return {
    inference: inference?.steps.some(({ kind }) => kind !== 'layer') === true ? inference : undefined,
    training: training?.steps.some(({ kind }) => kind !== 'layer') === true ? training : undefined,
    isOf: (model) => model.outputs === outputs,
  };
}

/** Whether an input is what the model declares; for any other the model itself finds the words. */
function takes({ inputs }: LayersModelLike, x: tf.Tensor): boolean {
  const [shape] = inputs.map(({ shape }) => shape);
  if (x.dtype !== 'float32' || shape?.length !== x.shape.length) return false;
  return shape.every((size, axis) => size === null || size === x.shape[axis]);
}

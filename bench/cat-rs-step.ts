import * as tf from '@tensorflow/tfjs';
import { ConfidenceAwareLoss, foldIn, NoisePgd, trainableVariables } from 'catrs';
import { startTrainers } from 'catrs/node';
import { execArgv } from './certify-images.ts';
import { imageBatch, key, labelsOf, makeLenet, noise } from './subjects.ts';

/** A training step that can be repeated. */
export interface Step {
  step(): Promise<void>;
  close(): Promise<void>;
}

/** The loss of CAT-RS with M = 4 noisy copies and 4 attack steps. */
export function catRsLoss(model: tf.LayersModel): ConfidenceAwareLoss {
  return new ConfidenceAwareLoss(model, { noise, attack: new NoisePgd({ epsilon: 1, steps: 4 }), lambda: 0.5 });
}

/** The step in this thread, with momentum. */
export function oneCoreStep(batch: number): Step {
  const model = makeLenet();
  const loss = catRsLoss(model);
  const optimizer = tf.train.momentum(0.01, 0.9);
  const given = { x: imageBatch(batch), labels: labelsOf(batch) };
  let steps = 0;
  return {
    step: async () => {
      using prepared = loss.prepare({ ...given, key: foldIn(key, steps++) });
      const cost = optimizer.minimize(() => prepared.value(), true, trainableVariables(model))!;
      await cost.data();
      cost.dispose();
    },
    close: async () => tf.dispose(given.x),
  };
}

/** The step on two cores, with the same optimizer. */
export async function startTwoCoreStep(batch: number): Promise<Step> {
  const variables = trainableVariables(makeLenet());
  const optimizer = tf.train.momentum(0.01, 0.9);
  const given = { x: imageBatch(batch), labels: labelsOf(batch) };
  const trainers = await startTrainers({ module: new URL('trainer-module.ts', import.meta.url), workers: 2, execArgv });
  let steps = 0;
  return {
    step: async () => {
      await trainers.minimize(optimizer, variables, { ...given, key: foldIn(key, steps++) });
    },
    close: () => trainers.close(),
  };
}

// What each thread of `catrs train --workers` runs.
import { trainableVariables } from '../classifier/to-logits-fn.ts';
import type { Trainer } from '../node/start-trainers.ts';
import { checkThreadBackend } from './probe-classifier.ts';
import { startEngine } from './engines.ts';
import { makeLoss, makeModel, statisticsOf, type TrainerData } from './train/make-model.ts';

/** Rows of the largest batch at which the backend of a thread is compared with `cpu`. */
const CHECKED = 8;

/** Makes the model again in this thread; its weights are those of the host in every step. @internal */
export async function makeTrainer({ options, plan, settings, backend, workers }: TrainerData): Promise<Trainer> {
  await startEngine(backend, workers);
  const { model, classifier } = await makeModel(options, plan);
  await checkThreadBackend(classifier, plan.shape, { sigma: settings.sigma, batchSize: CHECKED });
  return {
    loss: makeLoss(classifier, settings),
    variables: trainableVariables(model),
    statistics: statisticsOf(model),
  };
}

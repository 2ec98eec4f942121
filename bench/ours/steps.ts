import * as tf from '@tensorflow/tfjs';
import { foldIn, prepareAsync, type PreparedConfidenceAware, trainableVariables } from 'catrs';
import { startTrainers, type Trainers } from 'catrs/node';
import { Sgd } from 'catrs/recipes';
import { execArgv } from './certify-images.ts';
import { lossOf } from '../methods.ts';
import type { SubjectData } from '../subject-files.ts';
import { key } from '../subjects.ts';
import type { StepWork } from './setting.ts';
import { epochOf, type TrainerData } from './trainer-module.ts';

/** Training steps of one method, each on the next images. */
export interface Steps {
  /** One step; tells the share of images with K = M where the loss has one and this thread makes it. */
  step(): Promise<{ readonly share?: number | undefined }>;
}

interface Subject {
  readonly model: tf.LayersModel;
  readonly data: SubjectData;
}

/** Starts the threads that share the steps of all methods. */
export function startTeam(data: TrainerData, workers: number): Promise<Trainers> {
  return startTrainers({ module: new URL('trainer-module.ts', import.meta.url), workers, data, execArgv });
}

/** Makes the loss and the optimizer of the papers, in this thread or with a team of threads. */
export function makeSteps(work: StepWork, { model, data }: Subject, team?: Trainers): Steps {
  const optimizer = new Sgd({ learningRate: work.rate, momentum: 0.9, weightDecay: 1e-4 });
  const variables = trainableVariables(model);
  const statistics = model.weights.filter(({ trainable }) => !trainable).map((weight) => weight.read() as tf.Variable);
  const loss = lossOf(work.method, model);
  let steps = 0;
  const next = () => {
    const at = steps++;
    return { ...batchOf(data, work, at), key: foldIn(key, at) };
  };
  return {
    step: async () => {
      const batch = next();
      if (team !== undefined) {
        await team.minimize(optimizer, variables, { ...batch, epoch: epochOf(work) }, { statistics });
        tf.dispose([batch.x, batch.softTargets ?? []]);
        return {};
      }
      const given = { ...batch, epoch: 0 };
      using prepared = work.dense ? loss.prepare(given) : await prepareAsync(loss, given);
      const cost = optimizer.minimize(() => prepared.value(), true, variables)!;
      await cost.data();
      tf.dispose([cost, batch.x, batch.softTargets ?? []]);
      const { mask } = (await (prepared as Partial<PreparedConfidenceAware>).metrics?.()) ?? {};
      return { share: mask };
    },
  };
}

function batchOf({ images, shape, labels, soft }: SubjectData, { batch, method }: StepWork, step: number) {
  const size = shape.reduce((a, b) => a * b, 1);
  const order = Array.from({ length: batch }, (_, i) => (step * batch + i) % labels.length);
  const rows = (values: Float32Array, width: number): Float32Array => {
    const out = new Float32Array(batch * width);
    for (const [i, from] of order.entries()) out.set(values.subarray(from * width, (from + 1) * width), i * width);
    return out;
  };
  return {
    x: tf.tensor4d(rows(images, size), [batch, ...(shape as [number, number, number])]),
    labels: order.map((i) => labels[i]!),
    softTargets: undefined as tf.Tensor2D | undefined,
    ...(method === 'catrs' && { softTargets: tf.tensor2d(rows(soft, 10), [batch, 10]) }),
  };
}

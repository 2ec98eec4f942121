import * as tf from '@tensorflow/tfjs';
import { foldIn, type PreparedConfidenceAware, trainableVariables } from 'catrs';
import { startTrainers } from 'catrs/node';
import { Sgd } from 'catrs/recipes';
import { execArgv } from './certify-images.ts';
import { lossOf } from '../methods.ts';
import type { SubjectData } from '../subject-files.ts';
import { key } from '../subjects.ts';
import type { ProcessSetting, StepWork } from './setting.ts';
import type { TrainerData } from './trainer-module.ts';

/** Training steps of one method, each on the next images. */
export interface Steps {
  /** One step; tells the share of images with K = M where the loss has one and this thread makes it. */
  step(): Promise<{ readonly share?: number | undefined }>;
}

interface Subject {
  readonly model: tf.LayersModel;
  readonly data: SubjectData;
}

type StepSetting = Pick<ProcessSetting, 'engine' | 'files' | 'workers'> & StepWork;

/** Makes the loss and the optimizer of the papers, in this thread or in worker threads. */
export async function startSteps(setting: StepSetting, { model, data }: Subject): Promise<Steps> {
  const optimizer = new Sgd({ learningRate: setting.rate, momentum: 0.9, weightDecay: 1e-4 });
  const variables = trainableVariables(model);
  let steps = 0;
  const next = () => {
    const at = steps++;
    return { ...batchOf(data, setting, at), key: foldIn(key, at), epoch: 0 };
  };
  if (setting.workers > 0) {
    const { engine, files, network, method } = setting;
    const trainers = await startTrainers({
      module: new URL('trainer-module.ts', import.meta.url),
      workers: setting.workers,
      data: { engine, files, network, method } satisfies TrainerData,
      execArgv,
    });
    const statistics = model.weights
      .filter(({ trainable }) => !trainable)
      .map((weight) => weight.read() as tf.Variable);
    return {
      step: async () => {
        const batch = next();
        await trainers.minimize(optimizer, variables, batch, { statistics });
        tf.dispose(batch as unknown as tf.TensorContainer);
        return {};
      },
    };
  }
  const loss = lossOf(setting.method, model);
  return {
    step: async () => {
      const batch = next();
      using prepared = loss.prepare(batch);
      const cost = optimizer.minimize(() => prepared.value(), true, variables)!;
      await cost.data();
      const { mask } = (await (prepared as Partial<PreparedConfidenceAware>).metrics?.()) ?? {};
      tf.dispose([cost, batch as unknown as tf.TensorContainer] as tf.TensorContainer);
      return { share: mask };
    },
  };
}

function batchOf({ images, shape, labels, soft }: SubjectData, { batch, method }: StepSetting, step: number) {
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
    ...(method === 'catrs' && { softTargets: tf.tensor2d(rows(soft, 10), [batch, 10]) }),
  };
}

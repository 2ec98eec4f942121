import * as tf from '@tensorflow/tfjs';
import { useWasm } from 'catrs/wasm';
import { alternate } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { imageBatch, makeLenet } from '../subjects.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

/** Gradient with respect to the input against the forward pass, on each backend. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  const figures: Record<string, unknown> = {};
  for (const backend of ['cpu', 'wasm']) {
    if (backend === 'wasm') await useWasm({ threads: 1 });
    else await tf.setBackend('cpu');
    const images = quick ? 2 : backend === 'cpu' ? 8 : 256;
    const model = makeLenet();
    const batch = imageBatch(images);
    const squares = tf.grad((x) => tf.sum(tf.square(model.apply(x, { training: false }) as tf.Tensor)));
    const read = async (work: () => tf.Tensor): Promise<void> => {
      const result = tf.tidy(work);
      await result.data();
      result.dispose();
    };
    const seconds = await alternate(
      {
        forward: () => read(() => model.apply(batch, { training: false }) as tf.Tensor),
        gradient: () => read(() => squares(batch)),
      },
      { rounds: quick ? 1 : backend === 'cpu' ? 5 : 15, warmUp: 2 },
    );
    figures[backend] = {
      'gradients/s': rates(images, seconds.gradient),
      'forward, images/s': rates(images, seconds.forward),
      'one gradient in forward passes': significant(pairedRatio(seconds.gradient, seconds.forward)),
    };
    batch.dispose();
    model.dispose();
  }
  return { figures: { 'gradient with respect to the input': figures } };
}

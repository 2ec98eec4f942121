import * as tf from '@tensorflow/tfjs';
import { foldIn } from 'catrs';
import { publicSteps } from '../public-steps.ts';
import { key } from '../subjects.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

/** Tensors that are left after 1 000 steps of everything public, with a network of one layer. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  await tf.setBackend('cpu');
  const steps = publicSteps();
  const count = quick ? 5 : 1000;
  const more: Record<string, number> = {};
  for (const [name, step] of Object.entries(steps)) {
    await step(foldIn(key, 0)); // the first step of an optimizer makes its momentum
    const before = tf.memory().numTensors;
    for (let i = 1; i <= count; i++) await step(foldIn(key, i));
    more[name] = tf.memory().numTensors - before;
  }
  return {
    targets: {
      P7c: {
        value: Math.max(...Object.values(more).map(Math.abs)),
        limit: 0,
        limitBecause: 'every tensor has an owner that disposes it',
        details: { steps: count, 'more tensors': more },
      },
    },
  };
}

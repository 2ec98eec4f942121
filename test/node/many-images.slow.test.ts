import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Most that a run over so many images held at once. */
interface Peak {
  /** Tensors during forward passes, and their bytes. */
  readonly tensors: number;
  readonly bytes: number;
  /** Bytes of JavaScript after a collection, every 50 rows from the 50th on. */
  readonly heap: readonly number[];
}

async function peakOf(images: number): Promise<Peak> {
  const { logits } = linearClassifier([1, -1], 0);
  let [tensors, bytes] = [0, 0];
  const watched = (x: tf.Tensor): tf.Tensor => {
    const { numTensors, numBytes } = tf.memory();
    [tensors, bytes] = [Math.max(tensors, numTensors), Math.max(bytes, numBytes)];
    return logits(x);
  };
  // Every 50th image takes as long as forty of the others, which are certified ahead of it.
  const example = (index: number) => {
    const margin = index % 50 === 0 ? 0.15 : 0.8;
    return { x: Float32Array.of(0.5 + margin / 2, 0.5 - margin / 2), label: 1 };
  };
  const dataset: LabelledDataset = { size: images, shape: [2], example };
  const g = new SmoothedClassifier(watched, { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 2 });
  const folder = await mkdtemp(join(tmpdir(), 'catrs-many-'));
  const heap: number[] = [];
  const onProgress = ({ done }: { readonly done: number }): void => {
    if (done === 0 || done % Math.max(50, images / 20) !== 0) return;
    collect();
    heap.push(process.memoryUsage().heapUsed);
  };
  const options = { key: createKey(1), n0: 10, n: 2000, checkEvery: 10, alpha: 0.01 };
  const before = tf.memory().numTensors;
  try {
    const file = join(folder, 'run.tsv');
    const rule = fixedRadius({ radius: 0.1 });
    const { done } = await certifyToLog(g, dataset, { ...options, rule, file, onProgress });
    expect(done).toBe(images);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(tf.memory().numTensors).toBe(before);
  return { tensors, bytes, heap };
}

it('a run over 10 000 images holds no more tensors and no more of the heap than one over 100', async () => {
  await useBackend('cpu');
  await peakOf(100); // what is made once
  const few = await peakOf(100);
  const many = await peakOf(10_000);
  // How many examples fill a batch depends on what is left of each: by a few.
  expect(many.tensors).toBeLessThanOrEqual(few.tensors + 8);
  expect(many.bytes).toBeLessThanOrEqual(few.bytes * 1.05);
  // The first ones and the last ones, so that no single moment counts; the certificates of 10 000 rows would take more.
  const [first = 0, last = 0] = [many.heap.slice(0, 5), many.heap.slice(-5)].map((some) => Math.min(...some));
  expect(many.heap.length).toBeGreaterThanOrEqual(20);
  expect(last - first).toBeLessThan(3e6);
}, 600_000);

/**
 * Starts TensorFlow in a process or thread of its own, with the options of the first argument, and tells what it is. `CATRS_TEST_LOADED`: after
 * the host has loaded it; `CATRS_TEST_WORKER`: in a worker with an environment of its own.
 */
import { createRequire } from 'node:module';
import util from 'node:util';
import { isMainThread, Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { CatrsError } from '../../src/errors.ts';
import { useNative, type UseNativeOptions } from '../../src/native/index.ts';
import { currentEngine } from '../../src/tensors/engine.ts';
import { guestsFolder } from '../helpers/guests.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as UseNativeOptions;

async function start(): Promise<void> {
  try {
    const engine = await useNative({ resolveFrom: guestsFolder, ...options });
    const product = tf.matMul(tf.tensor2d([1, 2], [1, 2]), tf.tensor2d([3, 4], [2, 1]));
    const threads = process.env['TF_NUM_INTRAOP_THREADS'];
    const told = { engine, name: currentEngine(), backend: tf.getBackend() };
    console.log(JSON.stringify({ ...told, product: [...(await product.data())], threads }));
  } catch (error) {
    if (!(error instanceof CatrsError)) throw error;
    console.log(JSON.stringify({ refused: error.message }));
  }
}

if (process.env['CATRS_TEST_LOADED'] !== undefined) {
  // What tfjs-node lacks on newer versions of Node.
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
  createRequire(`${guestsFolder}package.json`)('@tensorflow/tfjs-node');
}
if (isMainThread && process.env['CATRS_TEST_WORKER'] !== undefined) {
  new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), env: { ...process.env } });
} else {
  await start();
}

/** Starts TensorFlow in a process or thread of its own, with the options of the first argument, and tells what it is. */
import * as tf from '@tensorflow/tfjs';
import { CatrsError } from '../../src/errors.ts';
import { useNative, type UseNativeOptions } from '../../src/native/index.ts';
import { guestsFolder } from '../helpers/guests.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as UseNativeOptions;
try {
  const engine = await useNative({ resolveFrom: guestsFolder, ...options });
  const product = tf.matMul(tf.tensor2d([1, 2], [1, 2]), tf.tensor2d([3, 4], [2, 1]));
  const threads = process.env['TF_NUM_INTRAOP_THREADS'];
  console.log(JSON.stringify({ engine, backend: tf.getBackend(), product: [...(await product.data())], threads }));
} catch (error) {
  if (!(error instanceof CatrsError)) throw error;
  console.log(JSON.stringify({ refused: error.message }));
}

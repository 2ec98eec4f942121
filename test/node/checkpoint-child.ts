/**
 * A process that saves one checkpoint after the other to the file named on its command line, to be killed on the way: checkpoint i holds a
 * large weight of nothing but i. It prints i when checkpoint i is saved.
 */
import * as tf from '@tensorflow/tfjs';
import { saveCheckpoint } from '../../src/node/checkpoint-files.ts';

const [file = '', first = '0'] = process.argv.slice(2);
await tf.setBackend('cpu');
const w = tf.variable(tf.zeros([3_000_000]));
for (let i = Number(first); ; i++) {
  tf.tidy(() => w.assign(tf.fill([3_000_000], i)));
  await saveCheckpoint(file, { variables: { w }, state: i });
  console.log(i);
}

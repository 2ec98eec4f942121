/** A process that certifies slowly into the log named on its command line, waiting at each batch, to be killed in the middle of an image. */
import * as tf from '@tensorflow/tfjs';
import { runTyped } from './journal-runs.ts';

const [file = '', milliseconds = '0'] = process.argv.slice(2);
await tf.setBackend('cpu');
await runTyped(file, Number(milliseconds));

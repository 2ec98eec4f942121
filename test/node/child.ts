/**
 * A process that certifies the points into the log named on its command line, waiting before each image, to be killed on the way or to
 * meet another. It prints `ready` when it begins, then its summary or the text of its error.
 */
import * as tf from '@tensorflow/tfjs';
import { CatrsError } from '../../src/errors.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { dataset, g, settings } from './points.ts';

const [file = '', milliseconds = '0'] = process.argv.slice(2);
await tf.setBackend('cpu');
const slow = {
  ...dataset,
  example: async (index: number) => {
    await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
    return dataset.example(index);
  },
};
// A full disk can be played by a limit on the size of files; the signal that comes with it would end the process.
process.on('SIGXFSZ', () => undefined);

console.log('ready');
try {
  console.log(JSON.stringify(await certifyToLog(g, slow, { ...settings, file, batchSize: 50 })));
} catch (error) {
  if (!(error instanceof CatrsError)) throw error;
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}

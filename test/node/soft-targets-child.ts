/** A process that writes the soft targets of the points into the file named on its command line, slowly, to be killed on the way. */
import * as tf from '@tensorflow/tfjs';
import { softTargetsToNpy } from '../../src/node/soft-targets-to-npy.ts';
import { dataset, g, key } from './points.ts';

const [file = '', milliseconds = '0'] = process.argv.slice(2);
await tf.setBackend('cpu');
const slow = {
  ...dataset,
  example: async (index: number) => {
    await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
    return dataset.example(index);
  },
};
const onProgress = ({ done }: { readonly done: number }): void => console.log(`done ${done}`);
await softTargetsToNpy(g, slow, { key, n: 200, file, onProgress });

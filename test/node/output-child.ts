/**
 * A process that certifies examples of smoothed regression into the log named on its command line, waiting before each, to be killed on the way. It prints
 * `ready` when it begins, then its summary or the text of its error.
 */
import * as tf from '@tensorflow/tfjs';
import { CatrsError } from '../../src/errors.ts';
import { outputFamilyOf, targetsOf } from '../helpers/output-families.ts';
import { runOutputs, SIZE } from './output-runs.ts';

const [file = '', milliseconds = '0'] = process.argv.slice(2);
await tf.setBackend('cpu');
const family = outputFamilyOf('regression');
const targets = targetsOf(family, SIZE);
const dataset = {
  ...targets,
  example: async (index: number) => {
    await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
    return targets.example(index);
  },
};
// A full disk can be played by a limit on the size of files; the signal that comes with it would end the process.
process.on('SIGXFSZ', () => undefined);

console.log('ready');
try {
  console.log(JSON.stringify(await runOutputs(family, file, { batchSize: 50 }, { dataset })));
} catch (error) {
  if (!(error instanceof CatrsError)) throw error;
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}

/** What the worker threads of the tests load: the certifier of the points, with a fault at one image if the test wants one. */
import * as tf from '@tensorflow/tfjs';
import { BackendError, OptionError } from '../../src/errors.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import type { Certifier, StreamExample } from '../../src/smoothed/types.ts';
import { g } from './points.ts';

/** Ways to go wrong. */
export const faults = {
  exit: () => process.exit(3),
  'exit without a code': () => process.exit(),
  throw: () => {
    throw new TypeError('boom\nand more');
  },
  reject: () => {
    void Promise.reject(new Error('lost'));
    return new Promise(() => undefined);
  },
  memory: () => {
    for (const hoard: number[][] = []; ;) hoard.push(new Array<number>(100_000).fill(hoard.length));
  },
  documented: () => {
    throw new OptionError('`n` must be odd, got 4', { call: 'certifyDataset', field: 'n', value: () => 4 });
  },
  backend: () => {
    throw new BackendError('`batchSize` must be small enough, got 256', {
      call: 'certifyDataset',
      field: 'batchSize',
      value: 256,
    });
  },
  hang: () => new Promise(() => undefined),
  slow: () => new Promise((resolve) => setTimeout(resolve, 1500)),
  loop: () => {
    for (;;);
  },
} as const;

/** What the tests send. */
export interface ModuleData {
  readonly fault: keyof typeof faults;
  readonly at: number;
}

/** Makes the certifier in a thread. */
export async function makeCertifier(
  data?: ModuleData | 'throw' | 'nothing' | 'wrong',
): Promise<Certifier<CertifyOptions>> {
  await tf.setBackend('cpu');
  if (data === 'throw') throw new Error('no weights');
  if (data === 'wrong')
    throw new OptionError('`seed` must be whole, got 1.5', { call: 'createKey', field: 'seed', value: 1.5 });
  if (data === 'nothing') return undefined as never;
  if (data === undefined) return g;
  const { fault, at } = data;
  async function* faulty(examples: AsyncIterable<StreamExample>): AsyncGenerator<StreamExample> {
    for await (const example of examples) {
      if (example.index === at) await faults[fault]();
      yield example;
    }
  }
  const { numClasses, smoothing, engine } = g;
  return {
    numClasses,
    smoothing,
    engine,
    certifyStream: (examples, ...rest) => g.certifyStream(faulty(examples), ...rest),
  };
}

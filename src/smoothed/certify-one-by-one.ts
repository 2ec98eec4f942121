import type * as tf from '@tensorflow/tfjs';
import type { Certificate } from '../certify/types.ts';
import { exampleKey } from '../random/purposes.ts';
import type { Key } from '../types.ts';
import type { StreamExample, TimedCertificate } from './types.ts';

/** Certifies the examples of a stream one after the other, example i with the key `foldIn(key, i)`. @internal */
export async function* certifyOneByOne(
  examples: AsyncIterable<StreamExample>,
  key: Key,
  certify: (x: tf.Tensor, key: Key) => Promise<Certificate>,
): AsyncGenerator<TimedCertificate, void, undefined> {
  for await (const { x, index } of examples) {
    const begun = performance.now();
    const certificate = await certify(x, exampleKey(key, index));
    yield { certificate, milliseconds: performance.now() - begun };
  }
}

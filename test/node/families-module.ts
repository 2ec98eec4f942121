/** What the worker threads load: the certifier of a family by its name. */
import * as tf from '@tensorflow/tfjs';
import type { Certifier } from '../../src/smoothed/types.ts';
import { certifierOf, familyOf } from '../helpers/families.ts';

/** Makes the certifier in a thread. */
export async function makeCertifier(name: string): Promise<Certifier<object>> {
  await tf.setBackend('cpu');
  return certifierOf(familyOf(name));
}

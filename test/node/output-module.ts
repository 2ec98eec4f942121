/** What the worker threads load: the certifier of a family of outputs by its name. */
import * as tf from '@tensorflow/tfjs';
import { outputCertifierOf, outputFamilyOf, type TestCertifier } from '../helpers/output-families.ts';

/** Makes the certifier in a thread. */
export async function makeCertifier(name: string): Promise<TestCertifier> {
  await tf.setBackend('cpu');
  return outputCertifierOf(outputFamilyOf(name));
}

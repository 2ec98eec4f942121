import { dataFor } from '../host/own-data.ts';
import type { NoiseRecord } from '../certify/types.ts';

/** What is logged of a noise. @internal */
export function noiseRecord({ name, parameters }: NoiseRecord): NoiseRecord {
  return { name, parameters: dataFor(parameters) };
}

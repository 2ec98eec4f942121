import type { NoiseRecord } from '../certify/types.ts';
import { OptionError } from '../errors.ts';
import { noiseOf } from '../noise/noise-of.ts';
import type { Noise } from '../noise/types.ts';
import { CliError } from './cli-error.ts';

/** Makes a noise of samples again from what a log says of it. @internal */
export function sampledNoiseOf(record: NoiseRecord): Noise {
  try {
    const noise = noiseOf(record);
    if ('copies' in noise) throw new CliError(`the noise of the log must be random, got ${record.name}`);
    return noise;
  } catch (error) {
    if (error instanceof OptionError) throw new CliError(`${error.message} (check the log by a program)`);
    throw error;
  }
}

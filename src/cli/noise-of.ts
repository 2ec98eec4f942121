import type { NoiseRecord } from '../certify/types.ts';
import { CauchyNoise } from '../noise/cauchy-noise.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import { LaplaceNoise } from '../noise/laplace-noise.ts';
import { SoundGaussianNoise } from '../noise/sound-gaussian-noise.ts';
import type { Noise } from '../noise/types.ts';
import { UniformNoise } from '../noise/uniform-noise.ts';
import { CliError } from './cli-error.ts';

// The makers check what they are given, so what a log says is passed on as it is.
const makers: Readonly<Record<string, (parameters: never) => Noise>> = {
  gaussian: (parameters) => new GaussianNoise(parameters),
  'sound-gaussian': (parameters) => new SoundGaussianNoise(parameters),
  laplace: (parameters) => new LaplaceNoise(parameters),
  uniform: (parameters) => new UniformNoise(parameters),
  cauchy: (parameters) => new CauchyNoise(parameters),
};

/** Makes a noise again from what a log says of it. @internal */
export function noiseOf({ name, parameters }: NoiseRecord): Noise {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make) return make(parameters as never);
  throw new CliError(
    `the noise of a log must be one of ${Object.keys(makers).join(', ')}, got ${name} (check it by a program)`,
  );
}

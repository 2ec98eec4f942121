import { OptionError, refusal } from '../../errors.ts';
import type { Noise, RadiusRequest } from '../../noise/types.ts';
import type { ProbabilityBound } from '../../types.ts';

/** What is left of a probability within a radius. @internal */
export type Shift = (radius: number) => (bound: ProbabilityBound) => ProbabilityBound;

/** The shift of a noise (`Noise.shiftDown`). Throws OptionError for a noise that knows only what stays above 1/2. @internal */
export function shiftOf(call: string, noise: Noise, request: RadiusRequest): Shift {
  const { name } = noise;
  if (noise.shiftDown === undefined) {
    const way =
      'it knows only what stays above 1/2; GaussianNoise, SoundGaussianNoise, UniformNoise and LaplaceNoise shift any probability';
    throw refusal(OptionError, { call, field: 'noise', value: name, way }, 'must have shiftDown');
  }
  return (radius) => (bound) => noise.shiftDown?.(bound, radius, request) ?? { p: 0, q: 1 };
}

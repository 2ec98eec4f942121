import type { AblationEncoding } from '../noise/ablated-copies.ts';
import { AblationNoise } from '../noise/ablation-noise.ts';
import { BandAblation, type BandAblationOptions } from '../noise/band-ablation.ts';
import { BitFlipNoise } from '../noise/bit-flip-noise.ts';
import { DeletionNoise } from '../noise/deletion-noise.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import { LaplaceNoise } from '../noise/laplace-noise.ts';
import { SoundGaussianNoise } from '../noise/sound-gaussian-noise.ts';
import { SplittingNoise } from '../noise/splitting-noise.ts';
import type { DeterministicNoise, Noise } from '../noise/types.ts';
import { UniformNoise } from '../noise/uniform-noise.ts';
import type { NoiseChoice } from './noise-options.ts';

/** Makes the noise for inputs of a shape. Its class checks the options. @internal */
export function makeNoise(choice: NoiseChoice, shape: readonly number[]): Noise | DeterministicNoise {
  const {
    noise = 'gaussian',
    keep,
    maskId,
    positions,
    addition,
    deletion,
    length,
    padId,
    halfWidth,
    scale,
    sigma,
  } = choice;
  switch (noise) {
    case 'gaussian':
      return new GaussianNoise({ sigma: sigma as number });
    case 'sound-gaussian':
      return new SoundGaussianNoise({ sigma: sigma as number });
    case 'uniform':
      return new UniformNoise({ halfWidth: halfWidth as number });
    case 'laplace':
      return new LaplaceNoise({ scale: scale as number });
    case 'splitting':
      return new SplittingNoise({ halfWidth: halfWidth as number });
    case 'band':
    case 'block':
      return new BandAblation({
        inputShape: shape,
        keep: (noise === 'block' ? 'blocks' : (keep ?? 'columns')) as BandAblationOptions['keep'],
        size: perAxis(choice.bandSize) as BandAblationOptions['size'],
        stride: perAxis(choice.stride),
        wrap: choice.wrap,
        encoding: encodingOf(choice),
      });
    case 'ablation':
      return new AblationNoise({
        inputShape: shape,
        keep: keep as number,
        positions: maskId === undefined ? positions : 'tokens',
        encoding: maskId === undefined ? encodingOf(choice) : { fill: maskId },
      });
    case 'bit-flip':
      return new BitFlipNoise({ addition: addition as number, deletion: deletion as number });
    case 'deletion':
      return new DeletionNoise({
        length: length ?? shape[0] ?? 0,
        deletion: deletion as number,
        padId: padId as number,
      });
  }
}

const perAxis = (values: readonly number[] | undefined): BandAblationOptions['stride'] =>
  values?.length === 1 ? values[0] : (values as BandAblationOptions['stride']);

function encodingOf({ encoding, fill }: NoiseChoice): AblationEncoding | undefined {
  if (encoding !== 'fill') return encoding;
  return { fill: fill?.length === 1 ? (fill[0] as number) : (fill as readonly number[]) };
}

import type { AblationEncoding } from '../noise/ablated-copies.ts';
import { AblationNoise } from '../noise/ablation-noise.ts';
import { BandAblation, type BandAblationOptions } from '../noise/band-ablation.ts';
import { BitFlipNoise } from '../noise/bit-flip-noise.ts';
import { DeletionNoise } from '../noise/deletion-noise.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import type { Scale } from '../noise/scales.ts';
import { LaplaceNoise } from '../noise/laplace-noise.ts';
import { SoundGaussianNoise } from '../noise/sound-gaussian-noise.ts';
import { SplittingNoise } from '../noise/splitting-noise.ts';
import { BlurNoise } from '../noise/transformations/blur-noise.ts';
import { ChainNoise } from '../noise/transformations/chain-noise.ts';
import { LightNoise } from '../noise/transformations/light-noise.ts';
import { ShiftNoise } from '../noise/transformations/shift-noise.ts';
import type { DeterministicNoise, Noise } from '../noise/types.ts';
import { UniformNoise } from '../noise/uniform-noise.ts';
import { CliError } from './io.ts';
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
  checkCount('--sigma', sigma, shape);
  checkCount('--half-width', halfWidth, shape);
  checkCount('--scale', scale, shape);
  switch (noise) {
    case 'gaussian':
      return new GaussianNoise({ sigma: sigma as Scale });
    case 'sound-gaussian':
      return new SoundGaussianNoise({ sigma: sigma as Scale });
    case 'uniform':
      return new UniformNoise({ halfWidth: halfWidth as Scale });
    case 'laplace':
      return new LaplaceNoise({ scale: scale as Scale });
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
    case 'blur':
    case 'light':
    case 'shift':
    case 'blur-and-light':
      return makeTransformation(noise, choice);
  }
}

/** Throws CliError unless a list of scales has one for each value of an input. */
function checkCount(flag: string, scale: number | readonly number[] | undefined, shape: readonly number[]): void {
  const size = shape.reduce((product, length) => product * length, 1);
  if (typeof scale !== 'object' || scale.length === size) return;
  const must = `must be one number, or one for each of the ${size} values of an input [${shape.join(', ')}]`;
  throw new CliError(`${flag} ${must}, got ${scale.length}`);
}

/** A noise that transforms. */
function makeTransformation(
  name: 'blur' | 'light' | 'shift' | 'blur-and-light',
  { blur, blurLaw, contrast, brightness, sigma, pixelSigma }: NoiseChoice,
): Noise {
  const light = { contrast: contrast as number, brightness: brightness as number };
  switch (name) {
    case 'blur':
      return new BlurNoise({ mean: blur as number, law: blurLaw });
    case 'light':
      return new LightNoise(light);
    case 'shift':
      return new ShiftNoise({ sigma: sigma as number, pixelSigma });
    case 'blur-and-light':
      return new ChainNoise({ blur: blur as number, ...light });
  }
}

const perAxis = (values: readonly number[] | undefined): BandAblationOptions['stride'] =>
  values?.length === 1 ? values[0] : (values as BandAblationOptions['stride']);

function encodingOf({ encoding, fill }: NoiseChoice): AblationEncoding | undefined {
  if (encoding !== 'fill') return encoding;
  return { fill: fill?.length === 1 ? (fill[0] as number) : (fill as readonly number[]) };
}

import { OptionError, refusal } from '../errors.ts';
import type { AblationEncoding } from './ablated-copies.ts';
import type { AblationNoiseOptions } from './ablation-layout.ts';
import { AblationNoise } from './ablation-noise.ts';
import { AllAblations } from './all-ablations.ts';
import { BandAblation, type BandAblationOptions } from './band-ablation.ts';
import { BitFlipNoise, type BitFlipRates, type BitGroup } from './bit-flip-noise.ts';
import { CauchyNoise } from './cauchy-noise.ts';
import { DeletionNoise } from './deletion-noise.ts';
import { DeterministicSplittingNoise } from './deterministic-splitting-noise.ts';
import { GaussianNoise } from './gaussian-noise.ts';
import { LaplaceNoise } from './laplace-noise.ts';
import { SoundGaussianNoise } from './sound-gaussian-noise.ts';
import { SplittingNoise } from './splitting-noise.ts';
import { BlurNoise } from './transformations/blur-noise.ts';
import { ChainNoise } from './transformations/chain-noise.ts';
import { LightNoise } from './transformations/light-noise.ts';
import { ShiftNoise } from './transformations/shift-noise.ts';
import type { DeterministicNoise, Noise, NoiseRecord } from './types.ts';
import { UniformNoise } from './uniform-noise.ts';
import { ValueFlipNoise } from './value-flip-noise.ts';

/** How logs say a key. */
interface KeyWords {
  readonly key0: number;
  readonly key1: number;
}

/** How logs say an encoding. */
interface EncodingWords {
  readonly encoding: string;
  readonly fill?: number | readonly number[];
}

/** Options of a noise with an encoding, from its record. */
function encoded<Options>({ encoding, fill, ...rest }: EncodingWords & Omit<Options, 'encoding'>): Options {
  return { ...rest, encoding: (encoding === 'fill' ? { fill } : encoding) as AblationEncoding } as Options;
}

/** How logs say the groups of flipped bits. */
interface BitGroupLists {
  readonly sizes: readonly number[];
  readonly additions: readonly number[];
  readonly deletions: readonly number[];
}

// The makers check what they are given, so what a log says is passed on as it is.
const makers: Readonly<Record<string, (parameters: never) => Noise | DeterministicNoise>> = {
  gaussian: (parameters) => new GaussianNoise(parameters),
  // Logs say `clip` for the headroom.
  'sound-gaussian': ({ clip, ...rest }: { readonly sigma: number; readonly clip?: number }) =>
    new SoundGaussianNoise({ headroom: clip, ...rest }),
  laplace: (parameters) => new LaplaceNoise(parameters),
  uniform: (parameters) => new UniformNoise(parameters),
  cauchy: (parameters) => new CauchyNoise(parameters),
  splitting: (parameters) => new SplittingNoise(parameters),
  deletion: (parameters) => new DeletionNoise(parameters),
  'deterministic-splitting': ({ key0, key1, ...rest }: KeyWords & { readonly halfWidth: number }) =>
    new DeterministicSplittingNoise({ ...rest, key: [key0, key1] }),
  'band-ablation': (parameters) => new BandAblation(encoded<BandAblationOptions>(parameters)),
  ablation: (parameters) => new AblationNoise(encoded<AblationNoiseOptions>(parameters)),
  'all-ablations': (parameters) => new AllAblations(encoded<AblationNoiseOptions>(parameters)),
  'bit-flip': (parameters: BitFlipRates | BitGroupLists) =>
    new BitFlipNoise('sizes' in parameters ? { groups: groupsOf(parameters) } : parameters),
  'value-flip': (parameters) => new ValueFlipNoise(parameters),
  blur: (parameters) => new BlurNoise(parameters),
  light: (parameters) => new LightNoise(parameters),
  shift: (parameters) => new ShiftNoise(parameters),
  'blur-and-light': (parameters) => new ChainNoise(parameters),
};

/**
 * Makes a noise again from the record that a certificate holds, as `ruleOf` makes its rule.
 *
 * @throws OptionError for a name that catrs does not know, and for parameters that the noise does not take
 * @example
 * ```ts
 * const noise = noiseOf({ name: 'gaussian', parameters: { sigma: 0.25 } });
 * ```
 */
export function noiseOf(record: NoiseRecord): Noise | DeterministicNoise {
  const make = Object.hasOwn(makers, record.name) ? makers[record.name] : undefined;
  if (make !== undefined) return make(record.parameters as never);
  const way = "a noise of one's own cannot be made from its record: pass the noise itself";
  const must = `must name a noise of catrs (${Object.keys(makers).join(', ')})`;
  throw refusal(OptionError, { call: 'noiseOf', field: 'record', value: record.name, way }, must);
}

function groupsOf({ sizes, additions, deletions }: BitGroupLists): BitGroup[] {
  return sizes.map((size, g) => ({ size, addition: additions[g]!, deletion: deletions[g]! }));
}

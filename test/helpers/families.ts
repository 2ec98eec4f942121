import * as tf from '@tensorflow/tfjs';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { AllAblations } from '../../src/noise/all-ablations.ts';
import { BandAblation } from '../../src/noise/band-ablation.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import type { DeterministicNoise, Noise } from '../../src/noise/types.ts';
import { ValueFlipNoise } from '../../src/noise/value-flip-noise.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { Certifier } from '../../src/smoothed/types.ts';
import type { CopyVotes } from '../../src/smoothed/count-votes.ts';

export const numClasses = 3;

/** A noise that counts changes, with inputs and a classifier of its copies. */
interface Family<Of> {
  readonly name: string;
  readonly noise: Of;
  readonly inputShape: readonly number[];
  /** What radii count. */
  readonly unit: string;
  /** Input i: every second value is one for class 0, 1 and 2 in turn, so that classes are as sure as in real data. */
  readonly input: (i: number) => Float32Array;
}

/** A family whose copies are drawn. */
export type SampledFamily = Family<Noise>;

/** A family whose copies are enumerated. */
export interface EnumeratedFamily extends Family<DeterministicNoise> {
  readonly votes: CopyVotes;
}

const uniforms = (seed: number, dimension: number): Float32Array => {
  const out = new Float32Array(dimension);
  fillUniforms(out, { key: foldIn(createKey(91), seed), start: 0, dimension });
  return out;
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Real numbers from 0 to 1 with one third of the places bright, that of the class of the input. */
const image = (shape: readonly number[]) => (i: number) =>
  uniforms(i, sizeOf(shape)).map((u, at) => (at % numClasses === i % numClasses ? 0.7 + 0.3 * u : 0.3 * u));
const bits = (size: number) => (i: number) =>
  uniforms(i, size).map((u, at) => (u < (at % numClasses === i % numClasses ? 0.95 : 0.1) ? 1 : 0));
/** Tokens 1, 2 and 3, mostly that of the class. */
const tokens = (size: number) => (i: number) =>
  uniforms(i, size).map((u) => (u < 0.8 ? 1 + (i % numClasses) : 1 + (Math.floor(100 * u) % 3)));

const deletion = new DeletionNoise({ length: 16, deletion: 0.8, padId: 0 });

/** Every noise that counts changes and draws its copies. A new noise is a new row. */
export const sampledFamilies: readonly SampledFamily[] = [
  {
    name: 'ablation of pixels',
    noise: new AblationNoise({ inputShape: [4, 6, 2], keep: 4 }),
    inputShape: [4, 6, 2],
    unit: 'pixels',
    input: image([4, 6, 2]),
  },
  {
    name: 'ablation of values',
    noise: new AblationNoise({ inputShape: [21], keep: 3, positions: 'values', encoding: 'mask' }),
    inputShape: [21],
    unit: 'positions',
    input: image([21]),
  },
  {
    name: 'ablation of tokens',
    noise: new AblationNoise({ inputShape: [20], keep: 3, positions: 'tokens', encoding: { fill: 0 } }),
    inputShape: [20],
    unit: 'tokens',
    input: tokens(20),
  },
  {
    name: 'flips of bits',
    noise: new BitFlipNoise({ addition: 0.1, deletion: 0.3 }),
    inputShape: [3, 8],
    unit: 'bits',
    input: bits(24),
  },
  {
    name: 'flips of groups of bits',
    noise: new BitFlipNoise({
      groups: [
        { size: 9, addition: 0.2, deletion: 0.2 },
        { size: 15, addition: 0, deletion: 0.4 },
      ],
    }),
    inputShape: [24],
    unit: 'bits',
    input: bits(24),
  },
  {
    name: 'flips of values',
    noise: new ValueFlipNoise({ values: 4, keep: 0.6 }),
    inputShape: [18],
    unit: 'positions',
    input: tokens(18),
  },
  {
    name: 'deletion of tokens',
    noise: deletion,
    inputShape: [16],
    unit: 'edits',
    input: (i) => deletion.pad(tokens(12)(i)),
  },
];

const bandShape = [6, 9, 1];
const argmax = 'argmax';

/** Every noise that counts changes and enumerates its copies. */
export const enumeratedFamilies: readonly EnumeratedFamily[] = [
  ...([argmax, { threshold: 0.4 }] as const).map((votes) => ({
    name: `bands, votes ${JSON.stringify(votes)}`,
    noise: new BandAblation({ inputShape: bandShape, keep: 'columns', size: 2 }),
    inputShape: bandShape,
    unit: 'pixels a side',
    input: image(bandShape),
    votes,
  })),
  {
    name: 'all ablations',
    noise: new AllAblations({ inputShape: [12], keep: 2, positions: 'values', encoding: 'mask' }),
    inputShape: [12],
    unit: 'positions',
    input: image([12]),
    votes: argmax,
  },
];

/** All families. */
export const families: readonly (SampledFamily | EnumeratedFamily)[] = [...sampledFamilies, ...enumeratedFamilies];

/** A classifier of the copies of a family: how many values stand at the places, or are the token, of each class. */
export function modelOf({ noise, inputShape, input }: SampledFamily | EnumeratedFamily): LogitsFn {
  const shape = noise.copyShape?.(inputShape) ?? inputShape;
  const size = sizeOf(shape);
  const isToken = noise.domain === 'tokens';
  const width = isToken ? 1 : size / sizeOf(inputShape);
  if (input(0).length !== sizeOf(inputShape)) throw new Error('an input of another size');
  return (x) =>
    tf.tidy(() => {
      const flat = tf.reshape(x, [-1, size]);
      const scores = Array.from({ length: numClasses }, (_, c) => {
        if (isToken) return tf.sum(tf.cast(tf.equal(flat, c + 1), 'float32'), 1, true);
        const weights = Float32Array.from({ length: size }, (__, at) => placeOf(at, { shape, inputShape, width }) === c ? 1 : 0); // prettier-ignore
        return tf.matMul(flat, tf.tensor2d(weights, [size, 1]));
      });
      // No two classes are ever equally good: the last place decides.
      return tf.add(tf.concat(scores, 1), tf.tensor1d([0.02, 0.01, 0]));
    });
}

/** The class at whose places a value of a copy stands; -1 for what encodes that it is hidden. */
function placeOf(
  at: number,
  {
    shape,
    inputShape,
    width,
  }: { readonly shape: readonly number[]; readonly inputShape: readonly number[]; readonly width: number },
): number {
  if (width === 1) return at % numClasses;
  const channels = shape.at(-1)!;
  const own = inputShape.length === shape.length ? inputShape.at(-1)! : 1;
  const [place, channel] = [Math.floor(at / channels), at % channels];
  return channel < own ? (place * own + channel) % numClasses : -1;
}

/** A data set of a family: `size` inputs, of which the last has a wrong label. */
export function datasetOf({ input, inputShape }: SampledFamily | EnumeratedFamily, size: number): LabelledDataset {
  const values = Float32Array.from(Array.from({ length: size }, (_, i) => [...input(i)]).flat());
  const labels = Array.from({ length: size }, (_, i) => (i + (i === size - 1 ? 1 : 0)) % numClasses);
  return arrayDataset({ values, shape: [...inputShape], labels });
}

/** The family of a name. */
export function familyOf(name: string): SampledFamily | EnumeratedFamily {
  const family = families.find((one) => one.name === name);
  if (family === undefined) throw new Error(`no family ${name}`);
  return family;
}

/** Whether the copies of a family are enumerated. */
export const isEnumerated = (family: SampledFamily | EnumeratedFamily): family is EnumeratedFamily => 'votes' in family;

/** The smoothed classifier of a family. */
export function certifierOf(family: SampledFamily | EnumeratedFamily): Certifier<object> {
  const f = modelOf(family);
  if (!isEnumerated(family)) return new SmoothedClassifier(f, { noise: family.noise, numClasses }) as Certifier<object>;
  return new DerandomizedClassifier(f, { noise: family.noise, numClasses, votes: family.votes });
}

import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { DrawPosition } from '../random/draw-position.ts';
import type { Norm, ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import { assertTopOne, FLIP_WORD, FLIP_WORDS, flipWordsOf, keepsLead, type Lead, leadOf } from './bit-flip-lead.ts';
import { type BitChanges, bitRadius, bitStaircase } from './bit-flip-radius.ts';
import { allMixtures } from './change-mixtures.ts';
import { largestWith } from './exact-fraction.ts';
import { fillFlipped, flippedCopies, type FlipWords } from './flipped-copies.ts';
import { assertNorm, drawRequest } from './requests.ts';
import type { Domain, DrawRequest, Noise, NoiseParameters, RadiusRequest } from './types.ts';

/** How often bits are flipped. */
export interface BitFlipRates {
  /** Probability that a zero becomes a one, from 0 to below 1; taken to the nearest multiple of 2⁻³². */
  readonly addition: number;
  /** Probability that a one becomes a zero, likewise. The two add up to more than 0 and less than 1. */
  readonly deletion: number;
}

/** Bits of an input that are flipped alike. */
export interface BitGroup extends BitFlipRates {
  /** How many bits of the flattened input; the next group begins behind them. */
  readonly size: number;
}

/** Options of {@link BitFlipNoise}: one pair of probabilities for all bits, or one for each group of them. */
export type BitFlipNoiseOptions =
  | BitFlipRates
  | {
      /** The groups in the order of their bits; their sizes add up to those of an input. */
      readonly groups: readonly BitGroup[];
    };

const probability = fields.field<number>(
  'must be a number from 0 to below 1, and 0 or at least 2^-32',
  (v) => typeof v === 'number' && (v === 0 || v >= FLIP_WORD) && flipWordsOf(v) < FLIP_WORDS,
);
const rates = optionsOf<BitFlipRates>()({ addition: probability, deletion: probability });
const bitGroup = optionsOf<BitGroup>()({
  size: fields.positiveInteger,
  addition: probability,
  deletion: probability,
});
const groupsOptions = optionsOf<{ readonly groups: readonly BitGroup[] }>()({
  groups: fields.field<readonly BitGroup[]>(
    'must be a list of at least one { size, addition, deletion }',
    (v) => Array.isArray(v) && v.length > 0,
  ),
});

/** Options of {@link BitFlipNoise.staircase}. */
export interface StaircaseOptions {
  /** No more additions and no more deletions are tried; at most 1024. */
  readonly most: number;
  /**
   * Which group of bits is changed; those of the others stay.
   * @defaultValue 0
   */
  readonly group?: number | undefined;
}

/** Searches end here: so many changes are beyond what a class probability that was sampled can prove, but for extreme probabilities of flips. */
const MOST_CHANGES = 1024;
const MOST_TOLD_CHANGES = 2 ** 16;

const staircaseOptions = optionsOf<StaircaseOptions>()({
  most: fields.field<number>(`must be an integer from 0 to ${MOST_CHANGES}`, (v) =>
    fields.isInteger(v, 0, MOST_CHANGES),
  ),
  group: fields.withDefault(fields.nonNegativeInteger, 0),
});
const changeCount = fields.field<number>(`must be an integer from 0 to ${MOST_TOLD_CHANGES}`, (v) =>
  fields.isInteger(v, 0, MOST_TOLD_CHANGES),
);
const bitChanges = optionsOf<BitChanges>()({ added: changeCount, deleted: changeCount });

/**
 * Bit flips for inputs of zeros and ones, sparse data and graphs: each bit is flipped on its own, a zero with probability p₊ (`addition`), a one
 * with p₋ (`deletion`).
 *
 * Certificates count changed bits: at most r_a zeros that become ones and at most r_d ones that become zeros, anywhere. Of the copies only those
 * bits matter, by the number q of them that differ from the input: Bin(r_a, p₊) + Bin(r_d, p₋) at the input, Bin(r_a, 1 − p₋) + Bin(r_d, 1 − p₊)
 * at the changed one. The class is certified if its least probability there, by the lemma of Neyman and Pearson, is above 1/2 (`radius`), or above
 * the greatest of the best other class (`radiusAgainst`). Decided in doubles where these are apart by
 * more than doubles can be wrong, else in exact fractions.
 *
 * `radius` is the largest r for which every mixture of additions and deletions with r_a + r_d = r is certified: a whole number, closed, −1 where not
 * even the class at the input is proven. It is never more than 1024. `certifies` answers for one pair of numbers, `staircase` for all.
 *
 * A bit is flipped if a 32-bit word of (key, sample, coordinate) is below ⌊2³² p⌉, and that is the probability that the certificate counts with: nothing is
 * left to rounding. Copies of x cost one word a bit.
 *
 * For undirected graphs let the input have one bit for each pair of nodes i < j and mirror it inside the classifier: else the two bits of one edge would be flipped apart and count as two changes.
 *
 * @throws OptionError for probabilities outside [0, 1), that add up to 0 or to 1 and more, or that are above 0 but below 2⁻³²
 * @see Bojchevski, Gasteiger, Günnemann, "Efficient Robustness Certificates for Discrete Data: Sparsity-Aware Randomized Smoothing for Graphs, Images
 * and More", ICML 2020
 * @example
 * ```ts
 * const noise = new BitFlipNoise({ addition: 0.01, deletion: 0.6 });
 * noise.radius({ p: 0.99, q: 0.01 }, { norm: 'l0', dimension: 1433 }); // 2
 * noise.staircase({ p: 0.99, q: 0.01 }, { most: 50 }); // [7, 6, 0, 0]: 7 deletions, or 1 addition and 6 deletions, ...
 * noise.certifies({ p: 0.99, q: 0.01 }, { added: 1, deleted: 6 }); // true
 * ```
 */
export class BitFlipNoise implements Noise {
  /** Name in logs. */
  readonly name: string = 'bit-flip';
  /** It certifies ℓ0: the number of changed bits. */
  readonly norms: readonly Norm[] = ['l0'];
  /** The certificate holds for inputs of zeros and ones. */
  readonly domain: Domain = 'binary';
  /** What its certificates take for granted. */
  readonly assumptions: readonly string[] = ['uniform bits', 'deterministic classifier independent of the batch'];
  /** `{ addition, deletion }`, or lists of `sizes`, `additions` and `deletions` of the groups. */
  readonly parameters: NoiseParameters;
  /** In the order of the bits; one of size `Infinity` where all bits are flipped alike. */
  readonly groups: readonly BitGroup[];

  /** Builds the noise for its probabilities. */
  constructor(options: BitFlipNoiseOptions) {
    this.groups = groupsOf(options);
    const [first] = this.groups;
    this.parameters =
      first?.size === Infinity
        ? { addition: first.addition, deletion: first.deletion }
        : {
            sizes: this.groups.map(({ size }) => size),
            additions: this.groups.map(({ addition }) => addition),
            deletions: this.groups.map(({ deletion }) => deletion),
          };
  }

  /** Flipped copies of one example of zeros and ones, [count, ...inputShape], owned by the caller. */
  perturb(x: tf.Tensor, request: DrawRequest): tf.Tensor {
    const { key, start, count } = drawRequest.parse('Noise.perturb', request);
    return flippedCopies(x, { key, start, count }, this.#flipWords('Noise.perturb', x.size));
  }

  /** The copies of `perturb` without tensors. */
  fillCopies(out: Float32Array, x: Float32Array, request: DrawPosition): void {
    const call = 'BitFlipNoise.fillCopies';
    fillFlipped(call, out, x, request, this.#flipWords(call, x.length));
  }

  /** The largest number of changed bits, of any kind and group, for a lower bound on the top class; −1 where not even the class is proven. */
  radius(bound: ProbabilityBound, request: RadiusRequest): number {
    const call = 'BitFlipNoise.radius';
    return this.#radius(call, leadOf(call, bound), request);
  }

  /**
   * The same against upper bounds on the other classes, of which the largest counts.
   *
   * @throws OptionError for k above 1
   */
  radiusAgainst(
    lower: ProbabilityBound,
    others: readonly UpperProbabilityBound[],
    k: number,
    request: RadiusRequest,
  ): number {
    const call = 'BitFlipNoise.radiusAgainst';
    assertTopOne(call, k);
    return this.#radius(call, leadOf(call, lower, others), request);
  }

  /**
   * Whether so many changes, or fewer, leave the class as it is.
   *
   * @param bound - lower bound p on the probability of the class, with q = 1 − p
   * @param changes - at most so many, `added` zeros and `deleted` ones; of several groups a list, one for each group
   * @param pBBar - upper bound on the largest of the other classes; without it the class must keep the majority
   * @throws OptionError for numbers that are not whole ones from 0 to 65 536, and for another number of groups
   */
  certifies(
    bound: ProbabilityBound,
    changes: BitChanges | readonly BitChanges[],
    pBBar?: UpperProbabilityBound,
  ): boolean {
    const call = 'BitFlipNoise.certifies';
    const list = (Array.isArray(changes) ? changes : [changes]).map((one: BitChanges) => bitChanges.parse(call, one));
    const groups = this.groups.length;
    if (list.length !== groups) {
      const details = { call, field: 'changes', value: changes, got: `${list.length}` };
      throw refusal(OptionError, details, `must be those of ${groups} group${groups === 1 ? '' : 's'}`);
    }
    return keepsLead(this.groups, leadOf(call, bound, pBBar && [pBBar]), list);
  }

  /**
   * The most deletions that are certified beside 0, 1, 2, ... additions: pairs on or below these steps are certified. The list ends before the first
   * number of additions that is not certified on its own; it is empty where not even the class is proven.
   *
   * @throws OptionError for a group that is none
   */
  staircase(bound: ProbabilityBound, options: StaircaseOptions): number[] {
    const call = 'BitFlipNoise.staircase';
    const { most, group } = staircaseOptions.parse(call, options);
    if (group >= this.groups.length) {
      const must = `must be below ${this.groups.length}, the number of groups`;
      throw refusal(OptionError, { call, field: 'group', value: group }, must);
    }
    const lead = leadOf(call, bound);
    return bitStaircase((changes) => keepsLead(this.groups, lead, this.#changesOf(group, changes)), most);
  }

  #radius(call: string, lead: Lead, { norm, dimension }: RadiusRequest): number {
    assertNorm(call, norm, this.norms);
    const most = Math.min(dimension, MOST_CHANGES);
    const alone = this.groups.map(({ size, addition, deletion }, g) => {
      const holds = (changes: BitChanges): boolean => keepsLead(this.groups, lead, this.#changesOf(g, changes));
      const end = Math.min(size, most);
      // With equal probabilities an addition and a deletion count alike.
      const radius =
        addition === deletion ? largestWith((deleted) => holds({ added: 0, deleted }), end) : bitRadius(holds, end);
      return radius === size ? most : radius; // a group has no more bits to change
    });
    const least = Math.min(...alone);
    if (alone.length === 1) return least;
    const sizes = this.groups.map(({ size }) => size);
    const holds = (r: number): boolean => allMixtures(r, sizes, (changes) => keepsLead(this.groups, lead, changes));
    return largestWith(holds, least);
  }

  /** These changes of one group, and none of the others. */
  #changesOf(group: number, changes: BitChanges): BitChanges[] {
    return this.groups.map((_, g) => (g === group ? changes : { added: 0, deleted: 0 }));
  }

  #flipWords(call: string, dimension: number): FlipWords[] {
    const sizes = this.groups.map(({ size }) => Math.min(size, dimension));
    const sum = this.groups.reduce((total, { size }) => total + size, 0);
    if (sum !== Infinity && sum !== dimension) {
      const details = { call, field: 'x', value: dimension, got: `${dimension} values` };
      throw refusal(TensorError, details, `must have ${sum} values, those of all groups`);
    }
    return this.groups.map(({ addition, deletion }, g) => ({
      addition: flipWordsOf(addition),
      deletion: flipWordsOf(deletion),
      size: sizes[g]!,
    }));
  }
}

function groupsOf(options: BitFlipNoiseOptions): readonly BitGroup[] {
  const call = 'BitFlipNoise';
  if (typeof options !== 'object' || options === null || !('groups' in options)) {
    const { addition, deletion } = rates.parse(call, options, ['groups']);
    return [checkedGroup(call, { size: Infinity, addition, deletion })];
  }
  const { groups } = groupsOptions.parse(call, options);
  return groups.map((group, g) => checkedGroup(`${call}.groups.${g}`, bitGroup.parse(`${call}.groups.${g}`, group)));
}

function checkedGroup(call: string, group: BitGroup): BitGroup {
  const sum = flipWordsOf(group.addition) + flipWordsOf(group.deletion);
  if (sum > 0 && sum < FLIP_WORDS) return group;
  const way =
    sum === 0
      ? 'without flips there is nothing to certify'
      : 'from 1 on a copy says nothing of the bit, or its opposite';
  const details = { call, field: 'addition', value: group.addition, got: `${group.addition} + ${group.deletion}`, way };
  throw refusal(OptionError, details, 'must add up with `deletion` to more than 0 and less than 1');
}

import { fixedSample } from '../certify/fixed-sample.ts';
import type { CertificationRule } from '../certify/rule.ts';
import { topK } from '../certify/top-k.ts';
import type { Certificate, RuleRecord } from '../certify/types.ts';
import { OptionError, refusal } from '../errors.ts';
import { assertNorm } from '../noise/requests.ts';
import type { Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { Norm } from '../types.ts';
import { hardCertificate } from './certificates.ts';
import { ruleContext } from './rule-context.ts';

/** What {@link certifyOneSample} decides on. */
export interface OneSampleRequest {
  /** Votes per class of the one sample that there is. */
  readonly counts: readonly number[];
  /** Samples that were drawn; those without a vote in `counts` may have been for any class. */
  readonly n: number;
  /** Allowed probability that the certificate is wrong, in (0, 1/2). */
  readonly alpha: number;
  /** The noise that was drawn. */
  readonly noise: Noise;
  /**
   * Norm of the radius.
   * @defaultValue the first one that the noise certifies
   */
  readonly norm?: Norm | undefined;
  /**
   * Number of coordinates of the input.
   * @defaultValue not known, which L1 and L2 radii of Gaussian noise allow
   */
  readonly dimension?: number | undefined;
  /**
   * The class to certify, if it was chosen without these counts: the true class, or the answer to another sample.
   * @defaultValue chosen from the counts, at the price of a union over all classes
   */
  readonly label?: number | undefined;
  /**
   * Certify that the class stays among so many most probable ones.
   * @defaultValue none: that it stays the most probable one
   */
  readonly topK?: number | undefined;
}

const CALL = 'certifyOneSample';

const oneSampleRequest = optionsOf<OneSampleRequest>()({
  counts: fields.field<readonly number[]>(
    'must be a list of votes per class, whole numbers of at least 0 for at least 2 classes',
    (v) => Array.isArray(v) && v.length >= 2 && v.every((count) => Number.isSafeInteger(count) && count >= 0),
  ),
  n: fields.sampleCount,
  alpha: fields.certifyAlpha,
  noise: fields.noise<Noise>(),
  norm: fields.optional(fields.norm),
  dimension: fields.optional(fields.positiveInteger),
  label: fields.optional(fields.nonNegativeInteger),
  topK: fields.optional(fields.positiveInteger),
});

/** What a certificate of counts that someone else drew takes for granted beside its noise. */
const DRAWN_ELSEWHERE = 'counts drawn elsewhere';
const GIVEN_CLASS = 'class chosen without the counts';

/**
 * Certificate from the counts of one sample, which someone else drew: there is no selection sample.
 *
 * With `label` the class is fixed before the counts are seen. Without `topK` it is CERTIFY: pABar is the Clopper-Pearson lower bound at level 1 − alpha;
 * with it the bounds of all C classes hold at once, each at level alpha/C. Without `label` the class is the most voted one of the same
 * counts: the bounds of every class, from below and from above, must hold at once, each at level alpha/(2C), since any class could have been chosen; the
 * radius is that of {@link topK} with `labelFrom: 'estimation'` and k = `topK` or 1. In each case, with probability at least 1 − alpha over the draws it abstains or g
 * keeps its class within the radius. n less the sum of the counts counts against the class, and for each of the others.
 *
 * That the counts are independent draws of this noise at this input, and that `label` does not come from them, is taken for granted, and `assumptions`
 * says so. `verifyCertificate` derives the certificate again; nobody can draw its samples again, since it has no key.
 *
 * @throws OptionError for a missing or unknown name, a value outside its domain, more votes than samples, a label that is no class, a norm that the
 * noise does not certify, a `topK` that is not below the number of classes, or a missing dimension on which the radius depends
 * @example
 * ```ts
 * const noise = new GaussianNoise({ sigma: 0.25 });
 * const votes = { counts: [13, 964, 23], n: 1000, alpha: 0.001, noise };
 * certifyOneSample({ ...votes, label: 1 }).radius; // 0.3929...
 * certifyOneSample({ ...votes, label: 1, topK: 1 }).radius; // 0.4073...: with bounds on the other classes
 * certifyOneSample(votes).radius; // 0.4040...: the same with the class chosen from these counts
 * ```
 * @see Jia, Cao, Wang, Gong, "Certified robustness for top-k predictions against adversarial perturbations via randomized smoothing",
 * ICLR 2020; Cohen, Rosenfeld, Kolter, ICML 2019
 */
export function certifyOneSample(request: OneSampleRequest): Certificate {
  const {
    counts,
    n,
    alpha,
    noise,
    norm = noise.norms[0] as Norm,
    dimension = 0,
    label,
    topK: k,
  } = oneSampleRequest.parse(CALL, request);
  const votes = counts.reduce((sum, count) => sum + count, 0);
  if (votes > n)
    throw refusal(OptionError, { call: CALL, field: 'counts', value: votes }, `must have a sum of at most n = ${n}`);
  if (label !== undefined && label >= counts.length) {
    throw refusal(
      OptionError,
      { call: CALL, field: 'label', value: label },
      `must be below ${counts.length}, the number of classes`,
    );
  }
  assertNorm(CALL, norm, noise.norms);
  if (dimension === 0 && !allowsUnknownDimension(noise, norm)) {
    const must = `must be given for ${norm} radii of ${noise.name} noise`;
    throw refusal(OptionError, { call: CALL, field: 'dimension', value: undefined }, must);
  }
  const rule =
    label === undefined
      ? topK({ k: k ?? 1, labelFrom: 'estimation' })
      : k === undefined
        ? fixedSample()
        : topK({ k, labelFrom: 'selection' });
  return oneSampleCertificate({ counts, n, alpha, noise, norm, dimension, rule, given: label });
}

/** L1 and L2 radii of Gaussian noise are those of its bound, whatever the dimension. @internal */
export function allowsUnknownDimension({ name }: Pick<Noise, 'name'>, norm: Norm): boolean {
  return name === 'gaussian' && norm !== 'linf';
}

/** Whether a certificate says that its counts were drawn elsewhere, as a whole and without a selection sample. @internal */
export function isOfOneSample({ key, n0, assumptions }: Certificate): boolean {
  return key === null && n0 === 0 && assumptions.includes(DRAWN_ELSEWHERE);
}

/** Whether a rule takes a sample as a whole: the order of draws elsewhere is not known, and a draw of the rule's own has no key. @internal */
export function takesOneSample({ name, parameters }: RuleRecord): boolean {
  return name === 'top-k' || (name === 'fixed-sample' && parameters['bound'] === 'clopper-pearson');
}

/** Whether a rule takes the class from the votes themselves. @internal */
export function choosesFromVotes({ name, parameters }: RuleRecord): boolean {
  return name === 'top-k' && parameters['labelFrom'] === 'estimation';
}

interface OneSampleEvidence extends Required<Pick<OneSampleRequest, 'counts' | 'n' | 'alpha' | 'noise'>> {
  readonly norm: Norm;
  /** 0 if it is not known. */
  readonly dimension: number;
  readonly rule: CertificationRule;
  /** The class, if the rule does not choose it. */
  readonly given: number | undefined;
}

/** The certificate of one sample as a function of the rule. @internal */
export function oneSampleCertificate({ counts, given, rule, n, ...plan }: OneSampleEvidence): Certificate {
  const countsSelection = counts.map(() => 0);
  const settings = { ...plan, n, n0: 0, checkEvery: n };
  // Where the dimension may be unknown the radius does not depend on it.
  const context = ruleContext(
    { ...settings, dimension: Math.max(plan.dimension, 1) },
    { countsSelection, cAHat: given ?? 0, draw: NaN },
  );
  const result = rule.begin(context).result({ counts, used: n });
  const certificate = hardCertificate({
    ...settings,
    ...{ counts, countsSelection, nUsed: n, key: null, rule, result, stop: 'all-drawn' },
  });
  const granted = choosesFromVotes(rule) ? [DRAWN_ELSEWHERE] : [DRAWN_ELSEWHERE, GIVEN_CLASS];
  return { ...certificate, assumptions: [...certificate.assumptions, ...granted] };
}

import type { Certificate } from '../certify/types.ts';

/**
 * The kinds of certificates: of hard votes, of mean scores, and of all copies of a deterministic noise.
 * @internal
 */
export type CertificateKind = 'hard' | 'soft' | 'deterministic';

/**
 * How `verifyCertificate` holds a field.
 *
 * - `follows`: it must be what follows from the other fields and the noise.
 * - `at most`, `at least`: it may claim less than what follows, never more.
 * - `steps at most`: it must be what follows, but each of its radii may be smaller.
 * - `said`: what else follows from. It must be possible beside the rest; whether it is so, somebody else must tell.
 * @internal
 */
export type Hold = 'follows' | 'at most' | 'at least' | 'steps at most' | 'said';

/** Who checks a field. @internal */
export interface FieldCheck extends Readonly<Record<CertificateKind, Hold>> {
  /** What it is held against, and what that cannot tell. */
  readonly by: string;
}

const everywhere = (hold: Hold, by: string): FieldCheck => ({ hard: hold, soft: hold, deterministic: hold, by });
const sampled = (hold: Hold, by: string): FieldCheck => ({ hard: hold, soft: hold, deterministic: 'follows', by });
const hardOnly = (hold: Hold, by: string): FieldCheck => ({
  hard: hold,
  soft: 'follows',
  deterministic: 'follows',
  by,
});

/**
 * Who checks each field of a certificate: a new field does not compile until it is here. `verifyCertificate` goes through this table, and
 * docs/guide/checking-certificates.md shows it.
 * @internal
 */
export const certificateFields: Readonly<Record<keyof Certificate, FieldCheck>> = {
  label: everywhere('follows', 'the class that follows, -1 exactly for an abstention'),
  abstained: everywhere('follows', 'true exactly if no radius follows'),
  reason: everywhere('follows', 'the rule'),
  stop: everywhere(
    'follows',
    'the rule. What a deadline, a width or a gain did depends on the clock or on the order of the votes: there only what is impossible is found',
  ),
  radius: everywhere('at most', 'the noise and the bound that follows'),
  norm: everywhere('said', 'it is one that the noise certifies'),
  topK: everywhere('follows', 'the rule'),
  pABar: everywhere('at most', 'the rule and the votes'),
  qABar: everywhere('at least', 'the rule and the votes'),
  pBBar: everywhere('at least', 'the rule and the votes'),
  bound: everywhere('follows', 'the rule'),
  rule: sampled(
    'said',
    'catrs knows the rule and its parameters. That it was chosen before the votes were seen cannot be told; nor can the beta of soft smoothing, a part of its classifier: drawn again',
  ),
  cAHat: {
    hard: 'follows',
    soft: 'said',
    deterministic: 'follows',
    by: 'the most voted class of the selection sample (of all copies; of the votes, for top-k by estimation). Soft smoothing keeps no scores of the selection: drawn again',
  },
  nA: everywhere('follows', 'the votes for the class'),
  n0: sampled(
    'said',
    'it is the number of votes in `countsSelection` where the sampler cannot fail. Else, and for soft smoothing, a larger one claims nothing: drawn again',
  ),
  n: sampled('said', 'the samples used, and when the rule stops. A larger one that changes nothing else is as true'),
  nUsed: hardOnly(
    'said',
    'the votes and failures, a multiple of `checkEvery` or n, and that the rule stops there and not before',
  ),
  failures: {
    hard: 'follows',
    soft: 'said',
    deterministic: 'follows',
    by: '`nUsed` less the votes; 0 where the sampler cannot fail. For soft smoothing only that the scores have room beside them: drawn again',
  },
  alpha: sampled('said', 'the radius follows at this level. A larger one promises less'),
  countsSelection: hardOnly('said', 'as many classes as `counts`, at most n0 votes; the rest: drawn again'),
  counts: {
    hard: 'said',
    soft: 'follows',
    deterministic: 'said',
    by: '`nUsed`, `failures` and the number of classes, if that is given; the rest: drawn again',
  },
  scores: {
    hard: 'follows',
    soft: 'said',
    deterministic: 'follows',
    by: 'sums that scores in [0, 1] can have; the rest: drawn again',
  },
  steps: everywhere(
    'steps at most',
    'what the rule proves there, at moments where it looks, by votes that lie on a way to `counts`; the rest: drawn again',
  ),
  draw: everywhere('follows', 'the key'),
  checkEvery: hardOnly(
    'said',
    '`nUsed` and `steps` lie on its multiples or at n. Another that has them too is as true',
  ),
  key: sampled(
    'said',
    'the key of the run and the index of the image, where they are known (`--seed`); else: drawn again',
  ),
  noise: everywhere('follows', 'the noise that is given'),
  domain: everywhere('follows', 'the noise'),
  assumptions: everywhere('follows', 'the noise'),
  smoothing: everywhere('follows', 'the noise and the rule'),
  dimension: everywhere(
    'said',
    'the input, where its dimension is given; else only the other rows of a log, or: drawn again',
  ),
};

import type { Certificate } from '../../certify/types.ts';
import type { OutputRecord } from '../outputs/types.ts';

/** What a certificate of a changed classifier rests on: that of the old classifier, itself of votes or incremental, without its votes one by one. */
export type IncrementalBasis = Omit<Certificate, 'votes'> | Omit<IncrementalCertificate, 'votes'>;

/**
 * The class of a changed classifier with its radius, from the certificate of the old one at the same input and the votes that differ: a plain JSON value.
 *
 * Its key is that of the old certificate, whose first estimation samples the changed classifier votes on.
 */
export interface IncrementalCertificate extends OutputRecord {
  /** Of a changed classifier. */
  readonly task: 'incremental';
  /** The certified class, the same as that of the old classifier, or −1 for an abstention. */
  readonly label: number;
  /** True if no radius above 0 was proven (of at least 0 in a norm that counts changes). */
  readonly abstained: boolean;
  /** The changed classifier keeps the class within the open ball of this radius; closed in a norm that counts changes. */
  readonly radius: number;
  /** Lower bound on the probability of the class under the changed classifier: that of the old one less the bound on the loss, rounded down. */
  readonly pABar: number;
  /** 1 − pABar, computed on its own and rounded up. */
  readonly qABar: number;
  /** Upper bound on the probability of the runner-up, where the old certificate has one. */
  readonly pBBar?: number;
  /** Samples where the old classifier voted for the class and the changed one did not, with those on which either cast no vote. */
  readonly losses: number;
  /** Where there is a bound on the runner-up: the largest number of samples that one other class gained, counted in the same way. */
  readonly gains?: number;
  /** Most samples that were asked for. */
  readonly n: number;
  /** Samples that the changed classifier voted on; 0 where the old certificate leaves nothing to keep. */
  readonly nUsed: number;
  /** Samples on which one of them cast no vote; all count as losses. */
  readonly failures: number;
  /** Votes per class of the changed classifier. */
  readonly counts: readonly number[];
  /** Allowed probability that the bound on the loss is wrong; with that of the old certificate it makes `alpha`. */
  readonly alphaZeta: number;
  /** The radius at which the sampling may stop, where one was asked for: the bound on the loss then holds at all numbers of samples at once. */
  readonly until?: number;
  /** The certificate of the old classifier. */
  readonly basis: IncrementalBasis;
  /** The votes of the changed classifier one by one, where `keepVotes` asked for them. */
  readonly votes?: readonly number[];
}

import type { Certificate, Prediction } from '../../certify/types.ts';
import type { NoiseRecord } from '../../noise/types.ts';
import type { OutputRecord } from '../outputs/types.ts';

/** What limits the radius of an agreement: `both` where they are equal, `none` for an abstention. */
export type AgreedLimit = 'router' | 'experts' | 'both' | 'none';

/** The votes of a router for the experts, and how far its choice stays among the candidates. */
export interface CandidateVotes {
  /** The noise of the router. */
  readonly noise: NoiseRecord;
  /** What is taken for granted of it and of its classifier. */
  readonly assumptions: readonly string[];
  /** Votes of its selection sample, per expert. */
  readonly selection: readonly number[];
  /** The experts with most of these votes, in this order; the lower place first among equals. */
  readonly candidates: readonly number[];
  /** Size of its estimation sample. */
  readonly n: number;
  /** Votes of its estimation sample, per expert; null where the candidates do not agree, so that nothing was left to be proven. */
  readonly counts: readonly number[] | null;
  /** Within it the choice is one of the candidates, at level alpha; null without an estimation sample. */
  readonly radius: number | null;
}

/** The class in which experts agree, with its radius: a plain JSON value that holds the certificates of the experts and the votes of the router. */
export interface AgreedCertificate extends OutputRecord {
  /** Of experts that agree. */
  readonly task: 'agreed';
  /** The certified class, or −1 for an abstention. */
  readonly label: number;
  /** True if the experts do not agree, or one of the parts proved nothing. */
  readonly abstained: boolean;
  /** Within the open ball of this radius every expert that may be asked answers with the class; closed in a norm that counts changes. */
  readonly radius: number;
  /** Whose radius it is. */
  readonly limitedBy: AgreedLimit;
  /** Number of all experts. */
  readonly numExperts: number;
  /** How many of them may be asked within the radius: all, where there is no router. */
  readonly numCandidates: number;
  /** Size of each selection sample. */
  readonly n0: number;
  /** The votes of the router; null where it does not matter what it is. */
  readonly router: CandidateVotes | null;
  /** The certificates of the candidates, in their order, up to the first that abstains or certifies another class. */
  readonly experts: readonly Certificate[];
}

/** What experts that agree answer at one example. */
export interface AgreedPrediction {
  /** The class of all experts, or −1 for an abstention. */
  readonly label: number;
  /** True if an expert abstained or answered with another class. */
  readonly abstained: boolean;
  /** Allowed probability that the class is not that of every expert. */
  readonly alpha: number;
  /** The answers of the experts, in their order, up to the first that abstained or answered otherwise. */
  readonly experts: readonly Prediction[];
}

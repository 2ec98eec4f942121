import type { Certificate, Prediction } from '../../certify/types.ts';
import type { OutputRecord } from '../outputs/types.ts';

/** Which part's radius is the smaller one: `both` where they are equal, as where the router proved all that it was asked for; `none` for an abstention. */
export type LimitedBy = 'router' | 'expert' | 'both' | 'none';

/**
 * The class of a router with experts, with its radius: a plain JSON value that holds the certificates of both parts.
 *
 * The radius is the smaller one of the two, at the level of each. The two radii side by side hold *jointly* only at twice the level.
 */
export interface RoutedCertificate extends OutputRecord {
  /** Of a router with experts. */
  readonly task: 'routed';
  /** The certified class, or −1 for an abstention. */
  readonly label: number;
  /** True if one of the parts proved nothing. */
  readonly abstained: boolean;
  /** Within the open ball of this radius the router keeps its choice, and the expert that it chose its class; closed in a norm that counts changes. */
  readonly radius: number;
  /** Whose radius it is. */
  readonly limitedBy: LimitedBy;
  /** The expert that the selection sample of the router chose, by its place in the list. */
  readonly chosen: number;
  /** Votes of the selection sample of the router, per expert. */
  readonly selection: readonly number[];
  /** Size of that sample. */
  readonly n0: number;
  /** The certificate of the router: that it keeps its choice. Null where the expert abstained, so that nothing was left to be proven. */
  readonly router: Certificate | null;
  /** The certificate of the expert that was chosen. */
  readonly expert: Certificate;
}

/** What a router with experts answers at one example. */
export interface RoutedPrediction {
  /** The class, or −1 for an abstention. */
  readonly label: number;
  /** True if one of the parts abstained. */
  readonly abstained: boolean;
  /** Allowed probability that the class is not that of the router with its experts. */
  readonly alpha: number;
  /** The answer of the router, at half of alpha. */
  readonly router: Prediction;
  /** The answer of the expert, at half of alpha; null where the router abstained. */
  readonly expert: Prediction | null;
}

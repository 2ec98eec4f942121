import { ABSTAIN, type Certificate } from '../../certify/types.ts';
import { topClass } from '../../certify/vote-counts.ts';
import type { Key } from '../../types.ts';
import type { LimitedBy, RoutedCertificate } from './types.ts';

/** What a part proves. */
export interface PartRadius {
  /** Its radius. */
  readonly radius: number;
  /** Whether it proves nothing. */
  readonly abstained: boolean;
}

/**
 * The radius within which a router keeps its choice and the expert its class: the smaller one of both, and whose it is.
 *
 * If each part is wrong with probability at most α, so is the minimum, without a union bound: given which expert and which class were chosen, by samples of their own, it is
 * too large only if the part with the smaller true radius claims too much.
 *
 * @see R. L. Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 1982, for intersection-union tests
 * @example
 * ```ts
 * composedRadius({ radius: 0.8, abstained: false }, { radius: 0.57, abstained: false }); // { radius: 0.57, limitedBy: 'expert' }
 * ```
 */
export function composedRadius(
  router: PartRadius,
  expert: PartRadius,
): {
  /** The smaller radius; 0 where a part abstains. */
  readonly radius: number;
  /** The part whose radius it is. */
  readonly limitedBy: LimitedBy;
} {
  if (router.abstained || expert.abstained) return { radius: 0, limitedBy: 'none' };
  if (router.radius === expert.radius) return { radius: expert.radius, limitedBy: 'both' };
  return router.radius < expert.radius
    ? { radius: router.radius, limitedBy: 'router' }
    : { radius: expert.radius, limitedBy: 'expert' };
}

/** What a routed certificate follows from. @internal */
export interface RoutedEvidence {
  readonly key: Key;
  readonly selection: readonly number[];
  readonly n0: number;
  readonly router: Certificate | null;
  readonly expert: Certificate;
  /** The noise of the router, and what is taken for granted of it and of its classifier. */
  readonly granted: Pick<RoutedCertificate, 'noise' | 'domain' | 'assumptions'>;
}

const NOTHING: PartRadius = { radius: 0, abstained: true };

/** The certificate of a router with experts as a function of those of its parts. @internal */
export function routedCertificate({ key, selection, n0, router, expert, granted }: RoutedEvidence): RoutedCertificate {
  const { norm, dimension, alpha } = expert;
  const { radius, limitedBy } = composedRadius(router ?? NOTHING, expert);
  const abstained = limitedBy === 'none';
  return {
    ...{ task: 'routed', ...granted, norm, dimension, key, alpha },
    ...{ label: abstained ? ABSTAIN : expert.label, abstained, radius, limitedBy },
    ...{ chosen: topClass(selection), selection, n0, router, expert },
  };
}

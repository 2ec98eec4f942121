import { ABSTAIN, type Certificate } from '../../certify/types.ts';
import { OptionError, refusal } from '../../errors.ts';

/** What {@link agreedRadius} needs of the certificate of an expert. */
export type ExpertClaim = Pick<Certificate, 'label' | 'abstained' | 'radius'>;

/**
 * Radius within which every one of several experts answers with the same class, so that it does not matter which of them is asked.
 *
 * R = min(R_set, R₁, ..., R_s): 0 where an expert abstains or answers otherwise. With all experts of a router no router is needed (R_set = ∞), which rescues inputs near its boundary; with
 * some of them, R_set must be a radius within which its choice is one of these, whichever. If each certificate, and R_set, is wrong with probability at most α, and the experts and classes
 * were chosen by samples of their own, so is the minimum.
 *
 * @param experts - certificates of at least one expert at one input, in one norm
 * @param setRadius - within it the choice is one of these experts
 * @throws OptionError for no expert, and for a radius below 0
 * @example
 * ```ts
 * agreedRadius([{ label: 3, abstained: false, radius: 0.3 }, { label: 3, abstained: false, radius: 0.5 }]); // { label: 3, radius: 0.3 }
 * ```
 */
export function agreedRadius(
  experts: readonly ExpertClaim[],
  setRadius: number = Infinity,
): {
  /** The class of all experts; −1 where they do not agree. */
  readonly label: number;
  /** The least radius; 0 where they do not agree. */
  readonly radius: number;
} {
  const call = 'agreedRadius';
  const [first] = experts;
  if (first === undefined)
    throw refusal(
      OptionError,
      { call, field: 'experts', value: experts },
      'must be certificates of at least one expert',
    );
  if (!(setRadius >= 0))
    throw refusal(OptionError, { call, field: 'setRadius', value: setRadius }, 'must be a number of at least 0');
  const agree = experts.every(({ label, abstained }) => !abstained && label === first.label);
  const radius = agree ? Math.min(setRadius, ...experts.map((one) => one.radius)) : 0;
  return radius > 0 ? { label: first.label, radius } : { label: ABSTAIN, radius: 0 };
}

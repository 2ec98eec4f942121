import { ABSTAIN, type Certificate } from '../certify/types.ts';

/** What a proven radius lets a certificate say of a class; no radius is an abstention. @internal */
export function claimOf(cAHat: number, radius: number): Pick<Certificate, 'label' | 'abstained' | 'radius' | 'cAHat'> {
  const abstained = !(radius > 0);
  return { label: abstained ? ABSTAIN : cAHat, abstained, radius: abstained ? 0 : radius, cAHat };
}

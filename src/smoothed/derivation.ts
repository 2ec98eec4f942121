import type { Certificate } from '../certify/types.ts';

/** What follows from what a certificate says of its samples. @internal */
export interface Derivation {
  /** The certificate that follows; undefined where nothing does, because what it says contradicts itself. */
  readonly certificate: Certificate | undefined;
  /** What cannot be. */
  readonly faults: readonly string[];
}

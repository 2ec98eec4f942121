import type { DeterministicNoise, Noise } from '../../noise/types.ts';
import type { OutputRecord } from './types.ts';

/** What follows from the evidence of a certificate. @internal */
export interface OutputDerivation<C extends OutputRecord = OutputRecord> {
  /** What is wrong beside the fields: counts that cannot be, settings that nobody may choose. */
  readonly faults: readonly string[];
  /** The certificate that follows from the evidence in the stored one; absent where the evidence contradicts itself. */
  readonly certificate?: C | undefined;
  /** The radius that follows, where there is one. */
  readonly radius?: number | undefined;
}

/** What the library can do with the certificates of one task, whoever made them. @internal */
export interface OutputKind<C extends OutputRecord> {
  /** Throws OptionError naming `call` for what is no certificate of this task: fields missing, or of another type. */
  readonly parse: (call: string, certificate: C) => void;
  /**
   * Derives a certificate again from its own evidence (counts, order statistics, scores) and settings. `noises` are those of one's own that the certificates
   * within it may name.
   */
  readonly derive: (certificate: C, noise: Noise, noises?: readonly (Noise | DeterministicNoise)[]) => OutputDerivation;
  /** Fields that are the same in all certificates of one run, whatever the example. */
  readonly settings: readonly (keyof C)[];
  /**
   * The options of `certify` of the family, key included, that give this certificate again at the same input: `reproduceCertificate` calls
   * `g.certify(x, options)`. But for the key they are settings of the run. Of a certificate whose key is secret (null) nobody asks for its samples again.
   */
  readonly options: (certificate: C) => object;
  /** Names of these options that go with an example, as a center does; all others are settings of the run, the same in all its certificates. */
  readonly exampleOptions?: readonly string[] | undefined;
}

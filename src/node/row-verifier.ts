import * as fields from '../options/fields.ts';
import { ruleOf } from '../certify/rule-of.ts';
import type { CertificationRule } from '../certify/rule.ts';
import type { Certificate } from '../certify/types.ts';
import { CatrsError, DataError, refusal } from '../errors.ts';
import { noiseOf } from '../noise/noise-of.ts';
import type { DeterministicNoise, Noise } from '../noise/types.ts';
import type { OutputRecord } from '../smoothed/outputs/types.ts';
import { verifyCertificate, type VerifyCertificateOptions } from '../smoothed/verify-certificate.ts';
import { verifyVotes } from '../smoothed/verify-votes.ts';

/** A noise and a rule of one's own, which cannot be made from what a log says of them. */
export interface OwnParts {
  /**
   * The noise of the run.
   * @defaultValue that of the classifier, or the noise of catrs that the log names
   */
  readonly noise?: Noise | DeterministicNoise;
  /**
   * The rule of the run.
   * @defaultValue that of the options, or the rule of catrs that the log names
   */
  readonly rule?: CertificationRule;
}

/** @internal */
export const ownParts: fields.Field<OwnParts> = fields.field<OwnParts>(
  'must be an object with the noise, the rule or both (for example { noise: myNoise })',
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    Object.entries(v).every(([name, part]) =>
      name === 'noise' ? fields.noise<Noise>().safeParse(part).success : name === 'rule' && isRule(part),
    ),
);

const isRule = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'begin' in value && typeof value.begin === 'function';

/** What is known about the rows of one run. @internal */
export interface KnownParts {
  readonly noise?: Noise | DeterministicNoise | undefined;
  readonly rule?: CertificationRule | undefined;
  readonly dimension?: number | undefined;
  readonly numClasses?: number | undefined;
}

/** Says what is wrong with a certificate, one sentence for each fault. @internal */
export type FaultsOf<C = Certificate> = (certificate: C) => readonly string[];

/**
 * Derives the certificates of a log again, one after the other. A log names the same noise and the same rule in every row: they are made once.
 * @internal
 */
export function rowVerifier({ noise, rule, dimension, numClasses }: KnownParts): FaultsOf {
  const noises = new Map<string, Noise | DeterministicNoise>();
  const rules = new Map<string, CertificationRule | undefined>();
  const known = {
    isRecordedNoise: noise === undefined,
    dimension,
    numClasses,
  };
  return (certificate) =>
    faultsOrError(() => {
      const made = noise ?? once(noises, certificate.noise, noiseOf);
      const recorded = once(rules, certificate.rule, recordedRule);
      // A rule of catrs is better made from its record: its stops need no clock then.
      const decided = recorded ? { known: recorded } : rule ? { rule } : {};
      return verifyVotes(certificate, made, { ...known, ...decided }).faults;
    });
}

/** The same for certificates of other outputs than one label. @internal */
export function outputVerifier({
  noise,
  dimension,
  sets,
}: Pick<KnownParts, 'noise' | 'dimension'> & Pick<VerifyCertificateOptions, 'sets'>): FaultsOf<OutputRecord> {
  const noises = new Map<string, Noise | DeterministicNoise>();
  return (certificate) =>
    faultsOrError(() => {
      const made = noise ?? once(noises, certificate.noise, noiseOf);
      return verifyCertificate(certificate, made, { dimension, sets }).faults;
    });
}

/** What cannot be a certificate is its own fault. */
function faultsOrError(faultsOf: () => readonly string[]): readonly string[] {
  try {
    return faultsOf();
  } catch (error) {
    if (error instanceof CatrsError) return [error.message];
    throw error;
  }
}

/** Where a row stands. */
interface RowPlace {
  readonly call: string;
  readonly field: string;
  readonly at: string;
  /** What its certificate follows from; votes where nothing else is said. */
  readonly from?: string;
}

/** Throws DataError unless what a row claims follows from its votes. @internal */
export function checkDerived<C>(
  { index, certificate }: { readonly index: number; readonly certificate: C },
  faultsOf: FaultsOf<C>,
  { call, field, at, from = 'votes' }: RowPlace,
): void {
  const [fault] = faultsOf(certificate);
  if (fault === undefined) return;
  const got = `${at} where image ${index} has none: ${fault}`;
  const way = 'restore the file, or go on with a copy that ends before that line';
  const details = { call, field, value: index, got, way };
  throw refusal(DataError, details, `must hold certificates that follow from their ${from}`);
}

function recordedRule(record: Certificate['rule']): CertificationRule | undefined {
  try {
    return ruleOf(record);
  } catch {
    return undefined; // one of one's own, or none: verifyVotes says so
  }
}

function once<Name extends { readonly name: string }, Made>(
  made: Map<string, Made>,
  record: Name,
  make: (record: Name) => Made,
): Made {
  const text = JSON.stringify(record);
  if (!made.has(text)) made.set(text, make(record));
  return made.get(text) as Made;
}

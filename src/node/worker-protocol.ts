import type { CertifierRecord } from './start-workers.ts';
import type { RuleRecord } from '../certify/types.ts';
import type { Caller, TimedCertificate } from '../smoothed/types.ts';
import type { SentError } from './sent-error.ts';

/** What a thread is started with. @internal */
export interface ThreadData {
  /** The module of the host, as a URL. */
  readonly module: string;
  /** What its `makeCertifier` gets. */
  readonly data: unknown;
  /** The public call that error texts name. */
  readonly call: string;
}

/** Begins a run. @internal */
export interface RunMessage {
  readonly kind: 'run';
  /** Options of the certifier, without its rule and signal. */
  readonly options: object;
  /** The rule has functions: its record is sent, and the rule made again. */
  readonly rule: RuleRecord | undefined;
  readonly caller: Caller;
}

/** What a thread is told. @internal */
export type ToThread =
  | RunMessage
  | {
      readonly kind: 'example';
      readonly index: number;
      readonly values: Float32Array;
      readonly shape: readonly number[];
    }
  | { readonly kind: 'end' };

/** What a thread answers: `want` asks for the next example or the end. Certificates come in the order of its examples. @internal */
export type FromThread =
  | { readonly kind: 'ready'; readonly record: CertifierRecord }
  | { readonly kind: 'want' }
  | { readonly kind: 'certificate'; readonly certificate: TimedCertificate }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: SentError };

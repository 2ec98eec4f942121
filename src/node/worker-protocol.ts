import type { CertifierRecord } from './start-workers.ts';
import type { RuleRecord } from '../certify/types.ts';
import type { Caller, TimedCertificate } from '../smoothed/types.ts';
import type { ModuleThread } from './module-thread.ts';

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
  | { readonly kind: 'want' }
  | { readonly kind: 'certificate'; readonly certificate: TimedCertificate }
  | { readonly kind: 'done' };

/** A thread with a certifier. @internal */
export type CertifierThread = ModuleThread<CertifierRecord, ToThread, FromThread>;

import type { Key } from '../types.ts';
import type { ModuleThread } from './module-thread.ts';

/** What the trainer of a thread works on. @internal */
export interface TrainerRecord {
  /** Shapes of its variables. */
  readonly variables: readonly (readonly number[])[];
  /** Shapes of its statistics. */
  readonly statistics: readonly (readonly number[])[];
}

/** A tensor of a share, in the memory of the message. @internal */
export interface SentTensor {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** Where it begins, in numbers of 4 bytes. */
  readonly begin: number;
}

/** A share of a batch. The memory begins with the variables and the statistics of the host. @internal */
export interface ShareMessage {
  /** The public call that error texts name. */
  readonly call: string;
  readonly memory: SharedArrayBuffer;
  /** The fields of the batch that are tensors, by name. */
  readonly tensors: Readonly<Record<string, SentTensor>>;
  /** The others. */
  readonly values: {
    readonly key: Key;
    readonly firstImage: number;
    readonly epoch?: number | undefined;
    readonly labels?: unknown;
  };
}

/** What a thread makes of its share. @internal */
export interface ShareResult {
  readonly kind: 'share';
  /** The loss. */
  readonly value: number;
  /** For each variable, whether it has a gradient. */
  readonly has: readonly boolean[];
  /** The gradients that there are, then the statistics. */
  readonly numbers: Float32Array<ArrayBuffer>;
}

/** A thread with a trainer. @internal */
export type TrainerThread = ModuleThread<TrainerRecord, ShareMessage, ShareResult>;

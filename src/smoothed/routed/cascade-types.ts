import type { NoiseRecord } from '../../noise/types.ts';
import type { OutputRecord } from '../outputs/types.ts';

/** The votes of one stage of a cascade. */
export interface StageVotes {
  /** Its noise. */
  readonly noise: NoiseRecord;
  /** What is taken for granted of it and of its classifier. */
  readonly assumptions: readonly string[];
  /** Votes of its selection sample, per class: they say whether it answers, and with which class. */
  readonly selection: readonly number[];
  /** Votes of its estimation sample, per class; null where nothing was left to be proven. */
  readonly counts: readonly number[] | null;
  /** Within it the stage does what the selection sample says, answer with its class or stay quiet, at level alpha; null without an estimation sample. */
  readonly radius: number | null;
}

/** The class of a cascade, with its radius: a plain JSON value that holds the votes of its stages. */
export interface CascadeCertificate extends OutputRecord {
  /** Of a cascade. */
  readonly task: 'cascade';
  /** The certified class, or −1 for an abstention. */
  readonly label: number;
  /** True if no stage answers, or one of them proves nothing. */
  readonly abstained: boolean;
  /** Within the open ball of this radius the cascade answers with the class. */
  readonly radius: number;
  /** The stage whose radius it is, by its place; −1 for an abstention. */
  readonly limitedBy: number;
  /** A stage answers with a class whose probability reaches this. */
  readonly stopAt: number;
  /** Number of all stages. */
  readonly numStages: number;
  /** The stage that answers, as the selection samples say; −1 if none does. */
  readonly answering: number;
  /** Size of each selection sample. */
  readonly n0: number;
  /** Size of each estimation sample. */
  readonly n: number;
  /** The stages up to the one that answers, in their order. */
  readonly stages: readonly StageVotes[];
}

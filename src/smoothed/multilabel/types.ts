import type { OutputRecord } from '../outputs/types.ts';

/** How far one label keeps its rank. */
export interface LabelRadius {
  /** The label. */
  readonly label: number;
  /** Passes whose set held it. */
  readonly count: number;
  /** Lower confidence bound on the probability that a set holds it. */
  readonly lower: number;
  /** The k-th largest count of all other labels, with the passes that could not be drawn. */
  readonly kthCount: number;
  /** Upper confidence bound on the k-th largest probability of the other labels. */
  readonly upper: number;
  /** For all ‖δ‖ < radius fewer than k other labels are as probable; 0 if that is not certain even at x. */
  readonly radius: number;
  /** True if there is no radius. */
  readonly abstained: boolean;
}

/** Which labels the set of one pass holds: the so many with the largest logits (ties: the lower index), or those above a threshold, one for all or one each. */
export type LabelSetRule =
  | {
      /** So many labels, those of the largest logits. */
      readonly labelsPerPass: number;
    }
  | {
      /** Every label whose logit is above this, one number for all or one for each. */
      readonly threshold: number | readonly number[];
    };

/** How far labels stay among the k most probable ones of a set-valued model: a plain JSON value. All its radii hold together. */
export interface MultiLabelCertificate extends OutputRecord {
  /** Of sets of labels. */
  readonly task: 'multilabel';
  /** Number of labels. */
  readonly numLabels: number;
  /** What makes a set of the logits of one pass. */
  readonly sets: LabelSetRule;
  /** The labels stay among the so many most probable ones. */
  readonly k: number;
  /** The labels that were asked about, with their radii. */
  readonly targets: readonly LabelRadius[];
  /** Passes of the estimation sample whose set held each label. */
  readonly counts: readonly number[];
  /** Passes of the selection sample whose set held each label: those with the most are the targets, unless these were fixed before. */
  readonly countsSelection: readonly number[];
  /** Size of the selection sample. */
  readonly n0: number;
  /** Size of the estimation sample. */
  readonly n: number;
  /** Estimation samples that could not be drawn: their sets miss every target and hold every other label. */
  readonly failures: number;
}

import type { Noise } from '../../noise/types.ts';
import { certificateKeys } from '../../random/purposes.ts';
import type { InputRange, Key, Norm } from '../../types.ts';
import type { GrantedSettings } from '../certificates.ts';
import { outputRecord } from '../outputs/model-rows.ts';
import type { OutputExample } from '../outputs/output-runs.ts';
import type { SamplePhases } from '../outputs/phased-process.ts';
import type { ValuesPiece } from '../outputs/read-values.ts';
import { labelRadii } from './label-radii.ts';
import { countSets } from './label-sets.ts';
import type { MultiLabelSettings } from './multi-label-options.ts';
import type { LabelSetRule, MultiLabelCertificate } from './types.ts';

/** Pieces end at multiples of this. */
const EVERY = 100;

/** Stands among the assumptions of a certificate whose targets the selection sample did not choose. */
const TARGETS_FIXED = 'targets fixed before the draws';

/** Whether the targets were given, by what a certificate takes for granted. @internal */
export function areTargetsGiven({ assumptions }: Pick<MultiLabelCertificate, 'assumptions'>): boolean {
  return assumptions.includes(TARGETS_FIXED);
}

/** What a certificate of labels follows from. @internal */
export interface MultiLabelRun extends GrantedSettings {
  readonly key: Key | null;
  readonly n0: number;
  readonly n: number;
  readonly alpha: number;
  readonly norm: Norm;
  readonly dimension: number;
  readonly noise: Noise;
  readonly sets: LabelSetRule;
  readonly k: number;
  readonly targets: readonly number[];
  readonly areGiven: boolean;
  readonly counts: readonly number[];
  readonly countsSelection: readonly number[];
  readonly failures: number;
}

/** The certificate of labels as a function of the counts. @internal */
export function multiLabelCertificate(run: MultiLabelRun): MultiLabelCertificate {
  const { noise, sets, k, targets, counts, countsSelection, n0, n, alpha, failures, norm, dimension } = run;
  const record = outputRecord('multilabel', noise, run);
  return {
    ...record,
    assumptions: [...record.assumptions, ...(run.areGiven ? [TARGETS_FIXED] : [])],
    numLabels: counts.length,
    sets,
    k,
    targets: labelRadii({ counts, n, failures, targets, k, alpha, noise, norm, dimension }),
    counts,
    countsSelection,
    n0,
    n,
    failures,
  };
}

/** The so many labels with the most votes, the lower index among equals. @internal */
export function mostVoted(counts: readonly number[], many: number): number[] {
  const labels = counts.map((_, label) => label);
  return labels.sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b).slice(0, many);
}

/** The samples of one example, and its certificate. @internal */
export function* multiLabelPhases(
  model: {
    readonly noise: Noise;
    readonly numLabels: number;
    readonly sets: LabelSetRule;
    readonly inputRange: InputRange;
  },
  { key, dimension, inferenceForm }: OutputExample,
  { n0, n, alpha, k, norm, targets }: MultiLabelSettings & { readonly norm: Norm },
): SamplePhases<ValuesPiece, MultiLabelCertificate> {
  const keys = certificateKeys(key);
  const { numLabels, sets } = model;
  const countsSelection = Array.from({ length: n0 === 0 ? 0 : numLabels }, () => 0);
  const select = (piece: ValuesPiece): void => void countSets(sets, piece, countsSelection);
  yield { key: keys.selection, n: n0, every: EVERY, ask: undefined, take: select };

  const counts = Array.from({ length: numLabels }, () => 0);
  let failures = 0;
  const count = (piece: ValuesPiece): void => void (failures += countSets(sets, piece, counts));
  yield { key: keys.estimation, n, every: EVERY, ask: undefined, take: count };

  const areGiven = typeof targets !== 'number';
  return multiLabelCertificate({
    ...{ ...model, key, n0, n, alpha, k, norm, dimension, inferenceForm, areGiven, counts, countsSelection, failures },
    targets: areGiven ? targets : mostVoted(countsSelection, targets),
  });
}

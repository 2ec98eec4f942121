import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf, type OptionsSchema, type WithDefaults } from '../../options/parse.ts';
import { type CertifyOptions, softCertifyFields } from '../call-options.ts';
import { smoothedModelFields, type SmoothedModelOptions } from '../outputs/model-rows.ts';
import { assertTargets, leastPasses } from './label-radii.ts';
import type { LabelSetRule } from './types.ts';

/** Options of `SmoothedMultiLabel`: either `labelsPerPass` or `threshold`. */
export interface SmoothedMultiLabelOptions extends SmoothedModelOptions {
  /** Number of labels: numbers in a row of the base model. */
  readonly numLabels: number;
  /**
   * The set of a pass holds the so many labels with the largest logits; ties go to the lower index.
   * @defaultValue none: `threshold` makes the sets
   */
  readonly labelsPerPass?: number | undefined;
  /**
   * The set of a pass holds the labels whose logit is above this: one for all, or one for each.
   * @defaultValue none: `labelsPerPass` makes the sets
   */
  readonly threshold?: number | readonly number[] | undefined;
}

const isThreshold = (v: unknown): boolean =>
  fields.isFiniteNumber(v) || (Array.isArray(v) && v.length > 0 && v.every(fields.isFiniteNumber));

/** @internal */
export const smoothedMultiLabelOptions: OptionsSchema<
  SmoothedMultiLabelOptions,
  WithDefaults<SmoothedMultiLabelOptions, 'labelsPerPass' | 'threshold' | 'batchSize'>
> = optionsOf<SmoothedMultiLabelOptions>()({
  ...smoothedModelFields,
  numLabels: fields.classCount,
  labelsPerPass: fields.optional(fields.positiveInteger),
  threshold: fields.optional(
    fields.field<number | readonly number[]>('must be a finite number, or one for each label', isThreshold),
  ),
});

/** What makes the sets, by these options. @internal */
export function setRule(
  call: string,
  { numLabels, labelsPerPass, threshold }: ReturnType<typeof smoothedMultiLabelOptions.parse>,
): LabelSetRule {
  if ((labelsPerPass === undefined) === (threshold === undefined)) {
    const got = labelsPerPass === undefined ? 'neither' : 'both';
    const must = 'must be given, or `threshold`, and not both';
    throw refusal(OptionError, { call, field: 'labelsPerPass', value: labelsPerPass, got }, must);
  }
  if (labelsPerPass !== undefined) {
    if (labelsPerPass < numLabels) return { labelsPerPass };
    const must = `must be below ${numLabels}, the number of labels`;
    throw refusal(OptionError, { call, field: 'labelsPerPass', value: labelsPerPass }, must);
  }
  if (typeof threshold === 'object' && threshold.length !== numLabels) {
    const must = `must be one number, or ${numLabels}, one for each label`;
    throw refusal(OptionError, { call, field: 'threshold', value: threshold, got: `${threshold.length}` }, must);
  }
  return { threshold: threshold as number | readonly number[] };
}

/** Options of `SmoothedMultiLabel.certify`. */
export interface MultiLabelCertifyOptions extends Omit<
  CertifyOptions,
  'rule' | 'checkEvery' | 'keepVotes' | 'n0' | 'n'
> {
  /**
   * Size of the selection sample, which chooses the targets; 0 only where they are given.
   * @defaultValue 100
   */
  readonly n0?: number | undefined;
  /**
   * Size of the estimation sample.
   * @defaultValue 10 000
   */
  readonly n?: number | undefined;
  /** Labels stay among the so many most probable ones: from 1 to the number of labels less one. */
  readonly k: number;
  /**
   * The labels that are asked about, fixed before the draws, or how many of the most voted ones of the selection sample. They share alpha.
   * @defaultValue k
   */
  readonly targets?: number | readonly number[] | undefined;
}

const isTargets = (v: unknown): boolean =>
  fields.isInteger(v, 1, Number.MAX_SAFE_INTEGER) ||
  (Array.isArray(v) && v.length > 0 && v.every((label) => fields.isInteger(label, 0, Number.MAX_SAFE_INTEGER)));

/** */
const multiLabelCertifyOptions: OptionsSchema<
  MultiLabelCertifyOptions,
  WithDefaults<MultiLabelCertifyOptions, 'targets' | 'norm' | 'onSamples' | 'batchSize' | 'signal'>
> = optionsOf<MultiLabelCertifyOptions>()({
  ...softCertifyFields,
  n0: fields.withDefault(
    fields.field<number>(`must be an integer from 0 to ${fields.MAX_SAMPLES} (2^30)`, (v) =>
      fields.isInteger(v, 0, fields.MAX_SAMPLES),
    ),
    100,
  ),
  n: fields.withDefault(fields.sampleCount, 10_000),
  k: fields.positiveInteger,
  targets: fields.optional(
    fields.field<number | readonly number[]>('must be a number of labels, or a list of labels', isTargets),
  ),
});

/** Settings of a call, checked; `targets` is a list only where they were given. @internal */
export type MultiLabelSettings = ReturnType<typeof multiLabelCertifyOptions.parse> & {
  readonly targets: number | readonly number[];
};

/** Options of a call, checked alone and against each other. @internal */
export function multiLabelSettings(
  call: string,
  options: MultiLabelCertifyOptions,
  { numLabels, known }: { readonly numLabels: number; readonly known: readonly string[] },
): MultiLabelSettings {
  const settings = multiLabelCertifyOptions.parse(call, options, known);
  const { k, n0, n, alpha, targets = k } = settings;
  const list =
    typeof targets === 'number' ? Array.from({ length: Math.min(targets, numLabels) }, (_, i) => i) : targets;
  assertTargets(call, list, { k, numLabels });
  if (typeof targets === 'number' && targets > numLabels) {
    throw refusal(
      OptionError,
      { call, field: 'targets', value: targets },
      `must be at most ${numLabels}, the number of labels`,
    );
  }
  if (n0 === 0 && typeof targets === 'number') {
    const way = 'give `targets` as a list of labels to go without a selection sample';
    throw refusal(OptionError, { call, field: 'n0', value: 0, way }, 'must be at least 1 to choose the targets');
  }
  const least = leastPasses(alpha, list.length, k);
  if (n < least) {
    const way = 'with fewer samples even unanimous sets abstain: raise n or alpha';
    const must = `must be at least ${least} for ${list.length} targets and k = ${k} at alpha = ${alpha}`;
    throw refusal(OptionError, { call, field: 'n', value: n, way }, must);
  }
  return { ...settings, targets };
}

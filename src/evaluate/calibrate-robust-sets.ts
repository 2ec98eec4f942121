import type { Classifier } from '../classifier/types.ts';
import { type DatasetRunOptions, selectedIndices, selectField } from '../data/dataset-selection.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { OwnTargets, type TargetDataset } from '../data/target-dataset.ts';
import { OptionError, refusal } from '../errors.ts';
import { contextOf } from '../options/call-context.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { runFields, type SampleProgress } from '../smoothed/call-options.ts';
import { calibrate } from '../smoothed/conformal/calibration.ts';
import { thresholdIndex } from '../smoothed/conformal/conformal-index.ts';
import { deltaField } from '../smoothed/conformal/conformal-kind.ts';
import {
  drawsField,
  levelsOfDraws,
  type ManyDraws,
  ownDraws,
  shiftedLevel,
} from '../smoothed/conformal/conformal-levels.ts';
import { RobustSets } from '../smoothed/conformal/robust-sets.ts';
import {
  ScoredModel,
  scoredModelFields,
  type ScoredModelOptions,
  type ScoreTarget,
} from '../smoothed/conformal/scored-model.ts';
import type {
  ConformalCertificate,
  IntervalCertificate,
  LabelSetCertificate,
} from '../smoothed/conformal/set-certificate.ts';
import type { StreamExample } from '../smoothed/types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key, Norm } from '../types.ts';

/** Options of {@link calibrateRobustSets}. */
export interface CalibrateRobustSetsOptions extends ScoredModelOptions, DatasetRunOptions {
  /**
   * The calibration examples, with labels (or, for intervals, with numbers as targets). They must be of the same distribution as those whose sets are asked for
   * later, and the model must not have been trained on them.
   */
  readonly data: LabelledDataset | TargetDataset<unknown>;
  /** Drives the noise: calibration point i has `foldIn(key, i)`. It is no secret, and its draws are others than those of sets with the same key. */
  readonly key: Key;
  /** Allowed probability that the true label is not in the set, in (0, 1). */
  readonly alpha: number;
  /**
   * Largest length of the change of an input, in input units; 0: nobody moves it.
   * @defaultValue 0
   */
  readonly radius?: number | undefined;
  /**
   * The norm of the radius.
   * @defaultValue the first norm of the noise
   */
  readonly norm?: Norm | undefined;
  /**
   * The coverage holds for this calibration set with probability 1 − delta over independent calibration points. Not for sets of many draws.
   * @defaultValue null: on average over calibration sets
   */
  readonly delta?: number | null | undefined;
  /**
   * Sets of many draws in place of one.
   * @defaultValue one draw, for each calibration point and each set
   */
  readonly draws?: ManyDraws | undefined;
  /**
   * Indices of `data` on which the model was trained: a calibration point among them is refused.
   * @defaultValue []
   */
  readonly trained?: readonly number[] | undefined;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Told how far an example is, after each batch in which it had copies. What it throws ends the run.
   * @defaultValue nobody is told
   */
  readonly onSamples?: ((progress: SampleProgress) => void) | undefined;
}

const calibrateRobustSetsOptions = optionsOf<CalibrateRobustSetsOptions>()({
  ...scoredModelFields,
  data: fields.object<LabelledDataset | TargetDataset<unknown>>('must be a data set { size, shape, example }', [
    'example',
  ]),
  select: selectField,
  key: fields.key,
  alpha: fields.openFraction,
  radius: fields.withDefault(fields.nonNegative, 0),
  norm: fields.optional(fields.norm),
  delta: fields.withDefault(deltaField, null),
  draws: fields.optional(drawsField),
  trained: fields.withDefault(
    fields.field<readonly number[]>(
      'must be a list of indices',
      (v) => Array.isArray(v) && v.every(Number.isSafeInteger),
    ),
    [],
  ),
  signal: runFields.signal,
  onSamples: fields.optional(
    fields.callback<NonNullable<CalibrateRobustSetsOptions['onSamples']>>('must be a function'),
  ),
});

const CALL = 'calibrateRobustSets';

/**
 * Calibrates conformal prediction sets that hold under attack: one noisy pass over each calibration example, and a threshold.
 *
 * s_i = s(x_i + ε_i, y_i) with one fresh draw ε_i each, and q̂ the k-th smallest of them, k = m + 1 − ⌊(m + 1) down(alpha, radius)⌋: see {@link RobustSets}. With
 * `draws` the j-th smallest of n draws in place of one: see {@link manyDrawsLevels}. A draw that failed counts as the greatest score.
 *
 * @param model - a classifier, or a regressor with `score: 'residual'`
 * @throws OptionError for an option outside its domain, a label that is no class, a calibration point that was trained on, and too few calibration points:
 * it says how many are needed; ClassifierError for what the model returns; DataError for an example of the wrong size; the abort reason of `signal`
 * @example
 * ```ts
 * const sets = await calibrateRobustSets(model, { noise, score: 'aps', data: calibration, key, alpha: 0.1, radius: 0.125 });
 * console.log(sets.threshold, sets.index, sets.alphaPrime);
 * ```
 */
export async function calibrateRobustSets(
  model: Classifier,
  options: CalibrateRobustSetsOptions & { readonly score: 'residual' },
): Promise<RobustSets<IntervalCertificate>>;
/** The same for labels. */
export async function calibrateRobustSets(
  model: Classifier,
  options: CalibrateRobustSetsOptions & { readonly score: Exclude<CalibrateRobustSetsOptions['score'], 'residual'> },
): Promise<RobustSets<LabelSetCertificate>>;
/** The same for a score that is known later. */
export async function calibrateRobustSets(
  model: Classifier,
  options: CalibrateRobustSetsOptions,
): Promise<RobustSets<ConformalCertificate>>;
export async function calibrateRobustSets(
  model: Classifier,
  options: CalibrateRobustSetsOptions,
): Promise<RobustSets<ConformalCertificate>> {
  const context = contextOf(options, CALL);
  const { data, select, key, alpha, radius, norm, delta, draws, trained, signal, onSamples, ...scoring } =
    calibrateRobustSetsOptions.parse(context.call, options, context.known);
  const scored = new ScoredModel(context.call, model, scoring);
  const dataset = OwnTargets.of(context.call, data, 'data');
  const indices = [...selectedIndices(dataset.size, select)];
  assertUnseen(context.call, indices, trained);
  const own = draws && ownDraws(context.call, draws);
  const setting = { alpha, radius, norm, delta, draws: own };
  assertEnough(context.call, scored, setting, { m: indices.length, shape: dataset.shape });
  const targets = new Map<number, ScoreTarget>();
  const targetOf = (index: number): ScoreTarget => {
    const target = targets.get(index);
    targets.delete(index);
    return target ?? NaN;
  };
  const levels = own && levelsOfDraws(context.call, alpha, own, { noise: scored.noise });
  const counted = levels && { calibration: own.calibration, orderStatistic: levels.orderStatistic };
  const calibration = await calibrate(
    context,
    scored,
    examplesOf(context.call, scored, { dataset, indices, targets }),
    {
      ...{ key, signal, onSamples, batchSize: scoring.batchSize, targetOf, draws: counted ?? null },
    },
  );
  const { prediction, eta1, eta2 } = own ?? {};
  return new RobustSets({
    call: context.call,
    scored,
    calibration,
    setting: { ...setting, draws: own && { prediction, eta1, eta2 } },
  });
}

function assertUnseen(call: string, indices: readonly number[], trained: readonly number[]): void {
  const seen = new Set(trained);
  const index = indices.find((one) => seen.has(one));
  if (index === undefined) return;
  const details = { call, field: 'trained', value: index, got: `example ${index} in both` };
  throw refusal(
    OptionError,
    { ...details, way: 'scores of examples that the model knows are too small' },
    'must have no calibration example',
  );
}

/** Throws before the first pass where the calibration cannot have a threshold. */
function assertEnough(
  call: string,
  { noise, checked }: ScoredModel,
  {
    alpha,
    radius,
    norm: asked,
    delta,
    draws,
  }: { alpha: number; radius: number; norm: Norm | undefined; delta: number | null; draws: ManyDraws | undefined },
  { m, shape }: { readonly m: number; readonly shape: readonly number[] },
): void {
  const dimension = shape.reduce((product, length) => product * length, 1);
  const shift = { noise, radius, norm: checked.norm(call, asked), dimension };
  const level = draws ? levelsOfDraws(call, alpha, draws, shift).alpha1 : shiftedLevel(call, alpha, shift);
  thresholdIndex(call, { m, level, delta: delta ?? undefined });
}

async function* examplesOf(
  call: string,
  scored: ScoredModel,
  {
    dataset,
    indices,
    targets,
  }: {
    readonly dataset: OwnTargets;
    readonly indices: readonly number[];
    readonly targets: Map<number, ScoreTarget>;
  },
): AsyncGenerator<StreamExample, void, undefined> {
  const checkTarget = (name: string, target: unknown): void => scored.checkTarget(name, target);
  for (const index of indices) {
    const { x: values, target } = await dataset.checkedExample(index, { call, checkTarget });
    scored.checkTarget(call, target); // null, which is not known, is no target here
    targets.set(index, target);
    const x = tensorOver(values, dataset.shape, 'float32');
    try {
      yield { x, index };
    } finally {
      x.dispose();
    }
  }
}

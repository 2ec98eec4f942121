import {
  adaptClassifier,
  inGivenForm,
  isTypedClassifier,
  refusing,
  votingRows,
} from '../../classifier/adapt-classifier.ts';
import { outputJudge } from '../../classifier/check-logits.ts';
import { classCount } from '../../classifier/declared-shapes.ts';
import type { Classifier, ClassifierOutput, LogitsFn } from '../../classifier/types.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import type { FieldsOf, WithDefaults } from '../../options/parse.ts';
import { CheckedModel } from '../checked-model.ts';
import { modelRows, smoothedModelFields, type SmoothedModelOptions } from '../outputs/model-rows.ts';
import { ValuesLayout } from '../outputs/values-layout.ts';
import { logitsLayout, type RowLayout } from '../row-layout.ts';
import {
  finiteScores,
  type LabelScore,
  type LabelScoreName,
  probabilitiesOf,
  scoreField,
  scoreOf,
} from './label-scores.ts';
import type { ScoreRecord } from './set-certificate.ts';

/** What conformal sets are told of their base model. */
export interface ScoredModelOptions extends SmoothedModelOptions {
  /**
   * How badly a label fits one draw. Of a classifier: `'lac'` (1 − softmax), `'aps'`, `'raps'`, or a score of one's own. Of a regressor: `'residual'`, the largest
   * |y − f(z)| of its outputs, which gives intervals.
   */
  readonly score: LabelScoreName | LabelScore | 'residual';
  /**
   * Number of classes of a classifier.
   * @defaultValue what the model says; else it must be given
   */
  readonly numClasses?: number | undefined;
  /**
   * What a classifier returns.
   * @defaultValue 'logits'
   */
  readonly output?: ClassifierOutput | undefined;
  /**
   * Number of outputs of a regressor.
   * @defaultValue 1
   */
  readonly outputs?: number | undefined;
  /**
   * What NaN and infinities of the model are: an error, or scores that count to the safe side, as the greatest at calibration and as fitting in a set.
   * @defaultValue 'error'
   */
  readonly nonFinite?: 'error' | 'worst' | undefined;
}

type Defaulted = 'inputRange' | 'inferenceForm' | 'output' | 'outputs' | 'nonFinite';

/** The checks of {@link ScoredModelOptions}. @internal */
export const scoredModelFields: FieldsOf<ScoredModelOptions, Defaulted> = {
  ...smoothedModelFields,
  score: scoreField,
  numClasses: fields.optional(fields.classCount),
  output: fields.withDefault(fields.output, 'logits'),
  outputs: fields.withDefault(fields.positiveInteger, 1),
  nonFinite: fields.withDefault(fields.oneOf('error', 'worst'), 'error'),
};

type Parsed = WithDefaults<ScoredModelOptions, 'numClasses' | 'batchSize'>;

/** What is true of a calibration point: its class, or the values that a regressor should give. @internal */
export type ScoreTarget = number | readonly number[];

/** A base model with a noise and a score, checked: what conformal sets are made of. @internal */
export class ScoredModel {
  readonly checked: CheckedModel<Noise>;
  readonly noise: Noise;
  /** The classifier as a function to logits, or the regressor as a function to outputs: what an attack moves. */
  readonly logits: LogitsFn;
  readonly model: Classifier;
  /** Number of classes; null for a regressor. */
  readonly numClasses: number | null;
  /** Settings that a calibration rests on. */
  readonly settings: Pick<Parsed, 'inputRange' | 'output' | 'outputs' | 'nonFinite'>;
  /** The score of labels; undefined for a regressor. */
  readonly labelScore: LabelScore | undefined;
  /** Its options, for the same over another noise of the same law. */
  readonly score: ScoreRecord;
  readonly #readsProbabilities: boolean;

  /** @param call - the public call, for error texts */
  constructor(call: string, model: Classifier, options: Parsed) {
    const { noise, score, inputRange, output, outputs, nonFinite, inferenceForm, batchSize } = options;
    this.model = model;
    this.noise = noise;
    this.settings = { inputRange, output, outputs, nonFinite };
    const common = { noise, inputRange, batchSize, inferenceForm };
    const typed = isTypedClassifier(model) ? model : undefined;
    if (score === 'residual') {
      this.score = { name: 'residual', parameters: {} };
      this.labelScore = undefined;
      this.numClasses = null;
      this.#readsProbabilities = false;
      const rows = modelRows(call, model);
      const isWorst = nonFinite === 'worst';
      const layout = new ValuesLayout({ name: 'outputs', size: outputs, takesNaN: isWorst, takesInfinity: isWorst });
      this.checked = new CheckedModel(call, model, { ...common, ...rows, layout });
      this.logits = rows.run;
      return;
    }
    const own = scoreOf(score);
    if (own.name === 'residual')
      throw refusal(
        OptionError,
        { call, field: 'score', value: own.name },
        'must have another name than the score of regressors',
      );
    this.labelScore = own;
    this.score = { name: own.name, parameters: { ...own.parameters } };
    const rows = votingRows(call, model, output);
    this.numClasses = classCount(call, model, options.numClasses);
    this.#readsProbabilities = rows.output === 'probabilities';
    const layout = labelsLayout(this.numClasses, rows.output, nonFinite);
    this.checked = new CheckedModel(call, model, { ...common, ...rows, layout });
    this.logits = typed
      ? refusing(`${call}.logits`, typed)
      : inGivenForm(adaptClassifier(call, model, output), inferenceForm);
  }

  /** What one draw says: the score of each label, or the outputs of a regressor; NaN for what is not finite. `row` is a row of the model. */
  seen(row: ArrayLike<number>, uniform: number): number[] {
    if (this.labelScore === undefined) return Array.from(row, (value) => (Number.isFinite(value) ? value : NaN));
    const probabilities = this.#readsProbabilities ? Float64Array.from(row) : probabilitiesOf(row);
    return finiteScores(this.labelScore, probabilities, uniform);
  }

  /** What stands for a draw that failed. */
  get unseen(): number[] {
    return Array.from({ length: this.numClasses ?? this.settings.outputs }, () => NaN);
  }

  /** The score of what is true by one draw; NaN where it is not known. */
  scoreOf(seen: readonly number[], target: ScoreTarget): number {
    if (this.labelScore !== undefined) return seen[target as number] ?? NaN;
    const values = typeof target === 'number' ? [target] : target;
    const residuals = values.map((value, k) => Math.abs(value - (seen[k] ?? NaN)));
    return residuals.some(Number.isNaN) ? NaN : Math.max(...residuals);
  }

  /** Throws OptionError unless something like this can be true of an example. */
  checkTarget(call: string, target: unknown): asserts target is ScoreTarget {
    const { numClasses } = this;
    if (numClasses !== null) {
      if (fields.isInteger(target, 0, numClasses - 1)) return;
      throw refusal(
        OptionError,
        { call, field: 'label', value: target },
        `must be an integer from 0 to ${numClasses - 1}`,
      );
    }
    const { outputs } = this.settings;
    const values: unknown[] = Array.isArray(target) ? target : [target];
    if (values.length === outputs && values.every(fields.isFiniteNumber)) return;
    const must = outputs === 1 ? 'must be a finite number' : `must be a list of ${outputs} finite numbers`;
    throw refusal(OptionError, { call, field: 'target', value: target }, must);
  }
}

/** Rows of logits or probabilities; with `'worst'` some may be no numbers. */
function labelsLayout(numClasses: number, output: ClassifierOutput, nonFinite: 'error' | 'worst'): RowLayout {
  const layout = logitsLayout(numClasses, output);
  if (nonFinite === 'error') return layout;
  const isWhole = (row: Float32Array): boolean => row.every((value) => value - value === 0);
  return {
    ...layout,
    judge: (call) => {
      const judge = outputJudge(call, numClasses, output);
      return (values) => {
        const rows = Array.from({ length: values.length / numClasses }, (_, i) =>
          values.subarray(i * numClasses, (i + 1) * numClasses),
        );
        for (const row of rows) if (isWhole(row)) judge(row);
        return false;
      };
    },
    // What is no number is no number again; the rest is compared.
    assertSame: (call, asked, one, other) => {
      const numbers = (values: Float32Array): Float32Array => values.map((value) => (value - value === 0 ? value : 0));
      layout.assertSame(call, asked, numbers(one), numbers(other));
    },
  };
}

import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';

/** How badly each label fits one draw; by default one of {@link lacScore}, {@link apsScore} and {@link rapsScore}. A plain object is enough. */
export interface LabelScore {
  /** Its name, for files and certificates. */
  readonly name: string;
  /** Its parameters, as JSON holds them: with the name they say which function it is. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Whether it needs a uniform number, which is drawn afresh with the noise. */
  readonly usesUniform: boolean;
  /**
   * One score for each label, small where the label fits. What is not finite counts as NaN, to the safe side.
   *
   * @param probabilities - of the labels, by one draw
   * @param uniform - a number in [0, 1), one for all labels; 0 for a score that needs none
   */
  scores(probabilities: Float64Array, uniform: number): ArrayLike<number>;
}

/**
 * One minus the probability of the label: s(z, y) = 1 − p_y(z). The smallest sets on average; hard examples may get an empty one.
 *
 * @see Sadinle, Lei, Wasserman, "Least Ambiguous Set-Valued Classifiers with Bounded Error Levels", JASA 2019
 */
export function lacScore(): LabelScore {
  return { name: 'lac', parameters: {}, usesUniform: false, scores: (all) => all.map((p) => 1 - p) };
}

/**
 * The probability of all labels that are more probable, and of a random part of the label's own: s(z, y, U) = Σ {p_c : c before y} + U p_y.
 *
 * Equally probable labels stand in the order of their numbers. U is one number for all labels of a draw.
 *
 * @see Romano, Sesia, Candès, "Classification with Valid and Adaptive Coverage", NeurIPS 2020
 */
export function apsScore(): LabelScore {
  return {
    name: 'aps',
    parameters: {},
    usesUniform: true,
    scores: (all, uniform) => cumulative(all, uniform, () => 0),
  };
}

/** Options of {@link rapsScore}. */
export interface RapsScoreOptions {
  /**
   * What each place beyond `kReg` costs, λ.
   * @defaultValue 0.01
   */
  readonly lambda?: number | undefined;
  /**
   * So many places cost nothing.
   * @defaultValue 5
   */
  readonly kReg?: number | undefined;
}

const rapsScoreOptions = optionsOf<RapsScoreOptions>()({
  lambda: fields.withDefault(fields.nonNegative, 0.01),
  kReg: fields.withDefault(fields.nonNegativeInteger, 5),
});

/**
 * {@link apsScore} with a price for late places, which keeps sets of many classes small: + λ max(0, place of y − kReg), places from 1.
 *
 * @throws OptionError for an option outside its domain
 * @see Angelopoulos, Bates, Malik, Jordan, "Uncertainty Sets for Image Classifiers using Conformal Prediction", ICLR 2021
 */
export function rapsScore(options: RapsScoreOptions = {}): LabelScore {
  const { lambda, kReg } = rapsScoreOptions.parse('rapsScore', options);
  const price = (place: number): number => lambda * Math.max(0, place - kReg);
  const scores = (all: Float64Array, uniform: number): Float64Array => cumulative(all, uniform, price);
  return { name: 'raps', parameters: { lambda, kReg }, usesUniform: true, scores };
}

/** The scores by their names, from their parameters. */
const makers: Readonly<Record<string, (parameters: Readonly<Record<string, number>>) => LabelScore>> = {
  lac: lacScore,
  aps: apsScore,
  raps: rapsScore,
};

/** Names of the scores of labels. */
export type LabelScoreName = 'lac' | 'aps' | 'raps';

const isScore = (v: unknown): v is LabelScore =>
  fields.hasMethods(v, ['scores']) && typeof (v as { name?: unknown }).name === 'string';

/** The check of the option `score`. @internal */
export const scoreField: fields.Field<LabelScoreName | LabelScore | 'residual'> = fields.field(
  "must be 'lac', 'aps', 'raps', 'residual' or a score { name, parameters, usesUniform, scores }",
  (v) => v === 'residual' || (typeof v === 'string' ? Object.hasOwn(makers, v) : isScore(v)),
);

/** The score that an option asks for. @internal */
export function scoreOf(score: LabelScoreName | LabelScore): LabelScore {
  return typeof score === 'string' ? (makers[score] as (typeof makers)[string])({}) : score;
}

/** The score of a record; one that catrs does not know must be given. @internal */
export function scoreOfRecord(
  call: string,
  record: { readonly name: string; readonly parameters: Readonly<Record<string, number>> },
  given: LabelScore | undefined,
): LabelScore {
  const score = given ?? (Object.hasOwn(makers, record.name) ? makers[record.name]?.(record.parameters) : undefined);
  const text = ({ name, parameters }: typeof record): string =>
    [
      name,
      ...Object.entries(parameters)
        .map(([parameter, value]) => `${parameter} = ${value}`)
        .sort(),
    ].join(', ');
  if (score !== undefined && text(score) === text(record)) return score;
  const got = score === undefined ? 'none' : text(score);
  throw refusal(
    OptionError,
    { call, field: 'score', value: score, got },
    `must be the one of the calibration, ${text(record)}`,
  );
}

/** The finite scores of a draw, NaN for others; all of them NaN for a row that is not all numbers. @internal */
export function finiteScores(score: LabelScore, probabilities: Float64Array, uniform: number): number[] {
  if (probabilities.some(Number.isNaN)) return Array.from(probabilities, () => NaN);
  return Array.from(score.scores(probabilities, uniform), (value) => (Number.isFinite(value) ? value : NaN));
}

/** softmax of a row in float64. @internal */
export function probabilitiesOf(row: ArrayLike<number>): Float64Array {
  const logits = Float64Array.from(row);
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function cumulative(all: Float64Array, uniform: number, price: (place: number) => number): Float64Array {
  const order = Array.from(all.keys()).sort((a, b) => (all[b] as number) - (all[a] as number) || a - b);
  const scores = new Float64Array(all.length);
  let before = 0;
  order.forEach((label, i) => {
    const own = all[label] as number;
    scores[label] = before + uniform * own + price(i + 1);
    before += own;
  });
  return scores;
}

import * as fields from '../options/fields.ts';
import { type BetaPrior, JEFFREYS } from '../stats/beta-mixture.ts';
import type { RuleContext } from './rule.ts';
import { votesFor } from './vote-counts.ts';

/** Where a rule takes its prior on the class probability from: a name, or a mixture that was fixed beforehand. @internal */
export type Prior = 'near-one' | 'selection' | 'jeffreys' | readonly BetaPrior[];

/** Most components of a mixture: each costs as much as a rule without one, at every check. */
const MOST_COMPONENTS = 100;

/** Weights may miss 1 by so much: they are written in decimals. */
const WEIGHT_SLACK = 1e-9;

const NAMES = ['weight', 'a', 'b'] as const;

function isComponent(value: unknown): value is BetaPrior {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== NAMES.length) return false;
  const { weight, a, b } = value as Readonly<Record<string, unknown>>;
  const isParameter = (one: unknown): boolean => fields.isFiniteNumber(one) && one >= 0.01 && one <= 1e9;
  return fields.isFiniteNumber(weight) && weight > 0 && isParameter(a) && isParameter(b);
}

function isMixture(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > MOST_COMPONENTS || !value.every(isComponent)) return false;
  const total = value.reduce((sum, { weight }) => sum + weight, 0);
  return Math.abs(total - 1) <= WEIGHT_SLACK;
}

/** The check of `prior`, for a rule that knows two or more of the names. @internal */
export function priorField<const Names extends readonly [string, string, ...string[]]>(
  ...names: Names
): fields.Field<Names[number] | readonly BetaPrior[]> {
  const list = names.map((name) => `'${name}'`).join(', ');
  return fields.field(
    `must be ${list} or a list of 1 to ${MOST_COMPONENTS} components { weight, a, b } with weights greater than 0 that sum to 1` +
      ' and a, b in [0.01, 1e9]',
    (v) => names.includes(v as string) || isMixture(v),
  );
}

/**
 * A prior as a record holds it: the components of a mixture in ascending order of a, b and weight. Their order means nothing, and sums of
 * doubles depend on it.
 * @internal
 */
export function priorRecord<Name extends string>(
  prior: Name | readonly BetaPrior[],
): Name | { readonly weight: number; readonly a: number; readonly b: number }[] {
  if (typeof prior === 'string') return prior;
  return prior
    .map(({ weight, a, b }) => ({ weight, a, b }))
    .sort((x, y) => x.a - y.a || x.b - y.b || x.weight - y.weight);
}

/** The prior of one who expects nearly all votes to agree: Beta(1, 0.1). */
const NEAR_ONE: readonly BetaPrior[] = [{ weight: 1, a: 1, b: 0.1 }];

/** The components of a prior for one example, all known before its estimation sample. @internal */
export function priorFor(context: Pick<RuleContext, 'countsSelection' | 'cAHat'>, prior: Prior): readonly BetaPrior[] {
  switch (prior) {
    case 'selection':
      return selectionPriors(context);
    case 'jeffreys':
      return JEFFREYS;
    case 'near-one':
      return NEAR_ONE;
    default:
      return prior;
  }
}

/**
 * What the selection sample says about the class probability, kept safe by a share of the Jeffreys prior:
 * 0.8 Beta(h₀ + ½, n₀ − h₀ + ½) + 0.2 Beta(½, ½) for h₀ of n₀ votes.
 */
function selectionPriors({
  countsSelection,
  cAHat,
}: Pick<RuleContext, 'countsSelection' | 'cAHat'>): readonly BetaPrior[] {
  const votes = votesFor({ counts: countsSelection }, cAHat);
  const others = countsSelection.reduce((sum, count) => sum + count, -votes);
  return [{ weight: 0.8, a: votes + 0.5, b: others + 0.5 }, ...JEFFREYS.map((prior) => ({ ...prior, weight: 0.2 }))];
}

import { OptionError, refusal } from '../errors.ts';
import { minimumSamplesToPredict } from '../stats/minimum-samples.ts';

/** The error of a rule that needs a selection sample. @internal */
export function withoutSelection(call: string, rule: string): OptionError {
  const way = 'only plannedRadius with one radius chooses the class from the same votes';
  return refusal(OptionError, { call, field: 'n0', value: 0, way }, `must be at least 1 for this rule (${rule})`);
}

/** Throws unless n samples are enough to predict anything. @internal */
export function assertEnoughToPredict(call: string, n: number, alpha: number): void {
  const least = minimumSamplesToPredict(alpha);
  if (n >= least) return;
  const way = 'with fewer samples even unanimous votes abstain: raise n or alpha';
  const must = `must be at least ${least} to predict anything at alpha = ${alpha}`;
  throw refusal(OptionError, { call, field: 'n', value: n, way }, must);
}

import { PLANNED_NAME } from '../certify/chosen-rule.ts';
import { type PlannedRadiusOptions, requestOf } from '../certify/planned-radius.ts';
import { replayPlanned } from '../certify/planned-replay.ts';
import { plannedResult } from '../certify/planned-run.ts';
import { recordedTests, testSettings } from '../certify/planned-tests.ts';
import type { Certificate, RuleRecord } from '../certify/types.ts';
import { topClass } from '../certify/vote-counts.ts';
import type { Noise } from '../noise/types.ts';
import type { Key } from '../types.ts';
import { grantedSettings, hardCertificate } from './certificates.ts';
import { ruleContext, ruleDraw } from './rule-context.ts';
import type { Derivation } from './derivation.ts';

/** Whether a rule derives boundaries, which its certificates name. @internal */
export function isPlanned({ name }: RuleRecord): boolean {
  return name === PLANNED_NAME;
}

/** Whether a rule takes the class from the votes of the estimation sample. @internal */
export function isPlannedWithoutSelection({ rule, n0 }: Pick<Certificate, 'rule' | 'n0'>): boolean {
  return isPlanned(rule) && n0 === 0;
}

/** Derives the boundaries of a planned certificate again, holds those that it names against them, and shows them its moments. @internal */
export function derivePlanned(stored: Certificate, key: Key, noise: Noise): Derivation {
  const { counts, countsSelection, nUsed, n0, n, alpha, checkEvery, norm, dimension, steps = [], rule } = stored;
  const request = requestOf(rule.parameters as unknown as PlannedRadiusOptions);
  const plan = { n0, n, alpha, checkEvery, noise, norm, dimension, ...grantedSettings(stored) };
  const selected = n0 === 0 ? undefined : topClass(countsSelection);
  const context = ruleContext(plan, { countsSelection, cAHat: selected ?? 0, draw: ruleDraw(key) });
  const { tests, faults } = recordedTests(request, testSettings(request, context));
  if (faults.length > 0) return { certificate: undefined, faults };
  const end = replayPlanned(tests, { selected, steps, counts, nUsed });
  const { stop = stored.stop } = end;
  const votes = { counts, countsSelection, nUsed };
  const certificate = hardCertificate({ ...plan, ...votes, key, rule, result: plannedResult(end), stop });
  return { certificate, faults: end.faults };
}

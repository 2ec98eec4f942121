import type { RuleRecord } from './types.ts';

/**
 * What was chosen of a rule: its record without the boundaries that a planned rule derived, which another engine may have otherwise where two decisions cost the same.
 * @internal
 */
export function chosenRule({ name, parameters }: RuleRecord): RuleRecord {
  if (name !== PLANNED_NAME) return { name, parameters };
  return { name, parameters: Object.fromEntries(Object.entries(parameters).filter(([one]) => one !== 'plans')) };
}

/** Name of the rule that derives boundaries. @internal */
export const PLANNED_NAME = 'planned-radius';

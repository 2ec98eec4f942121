import type { RuleRecord } from './types.ts';

/** Name of the one stop that depends on the machine. @internal */
export const DEADLINE_NAME = 'stop-at-deadline';

/** Whether a rule has a deadline, on its own or inside another stop: the same key may then give another number of samples. @internal */
export function hasDeadline({ parameters }: RuleRecord): boolean {
  return JSON.stringify(parameters).includes(`"${DEADLINE_NAME}"`);
}

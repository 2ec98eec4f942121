import type { Certificate } from '../certify/types.ts';
import { begunLog } from './begun-log.ts';

/** How a run that has begun decides. @internal */
export type EarlierRule = Pick<Certificate, 'rule' | 'n0' | 'checkEvery'>;

/** The rule of the first row of a log, or of its journal; undefined where nothing is begun, or it cannot be read. @internal */
export async function ruleOfLog(path: string): Promise<EarlierRule | undefined> {
  const { row, record } = (await begunLog(path)) ?? {};
  const found = row?.certificate ?? record;
  return found && { rule: found.rule, n0: found.n0, checkEvery: found.checkEvery };
}

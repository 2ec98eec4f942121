import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PLANNED_NAME } from '../certify/chosen-rule.ts';
import { plannedRadius, type PlannedRadiusOptions } from '../certify/planned-radius.ts';
import type { CertificationRule, RuleContext } from '../certify/rule.ts';
import { OptionError } from '../errors.ts';
import { replaceFile } from '../node/files.ts';

/** Where plans come from and go to. @internal */
export interface KeptPlans {
  /** The folder of plans that were derived before; undefined: none are kept. */
  readonly folder: string | undefined;
  /** What the noise and the norm are, as far as a radius depends on them. */
  readonly noise: string;
  /** Boundaries in the log that is gone on with. */
  readonly logged?: unknown;
  readonly context: RuleContext;
}

/**
 * A planned rule with its boundaries: those of the log, those that an earlier run derived, or newly derived ones, which are kept for later runs.
 *
 * Boundaries from a file count only for these very settings, and their level is computed again. Where none can be kept nothing is lost but a second.
 * @internal
 */
export async function withPlans(rule: CertificationRule, kept: KeptPlans): Promise<CertificationRule> {
  if (rule.name !== PLANNED_NAME) return rule;
  const { folder, context } = kept;
  const options = rule.parameters as unknown as PlannedRadiusOptions;
  const logged = ruleWith(options, kept.logged, context);
  if (logged !== undefined) return logged;
  const file = folder && join(folder, `${nameOf(rule, kept)}.json`);
  const before = file && ruleWith(options, await plansIn(file), context);
  if (before) return before;
  const { derived } = rule.begin(context).result({ counts: [], used: 0 });
  const plans = derived?.['plans'];
  if (file !== undefined) await keep(file, plans);
  return ruleWith(options, plans, context) ?? rule;
}

/** The rule with these boundaries, if they are some for it. */
function ruleWith(options: PlannedRadiusOptions, plans: unknown, context: RuleContext): CertificationRule | undefined {
  if (plans === undefined) return undefined;
  try {
    const rule = plannedRadius({ ...options, plans: plans as readonly string[] });
    rule.begin(context);
    return rule;
  } catch (error) {
    if (error instanceof OptionError) return undefined;
    throw error;
  }
}

/** Everything that a plan follows from, and the form of the file. */
function nameOf({ parameters }: CertificationRule, { noise, context }: KeptPlans): string {
  const { n, n0, alpha, checkEvery } = context;
  const { radius, worth } = parameters;
  const text = JSON.stringify(['plans 1', noise, radius, worth, n, alpha, checkEvery, n0 === 0]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

async function plansIn(file: string): Promise<unknown> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { readonly plans?: unknown }).plans;
  } catch {
    return undefined; // none, or damaged: derived anew
  }
}

async function keep(file: string, plans: unknown): Promise<void> {
  try {
    await mkdir(join(file, '..'), { recursive: true });
    await replaceFile(file, `${JSON.stringify({ plans })}\n`);
  } catch {
    // A folder that cannot be written to: the next run derives them again.
  }
}

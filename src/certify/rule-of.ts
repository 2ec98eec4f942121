import { OptionError, showValue } from '../errors.ts';
import type { Json } from '../types.ts';
import { allOf, type Stop, stopAtDeadline, stopAtGain, stopAtRadius, stopAtSamples, stopAtWidth } from './stops.ts';
import { anytimeRadius } from './anytime-radius.ts';
import { fixedRadius } from './fixed-radius.ts';
import { fixedSample } from './fixed-sample.ts';
import { ladder } from './ladder.ts';
import { oracleTest } from './oracle-test.ts';
import type { CertificationRule } from './rule.ts';
import { topK } from './top-k.ts';
import { topTwo } from './top-two.ts';
import type { RuleRecord } from './types.ts';

const CALL = 'ruleOf';

// The makers check what they are given, so what a log says is passed on as it is.
const rules: Readonly<Record<string, (parameters: never) => CertificationRule>> = {
  'fixed-sample': fixedSample,
  'top-two': topTwo,
  'top-k': topK,
  'fixed-radius': fixedRadius,
  'anytime-radius': ({ stops, ...rest }: { readonly stops: Json }) => anytimeRadius({ ...rest, stops: stopsOf(stops) }),
  ladder,
  'oracle-test': oracleTest,
};

const stops: Readonly<Record<string, (parameters: never) => Stop>> = {
  'stop-at-width': ({ width }: { readonly width: number }) => stopAtWidth(width),
  'stop-at-radius': ({ radius }: { readonly radius: number }) => stopAtRadius(radius),
  'stop-at-samples': ({ samples }: { readonly samples: number }) => stopAtSamples(samples),
  'stop-at-gain': stopAtGain,
  'stop-at-deadline': stopAtDeadline,
  'all-of': ({ stops: all }: { readonly stops: Json }) => allOf(stopsOf(all)),
};

/**
 * Makes a rule again from the record that a certificate holds.
 *
 * `ruleOf(rule)` behaves as `rule` for every rule of catrs. A deadline gets the usual clock.
 *
 * @throws OptionError for a name that catrs does not know, and for parameters that the rule does not take
 * @example
 * ```ts
 * const rule = ruleOf({ name: 'fixed-radius', parameters: { radius: 0.5 } });
 * ```
 */
export function ruleOf(record: RuleRecord): CertificationRule {
  return make(rules, 'record', record, 'rule');
}

function stopsOf(records: Json): Stop[] {
  const list = Array.isArray(records) ? (records as readonly Json[]) : [];
  return list.map((record) => make(stops, 'record.parameters.stops', record, 'stop'));
}

function make<T>(
  makers: Readonly<Record<string, (parameters: never) => T>>,
  field: string,
  record: unknown,
  what: string,
): T {
  const { name, parameters } = (record ?? {}) as { readonly name?: unknown; readonly parameters?: unknown };
  const maker = typeof name === 'string' && Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (maker !== undefined) return maker((parameters ?? {}) as never);
  const known = Object.keys(makers).join(', ');
  throw new OptionError(
    `\`${field}\` must name a ${what} of catrs (${known}), got ${showValue(name)} (a ${what} of one's own cannot be made from its record: pass the rule itself)`,
    { call: CALL, field, value: name },
  );
}

import { OptionError, refusal } from '../errors.ts';
import type { Json } from '../types.ts';
import { anytimeRadius } from './anytime-radius.ts';
import { fixedRadius } from './fixed-radius.ts';
import { fixedSample } from './fixed-sample.ts';
import { ladder } from './ladder.ts';
import { oracleTest } from './oracle-test.ts';
import { plannedRadius } from './planned-radius.ts';
import type { CertificationRule } from './rule.ts';
import { allOf, type Stop, stopAtDeadline, stopAtGain, stopAtRadius, stopAtSamples, stopAtWidth } from './stops.ts';
import { topK } from './top-k.ts';
import { topTwo } from './top-two.ts';
import type { RuleRecord } from './types.ts';

// The makers check what they are given, so what a log says is passed on as it is.
const ruleMakers: Readonly<Record<string, (parameters: never) => CertificationRule>> = {
  'fixed-sample': fixedSample,
  'top-two': topTwo,
  'top-k': topK,
  'fixed-radius': fixedRadius,
  'planned-radius': plannedRadius,
  'anytime-radius': ({ stops, ...rest }: { readonly stops: Json }) => anytimeRadius({ ...rest, stops: stopsOf(stops) }),
  ladder,
  'oracle-test': oracleTest,
};

const stopMakers: Readonly<Record<string, (parameters: never) => Stop>> = {
  'stop-at-width': stopAtWidth,
  'stop-at-radius': stopAtRadius,
  'stop-at-samples': stopAtSamples,
  'stop-at-gain': stopAtGain,
  'stop-at-deadline': stopAtDeadline,
  'all-of': ({ stops, ...rest }: { readonly stops: Json }) => allOf({ ...rest, stops: stopsOf(stops) }),
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
  return make(ruleMakers, 'record', record, 'rule');
}

function stopsOf(records: Json): Stop[] {
  const list = Array.isArray(records) ? (records as readonly Json[]) : [];
  return list.map((record) => make(stopMakers, 'record.parameters.stops', record, 'stop'));
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
  const way = `a ${what} of one's own cannot be made from its record: pass the rule itself`;
  const must = `must name a ${what} of catrs (${Object.keys(makers).join(', ')})`;
  throw refusal(OptionError, { call: 'ruleOf', field, value: name, way }, must);
}

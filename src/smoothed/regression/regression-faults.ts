import { boxFaults } from './box-faults.ts';
import type { Noise } from '../../noise/types.ts';
import { RULES } from './bounds-certificate.ts';
import type { OrderStatistic, QuantileLook, RadiusCertificate, RegressionCertificate, ValueGap } from './types.ts';

/** What cannot be true together of a certificate, whatever the model. @internal */
export function commonFaults(stored: RegressionCertificate, noise: Noise): string[] {
  const { norm, percentile, n, nUsed, failures, rule, stop } = stored;
  const faults: string[] = [];
  if (!noise.norms.includes(norm))
    faults.push(`norm is ${norm}, but ${noise.name} noise certifies only ${noise.norms.join(', ')}`);
  if (percentile !== 0.5 && noise.shiftDown === undefined)
    faults.push(`percentile is ${percentile}, but ${noise.name} noise knows only 0.5`);
  if (nUsed > n) faults.push(`nUsed = ${nUsed} exceeds n = ${n}`);
  if (failures > nUsed) faults.push(`failures = ${failures} exceed nUsed = ${nUsed}`);
  // A sampler that can fill arrays has no way to fail.
  if (failures > 0 && noise.fillCopies !== undefined)
    faults.push(`failures is ${failures}, but ${noise.name} noise has none`);
  if (!isEnd(stored))
    faults.push(`stop is ${stop}, which cannot be at ${nUsed} samples of ${n} by the rule ${rule.name}`);
  const wrong = stored.claim === 'bounds' ? rule.parameters['radius'] : rule.parameters['width'];
  if (wrong !== undefined || (stored.claim === 'radius' && rule.name === RULES.looks))
    faults.push(`rule is ${JSON.stringify(rule)}, which is none of this claim`);
  if (stored.boxes) faults.push(...boxFaults(stored, stored.boxes));
  return faults;
}

/** Whether sampling may have ended there by what the certificate names. */
function isEnd({ rule, stop, n, nUsed }: RegressionCertificate): boolean {
  if (nUsed === n) return stop === 'all-drawn';
  const { checkEvery, width, radius, milliseconds } = rule.parameters;
  if (rule.name !== RULES.anytime || nUsed % Number(checkEvery) !== 0) return false;
  const named = { 'stop-at-width': width, 'stop-at-radius': radius, 'stop-at-deadline': milliseconds };
  return Object.hasOwn(named, stop) && named[stop as keyof typeof named] !== undefined;
}

/** What is wrong with the samples that have no value, for each output. @internal */
export function missingFaults(
  { nonFinite, outputs }: Pick<RegressionCertificate, 'nonFinite' | 'outputs'>,
  { n, failures, nan, missing }: Pick<QuantileLook, 'n' | 'failures' | 'nan' | 'missing'>,
): string[] {
  const faults: string[] = [];
  for (const [name, { length }] of Object.entries({ nan, missing })) {
    if (length !== outputs) faults.push(`${name} has ${length} entries, but there are ${outputs} outputs`);
  }
  for (const [i, count] of missing.entries()) {
    if (count > n || count !== failures + (nan[i] ?? 0))
      faults.push(`missing of output ${i} is ${count} of ${n}, with ${failures} failures and ${nan[i]} NaN`);
  }
  if (nonFinite === 'error' && nan.some((count) => count > 0)) faults.push('nan is counted, but it was an error');
  return faults;
}

/** What is wrong with the intervals and the counts beyond them. @internal */
export function endFaults(stored: RadiusCertificate): string[] {
  const { outputs, nUsed, low, high, below, above, aroundLow, aroundHigh, missing } = stored;
  const faults = missingFaults(stored, { ...stored, n: nUsed });
  for (const [name, entries] of Object.entries({ low, high, below, above, aroundLow, aroundHigh })) {
    if (entries.length !== outputs)
      faults.push(`${name} has ${entries.length} entries, but there are ${outputs} outputs`);
  }
  if (faults.length > 0) return faults;
  for (let i = 0; i < outputs; i++) {
    const [least, most, under, over] = [low[i] ?? null, high[i] ?? null, below[i] ?? null, above[i] ?? null];
    if ((least === null) !== (under === null) || (most === null) !== (over === null))
      faults.push(`output ${i} has counts for other ends than it has`);
    if ((least === null && most === null) || (least ?? -Infinity) > (most ?? Infinity))
      faults.push(`output ${i} has the interval [${least}, ${most}]`);
    if ((under ?? 0) + (over ?? 0) + (missing[i] ?? 0) > nUsed)
      faults.push(`output ${i} has more than nUsed = ${nUsed} samples`);
    const valid = nUsed - (missing[i] ?? 0);
    faults.push(
      ...gapFaults(`low of output ${i}`, least, under, valid, aroundLow[i] ?? null),
      ...gapFaults(`high of output ${i}`, most, over === null ? null : valid - over, valid, aroundHigh[i] ?? null),
    );
  }
  return faults;
}

/** What is wrong with the values around an end that has `before` of the `valid` ones before it; those at an end are inside the interval. */
function gapFaults(
  what: string,
  end: number | null,
  before: number | null,
  valid: number,
  around: ValueGap | null,
): string[] {
  if (end === null || around === null)
    return end === null && around === null ? [] : [`${what} has no values around it`];
  const isLow = what.startsWith('low');
  const [last, next] = around;
  const value = (one: OrderStatistic): number => Number(one);
  const isValue = (one: OrderStatistic): boolean => Object.is(Math.fround(value(one)) + 0, value(one));
  const fits =
    (last === null) === (before === 0) &&
    (next === null) === (before === valid) &&
    (last === null || (isValue(last) && (isLow ? value(last) < end : value(last) <= end))) &&
    (next === null || (isValue(next) && (isLow ? value(next) >= end : value(next) > end)));
  return fits
    ? []
    : [`${what} is ${end}, which does not lie between ${JSON.stringify(around)} with ${before} before it`];
}

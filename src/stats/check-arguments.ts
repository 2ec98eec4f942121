import { OptionError, refusal, showValue } from '../errors.ts';

/** Largest sample size that `stats` accepts: up to it every count and every product of the error analysis is far from 2^53. */
const MAX_COUNT = 1e12;

/** Throws unless `value` is an integer in [0, 1e12]. @internal */
export function checkCount(call: string, field: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_COUNT) return;
  throw refusal(OptionError, { call, field, value }, 'must be an integer in [0, 1e12]');
}

/** Throws unless that many successes, named `k` or `h`, out of `n` make sense. @internal */
export function checkSuccesses(call: string, successes: number, n: number, field: 'k' | 'h' = 'k'): void {
  checkCount(call, 'n', n);
  if (Number.isInteger(successes) && successes >= 0 && successes <= n) return;
  throw refusal(OptionError, { call, field, value: successes }, `must be an integer in [0, n] with n = ${n}`);
}

/** Throws unless `value` is strictly between 0 and 1. @internal */
export function checkOpenUnit(call: string, field: string, value: number): void {
  if (value > 0 && value < 1) return;
  throw refusal(OptionError, { call, field, value }, 'must be in (0, 1)');
}

/** A pair of a probability and its complement in an error text. @internal */
export function showPair({ p, q }: { readonly p: unknown; readonly q: unknown }): string {
  return `{ p: ${showValue(p)}, q: ${showValue(q)} }`;
}

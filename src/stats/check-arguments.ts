import { OptionError, showValue } from '../errors.ts';

/** Largest sample size that `stats` accepts: up to it every count and every product of the error analysis is far from 2^53. */
const MAX_COUNT = 1e12;

/** @internal Throws unless `value` is an integer in [0, 1e12]. */
export function checkCount(call: string, field: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_COUNT) return;
  throw new OptionError(`\`${field}\` must be an integer in [0, 1e12], got ${showValue(value)}`, {
    call,
    field,
    value,
  });
}

/** @internal Throws unless that many successes, named `k` or `h`, out of `n` make sense. */
export function checkSuccesses(call: string, successes: number, n: number, field: 'k' | 'h' = 'k'): void {
  checkCount(call, 'n', n);
  if (Number.isInteger(successes) && successes >= 0 && successes <= n) return;
  const text = `\`${field}\` must be an integer in [0, n] with n = ${n}, got ${showValue(successes)}`;
  throw new OptionError(text, { call, field, value: successes });
}

/** @internal Throws unless `value` is strictly between 0 and 1. */
export function checkOpenUnit(call: string, field: string, value: number): void {
  if (value > 0 && value < 1) return;
  throw new OptionError(`\`${field}\` must be in (0, 1), got ${showValue(value)}`, { call, field, value });
}

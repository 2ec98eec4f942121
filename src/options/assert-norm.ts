import { OptionError, showValue } from '../errors.ts';
import type { Norm } from '../types.ts';

/** Throws OptionError unless a noise that names its norms certifies this one: the radius of another norm says nothing. @internal */
export function assertNorm(call: string, norm: Norm, norms: readonly Norm[] | undefined): void {
  if (norms === undefined || norms.includes(norm)) return;
  const text = `\`norm\` must be one that the noise certifies (${norms.join(', ')}), got ${showValue(norm)}`;
  throw new OptionError(text, { call, field: 'norm', value: norm });
}

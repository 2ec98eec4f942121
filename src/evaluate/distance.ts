import type { Norm } from '../types.ts';

/** Length of b − a in a norm, in float64. @internal */
export function distance(a: Float32Array, b: Float32Array, norm: Norm): number {
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const change = Math.abs((b[i] as number) - (a[i] as number));
    sum += norm === 'l2' ? change * change : change;
    largest = Math.max(largest, change);
  }
  if (norm === 'linf') return largest;
  return norm === 'l2' ? Math.sqrt(sum) : sum;
}

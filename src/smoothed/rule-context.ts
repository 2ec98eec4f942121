import type { RuleContext } from '../certify/rule.ts';
import type { Noise } from '../noise/types.ts';
import { assertNorm } from '../noise/requests.ts';
import { fillBits } from '../random/fill-bits.ts';
import { certificateKeys } from '../random/purposes.ts';
import type { Key, Norm } from '../types.ts';

interface ContextSettings {
  readonly n: number;
  readonly alpha: number;
  readonly checkEvery: number;
  readonly noise: Noise;
  readonly norm: Norm;
  readonly dimension: number;
}

/** What a rule may know about one example. @internal */
export function ruleContext(
  { n, alpha, checkEvery, noise, norm, dimension }: ContextSettings,
  selected: Pick<RuleContext, 'countsSelection' | 'cAHat' | 'draw'>,
): RuleContext {
  assertNorm('CertificationRule.begin', norm, noise.norms);
  const request = { norm, dimension };
  const context: RuleContext = {
    countsSelection: selected.countsSelection,
    cAHat: selected.cAHat,
    draw: selected.draw,
    n,
    alpha,
    checkEvery,
    radius: (bound) => noise.radius(bound, request),
  };
  if (noise.radiusAgainst === undefined) return context;
  return { ...context, radiusAgainst: (lower, others, k) => noise.radiusAgainst?.(lower, others, k, request) ?? 0 };
}

/** The rule's own uniform number in (0, 1], of 53 bits, from a key that no sample uses. @internal */
export function ruleDraw(key: Key): number {
  const words = new Uint32Array(2);
  fillBits(words, { key: certificateKeys(key).draw, start: 0, dimension: 2 });
  const [high = 0, low = 0] = words;
  return ((high >>> 5) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 53;
}

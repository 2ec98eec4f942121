import type { RuleContext } from '../certify/rule.ts';
import { assertNorm } from '../noise/requests.ts';
import type { Noise, RadiusRequest } from '../noise/types.ts';
import { nothingProven } from '../options/counting-norms.ts';
import { fillBits } from '../random/fill-bits.ts';
import { certificateKeys } from '../random/purposes.ts';
import type { Key, Norm } from '../types.ts';

/** What a rule is told of a run. */
interface ContextSettings extends Required<Pick<RuleContext, 'n0' | 'n' | 'alpha' | 'checkEvery'>> {
  readonly norm: Norm;
  readonly noise: Noise;
  readonly dimension: number;
}

/** What a rule may know about one example. @internal */
export function ruleContext(
  { n0, n, alpha, checkEvery, noise, norm, dimension }: ContextSettings,
  selected: Pick<RuleContext, 'countsSelection' | 'cAHat' | 'draw'>,
): RuleContext {
  assertNorm('CertificationRule.begin', norm, noise.norms);
  const request = { norm, dimension };
  const context: RuleContext = {
    countsSelection: selected.countsSelection,
    cAHat: selected.cAHat,
    draw: selected.draw,
    n0,
    n,
    alpha,
    checkEvery,
    norm,
    radius: radiusOf(noise, request),
  };
  if (noise.radiusAgainst === undefined) return context;
  const nothing = nothingProven(norm);
  return {
    ...context,
    radiusAgainst: (lower, others, k) => noise.radiusAgainst?.(lower, others, k, request) ?? nothing,
  };
}

/** The radius of each noise, by norm and dimension: what is known of such a function stays known as long as the noise. */
const radiusFunctions = new WeakMap<Noise, Map<string, RuleContext['radius']>>();

function radiusOf(noise: Noise, request: RadiusRequest): RuleContext['radius'] {
  const known = radiusFunctions.get(noise) ?? new Map<string, RuleContext['radius']>();
  radiusFunctions.set(noise, known);
  const name = `${request.norm} ${request.dimension}`;
  const radius = known.get(name) ?? ((bound) => noise.radius(bound, request));
  known.set(name, radius);
  return radius;
}

/** The rule's own uniform number in (0, 1], of 53 bits, from a key that no sample uses. @internal */
export function ruleDraw(key: Key): number {
  const words = new Uint32Array(2);
  fillBits(words, { key: certificateKeys(key).draw, start: 0, dimension: 2 });
  const [high = 0, low = 0] = words;
  return ((high >>> 5) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 53;
}

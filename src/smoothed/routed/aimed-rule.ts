import { fixedRadius } from '../../certify/fixed-radius.ts';
import { fixedSample } from '../../certify/fixed-sample.ts';
import type { CertificationRule } from '../../certify/rule.ts';
import type { Noise, RadiusRequest } from '../../noise/types.ts';
import { countsChanges } from '../../options/counting-norms.ts';
import { clopperPearsonLowerBound } from '../../stats/clopper-pearson.ts';

/** What a rule is aimed at. */
interface Aim extends RadiusRequest {
  /** The radius of the expert: the router need not prove more. */
  readonly radius: number;
  /** The noise of the router. */
  readonly noise: Noise;
  readonly n: number;
  readonly alpha: number;
}

/** Parts of the radius that are tried before it, for routers that cannot prove all of it. */
const STEPS = [0.25, 0.5, 0.75, 1];

/**
 * The rule by which a router proves the radius of an expert, or the largest of three parts of it; where even unanimous votes prove less than all, one fixed sample, which
 * proves what there is.
 * @internal
 */
export function aimedRule({ radius, noise, n, alpha, norm, dimension }: Aim): CertificationRule {
  // With room for the share of alpha that `fixedRadius` keeps for its last test.
  const reach = noise.radius(clopperPearsonLowerBound(n, n, alpha / 10), { norm, dimension });
  if (!(radius <= reach)) return fixedSample();
  const steps = STEPS.map((part) => (countsChanges(norm) ? Math.floor(part * radius) : part * radius));
  return fixedRadius({ radius: [...new Set(steps)] });
}

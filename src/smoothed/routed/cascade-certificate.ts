import { ABSTAIN } from '../../certify/types.ts';
import { missingVotes, topClass, votesFor } from '../../certify/vote-counts.ts';
import type { Domain, Noise, NoiseRecord, RadiusRequest } from '../../noise/types.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../stats/clopper-pearson.ts';
import type { Key } from '../../types.ts';
import type { CascadeCertificate, StageVotes } from './cascade-types.ts';

/** Whether a stage answers, as its selection sample says: the top class has a share of at least τ. @internal */
export function isAnswering(
  selection: readonly number[],
  { n0, stopAt }: { readonly n0: number; readonly stopAt: number },
): boolean {
  return votesFor({ counts: selection }, topClass(selection)) >= stopAt * n0;
}

/** From what the radius of a stage follows. */
interface StageRequest extends RadiusRequest {
  readonly counts: readonly number[];
  /** The class with which it answers; −1 for a stage that stays quiet. */
  readonly label: number;
  readonly noise: Noise;
  readonly n: number;
  readonly stopAt: number;
  readonly alpha: number;
}

/** Noises of which `radiusBetween` is half of what one probability that stays above a fixed one is worth. @internal */
export function isGaussian({ name }: NoiseRecord): boolean {
  return name === 'gaussian' || name === 'sound-gaussian';
}

/**
 * Within it the stage answers with its class, σ (Φ⁻¹(p̲) − Φ⁻¹(τ)), or stays quiet, σ (Φ⁻¹(τ) − Φ⁻¹(p̄)), as `cascadeRadius` has it. Votes that are missing count against either.
 * @internal
 */
export function radiusOfStage(request: StageRequest): number {
  const { counts, label, noise, n, stopAt, alpha, norm, dimension } = request;
  const threshold = { p: stopAt, q: 1 - stopAt };
  const most = Math.max(...counts) + missingVotes({ counts }, n);
  const [above, below] =
    label === ABSTAIN
      ? [threshold, clopperPearsonUpperBound(most, n, alpha)]
      : [clopperPearsonLowerBound(votesFor({ counts }, label), n, alpha), threshold];
  // Half of it is for either of two probabilities that move; here the threshold stays.
  return 2 * (noise.radiusBetween?.(above, below, { norm, dimension }) ?? 0);
}

/** What the certificate of a cascade follows from. @internal */
export interface CascadeEvidence extends Pick<
  CascadeCertificate,
  'norm' | 'dimension' | 'alpha' | 'stopAt' | 'numStages' | 'n0' | 'n' | 'stages'
> {
  readonly key: Key;
  readonly domain: Domain;
}

/** The certificate of a cascade as a function of the votes of its stages. @internal */
export function cascadeCertificate(evidence: CascadeEvidence): CascadeCertificate {
  const { key, domain, norm, dimension, alpha, stopAt, numStages, n0, n, stages } = evidence;
  const last = stages.at(-1) as StageVotes;
  const answering = isAnswering(last.selection, { n0, stopAt }) ? stages.length - 1 : -1;
  const radii = stages.map((stage) => stage.radius ?? 0);
  const radius = answering === -1 ? 0 : Math.min(...radii);
  const abstained = !(radius > 0);
  return {
    task: 'cascade',
    noise: (stages[0] as StageVotes).noise,
    domain,
    assumptions: [...new Set(stages.flatMap((stage) => stage.assumptions))],
    ...{ norm, dimension, key, alpha },
    ...{ label: abstained ? ABSTAIN : topClass(last.selection), abstained, radius },
    limitedBy: abstained ? -1 : radii.indexOf(radius),
    ...{ stopAt, numStages, answering, n0, n, stages },
  };
}

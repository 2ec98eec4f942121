import { gaussianRadiusBetween } from '../../noise/gaussian-radius.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../../stats/clopper-pearson.ts';

/** Votes of one stage of a cascade, for one class, under Gaussian noise. */
export interface CascadeVotes {
  /** Standard deviation of the noise per coordinate, in input units. */
  readonly sigma: number;
  /** Votes for the class. Of a stage that stays quiet: the largest count of any class. */
  readonly votes: number;
  /** Estimation samples; those without a vote count for the class that is most in the way. */
  readonly n: number;
}

/** What {@link cascadeRadius} is computed from. */
export interface CascadeRadiusRequest {
  /** The stages before the one that answers, in which no class may reach `stopAt`. */
  readonly quiet: readonly CascadeVotes[];
  /** The stage that answers, with the votes for its class, which was chosen by a sample of its own. */
  readonly answers: CascadeVotes;
  /** A stage answers with a class whose probability reaches this, in [1/2, 1). */
  readonly stopAt: number;
  /** Allowed probability, in (0, 1/2), that the radius is too large: in full for each stage. */
  readonly alpha: number;
}

const isVotes = (v: unknown): boolean => {
  const { sigma, votes, n } = (v ?? {}) as Readonly<Record<string, unknown>>;
  return (
    fields.isFiniteNumber(sigma) &&
    sigma > 0 &&
    fields.isInteger(n, 1, fields.MAX_SAMPLES) &&
    fields.isInteger(votes, 0, n as number)
  );
};
const MUST = 'must be { sigma, votes, n } with at most n votes';

const cascadeRadiusRequest = optionsOf<CascadeRadiusRequest>()({
  quiet: fields.field<readonly CascadeVotes[]>(`each ${MUST}`, (v) => Array.isArray(v) && v.every(isVotes)),
  answers: fields.field<CascadeVotes>(MUST, isVotes),
  stopAt: fields.field<number>('must be in [1/2, 1)', (v) => fields.isFiniteNumber(v) && v >= 0.5 && v < 1),
  alpha: fields.certifyAlpha,
});

/**
 * ℓ2 radius of a cascade without a router: stage after stage smooths with its own Gaussian noise and answers if a class has probability of at least τ, else the next is asked.
 *
 * The last stage keeps p ≥ τ within σ (Φ⁻¹(p̲) − Φ⁻¹(τ)), and each one before it stays quiet within σ_j (Φ⁻¹(τ) − Φ⁻¹(p̄)), where p̄ is the Clopper-Pearson upper bound of the
 * largest count (no correction for the number of classes: the count of the class that is truly most probable is never above it). The radius is the least of all, each at
 * level α; 0 where one of them proves nothing. It is never rounded up.
 *
 * @throws OptionError for a missing or unknown name, or a value outside its domain
 * @example
 * ```ts
 * cascadeRadius({ quiet: [{ sigma: 1, votes: 3000, n: 10_000 }], answers: { sigma: 0.5, votes: 9000, n: 10_000 }, stopAt: 0.5, alpha: 0.001 }); // 0.48357...
 * ```
 */
export function cascadeRadius(request: CascadeRadiusRequest): number {
  const { quiet, answers, stopAt, alpha } = cascadeRadiusRequest.parse('cascadeRadius', request);
  const threshold = { p: stopAt, q: 1 - stopAt };
  // The bounds are one half apart on each side, which twice sigma makes whole.
  const space = (sigma: number): { sigma: number; norm: 'l2'; dimension: number } => ({
    sigma: 2 * sigma,
    norm: 'l2',
    dimension: 1,
  });
  const last = clopperPearsonLowerBound(answers.votes, answers.n, alpha);
  const radii = quiet.map(({ sigma, votes, n }) =>
    gaussianRadiusBetween(threshold, clopperPearsonUpperBound(votes, n, alpha), space(sigma)),
  );
  return Math.min(gaussianRadiusBetween(last, threshold, space(answers.sigma)), ...radii);
}

import * as fields from '../options/fields.ts';
import { optionsOf, type WithDefaults } from '../options/parse.ts';
import { minimumSamplesToCertify } from '../stats/minimum-samples.ts';
import type { ProbabilityBound } from '../types.ts';
import { assertAskable, logInverse, probabilityInReach } from './radius-evidence.ts';
import type { CertificationRule, RuleContext, RuleRun } from './rule.ts';
import type { EvidenceStep } from './types.ts';
import { assertEnoughSamples, earliestWith, votesFor } from './vote-counts.ts';

/** Options of {@link oracleTest}. */
export interface OracleTestOptions {
  /** The radius to be proven, in input units; a whole number in a norm that counts changes, where 0 asks for the class at the input itself. */
  readonly radius: number;
  /** The probability of the class, in (0, 1), as if it were known. */
  readonly probability: number;
  /**
   * Allowed probability, in (0, 1), that the radius is declined although `probability` is right and proves it.
   * @defaultValue 0.001
   */
  readonly beta?: number | undefined;
}

const oracleTestOptions = optionsOf<OracleTestOptions>()({
  radius: fields.nonNegative,
  probability: fields.openFraction,
  beta: fields.withDefault(fields.openFraction, 0.001),
});

/**
 * The sequential probability ratio test of one who knows the class probability: how few samples a fixed radius could need.
 *
 * With p₁ = `probability` and p₀ the least probability that proves the radius, the likelihood ratio of p₁ against p₀ certifies at
 * 1/alpha if p₁ > p₀; it declines at beta if p₁ > p₀, at 1/beta if p₁ < p₀. Only for comparison, as nobody knows p₁. The certificate
 * holds at level alpha also if p₁ is wrong: then the test merely takes longer or declines.
 *
 * @throws OptionError for an unknown name or a value outside its domain, and from `begin` for a radius out of reach
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: oracleTest({ radius: 0.25, probability: 0.99 }) });
 * ```
 * @see Wald, "Sequential tests of statistical hypotheses", 1945
 */
export function oracleTest(options: OracleTestOptions): CertificationRule {
  const parsed = oracleTestOptions.parse('oracleTest', options);
  const { radius, probability, beta } = parsed;
  return {
    name: 'oracle-test',
    parameters: { radius, probability, beta },
    assertFeasible: (call, settings) => {
      assertAskable(call, [radius], settings.norm);
      assertEnoughSamples(call, settings, minimumSamplesToCertify(settings.alpha));
    },
    begin: (context) => beginOracleTest(context, parsed),
  };
}

function beginOracleTest(
  context: RuleContext,
  { radius, probability, beta }: WithDefaults<OracleTestOptions>,
): RuleRun {
  const { cAHat } = context;
  const p0 = probabilityInReach('oracleTest', radius, context);
  const isAbove = 1 - probability < p0.q;
  const proof = logInverse(context.alpha);
  const rejection = logInverse(beta);
  let step: EvidenceStep | undefined;
  let declined = false;
  const verdict = (nA: number, used: number): { readonly isProven: boolean; readonly isDeclined: boolean } => {
    const { log, error } = likelihoodRatio(probability, p0, nA, used);
    const isDeclined = isAbove ? -log - error >= rejection : log - error >= rejection;
    return { isProven: isAbove && log - error >= proof, isDeclined };
  };
  return {
    check(tally) {
      if (step !== undefined) return 'decided';
      const nA = votesFor(tally, cAHat);
      const { isProven, isDeclined } = verdict(nA, tally.used);
      if (isProven) step = { radius, nA, n: tally.used };
      declined = isDeclined;
      return step !== undefined || declined ? 'decided' : undefined;
    },
    earliestStop(tally) {
      const nA = votesFor(tally, cAHat);
      return earliestWith(tally.used, context, (more) => {
        const used = tally.used + more;
        return verdict(nA + more, used).isProven || verdict(nA, used).isDeclined;
      });
    },
    result: () => ({
      cAHat,
      radius: step === undefined ? 0 : radius,
      reason: step !== undefined ? 'certified' : declined ? 'declined' : 'undecided',
      lower: step === undefined ? { p: 0, q: 1 } : p0,
      bound: 'likelihood-ratio',
      steps: step === undefined ? [] : [step],
    }),
  };
}

/** ln of p₁^h q₁^(n−h) / (p₀^h q₀^(n−h)) with p₀ = 1 − q₀, and a bound on its rounding error: a few units in the last place of each term. */
function likelihoodRatio(
  p1: number,
  p0: ProbabilityBound,
  h: number,
  n: number,
): { readonly log: number; readonly error: number } {
  const q1 = 1 - p1;
  const hit = Math.log1p((p0.q - q1) / p0.p); // p₁/p₀ without the cancellation of numbers near 1
  const miss = Math.log(q1 / p0.q);
  const error = (h * (Math.abs(hit) + 1) + (n - h) * (Math.abs(miss) + 1)) * 2 ** -49;
  return { log: h * hit + (n - h) * miss, error };
}

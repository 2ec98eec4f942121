import { anytimeRadius } from '../certify/anytime-radius.ts';
import { PLANNED_NAME } from '../certify/chosen-rule.ts';
import { fixedRadius } from '../certify/fixed-radius.ts';
import { plannedRadius } from '../certify/planned-radius.ts';
import type { CertificationRule } from '../certify/rule.ts';
import { stopAtGain } from '../certify/stops.ts';
import type { EarlierRule } from '../node/earlier-rule.ts';
import type { CertifySettings } from './commands/certify.ts';
import { CliError } from './io.ts';

/** Least growth of the radius over `GAIN_OVER` samples that is worth going on. */
const GAIN = 0.01;
const GAIN_OVER = 1000;

/** A plan looks at the votes so often at first. */
const PLANNED_EVERY = 10;

/** How a run decides. @internal */
export interface RunRule {
  /** None stands for a sample of fixed size. */
  readonly rule: CertificationRule | undefined;
  /** Undefined where the library's default counts. */
  readonly n0: number | undefined;
  readonly checkEvery: number | undefined;
}

type RuleSettings = Pick<CertifySettings, 'radius' | 'adaptive' | 'prior' | 'worth' | 'n0'>;

/**
 * The rule of `--radius` or `--adaptive`.
 *
 * A log that `fixedRadius` began, as that of an earlier release, is gone on with by the same rule.
 * @internal
 */
export function ruleFor(settings: RuleSettings, earlier?: EarlierRule): RunRule {
  const { radius, adaptive, prior, worth, n0 } = settings;
  if (radius !== undefined && adaptive !== undefined) {
    throw new CliError(
      '--radius and --adaptive are two rules, got both (--radius proves given radii, --adaptive finds one)',
    );
  }
  if (worth !== undefined && radius === undefined)
    throw new CliError('--worth must be given with --radius, got it without (it is what a radius given up costs)');
  if (worth !== undefined && prior !== undefined) {
    throw new CliError(
      '--worth and --prior are of two rules, got both (--radius plans with --worth; with --prior it tests a mixture)',
    );
  }
  // The rules check what it may be.
  const from = prior === undefined ? {} : { prior: prior as never };
  if (radius !== undefined) {
    const isFixed = prior !== undefined || earlier?.rule.name === 'fixed-radius';
    if (!isFixed) return planned(radius, settings, earlier);
    if (worth === undefined) return { rule: fixedRadius({ radius, ...from }), n0, checkEvery: undefined };
    throw new CliError(
      '--worth must not be given for this log, which fixedRadius began (leave it out, or take another --out)',
    );
  }
  if (adaptive !== undefined) {
    const gain = adaptive === true ? GAIN : adaptive;
    return {
      rule: anytimeRadius({ stops: [stopAtGain({ gain, over: GAIN_OVER })], ...from }),
      n0,
      checkEvery: undefined,
    };
  }
  if (prior === undefined) return { rule: undefined, n0, checkEvery: undefined };
  throw new CliError('--prior must be given with --radius or --adaptive, got it alone (a fixed sample has no prior)');
}

/** One radius needs no selection sample: the votes choose the class. */
function planned(radius: readonly number[], { worth, n0 }: RuleSettings, earlier: EarlierRule | undefined): RunRule {
  const begun = earlier?.rule.name === PLANNED_NAME ? earlier : undefined;
  return {
    rule: plannedRadius({ radius, worth }),
    n0: n0 ?? begun?.n0 ?? (radius.length === 1 ? 0 : undefined),
    checkEvery: begun?.checkEvery ?? PLANNED_EVERY,
  };
}

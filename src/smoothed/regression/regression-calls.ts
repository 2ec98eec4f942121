import type { RuleRecord } from '../../certify/types.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { countsChanges } from '../../options/counting-norms.ts';
import type { Norm } from '../../types.ts';
import type { OutputRunSettings } from '../outputs/output-runs.ts';
import { RULES } from './bounds-certificate.ts';
import type { BoundsRun, WidthStop } from './bounds-phases.ts';
import type { RadiusRun, RadiusStop } from './radius-certificate.ts';
import {
  type IntervalEnd,
  type RegressionCertifyOptions,
  regressionCertifyOptions,
  type RegressionIntervalOptions,
  regressionIntervalOptions,
} from './regressor-options.ts';
import { entryOf, type GridOptions } from './value-grid.ts';

/** What a call is checked against. @internal */
export interface CalledModel {
  readonly outputs: number;
  readonly noise: Noise;
  /** The norm asked for, or the first one of the noise. */
  readonly norm: (call: string, asked: Norm | undefined) => Norm;
}

/** A call that asks for bounds within radii. @internal */
export interface BoundsCall
  extends
    OutputRunSettings,
    Pick<BoundsRun, 'alpha' | 'norm' | 'sides' | 'grid' | 'radii' | 'rule' | 'n' | 'checkEvery' | 'stop' | 'passes'> {
  readonly kind: 'bounds';
  readonly wantsPoint: boolean;
}

/** A call that asks for the radius of intervals. @internal */
export interface RadiusCall
  extends OutputRunSettings, Pick<RadiusRun, 'alpha' | 'norm' | 'low' | 'high' | 'rule' | 'n' | 'checkEvery' | 'stop'> {
  readonly kind: 'radius';
}

const performanceNow = (): number => performance.now();

/** The options of `certify`, checked. @internal */
export function boundsCall(
  call: string,
  { outputs, norm: normOf }: CalledModel,
  options: RegressionCertifyOptions,
  known: readonly string[],
): BoundsCall {
  const {
    radius,
    stop,
    looks,
    norm: asked,
    checkEvery,
    ...parsed
  } = regressionCertifyOptions.parse(call, options, known);
  const { n, sides, grid, passes } = parsed;
  const norm = normOf(call, asked);
  const radii = [radius].flat();
  assertWhole(call, radii, norm);
  if (looks && looks.at(-1) !== n) {
    throw refusal(OptionError, { call, field: 'looks', value: looks }, `must end with n = ${n}`);
  }
  if (grid) assertGrid(call, grid, outputs);
  const { width, milliseconds, now = performanceNow } = stop;
  const isAnytime = width !== undefined || milliseconds !== undefined;
  if (isAnytime && looks) {
    throw refusal(OptionError, { call, field: 'looks', value: looks }, 'must not be given together with `stop`');
  }
  if (isAnytime && passes !== undefined && passes > 1) {
    const way = 'whether to stop shows only with all outputs: count in a `grid` to save memory';
    throw refusal(OptionError, { call, field: 'passes', value: passes, way }, 'must be 1 with `stop`');
  }
  if (width !== undefined && sides !== 'both') {
    throw refusal(OptionError, { call, field: 'sides', value: sides }, "must be 'both' with `stop.width`");
  }
  assertLength(call, 'stop.width', width, outputs);
  const anytime: WidthStop | undefined = isAnytime ? { width, milliseconds, now } : undefined;
  const rule: RuleRecord = isAnytime
    ? { name: RULES.anytime, parameters: stopRecord({ width, milliseconds, checkEvery }) }
    : looks
      ? { name: RULES.looks, parameters: { looks } }
      : { name: RULES.fixed, parameters: {} };
  return { ...parsed, grid, passes, kind: 'bounds', norm, radii, rule, stop: anytime, checkEvery, wantsPoint: false };
}

/** The options of `certifyInterval`, checked. @internal */
export function radiusCall(
  call: string,
  { outputs, norm: normOf }: CalledModel,
  options: RegressionCertifyOptions | RegressionIntervalOptions,
  known: readonly string[],
): RadiusCall {
  const parsed = regressionIntervalOptions.parse(call, options as RegressionIntervalOptions, known);
  const { low: lowGiven, high: highGiven, stop, checkEvery, norm: asked, ...others } = parsed;
  const [low, high] = [endsOf(call, 'low', lowGiven, outputs), endsOf(call, 'high', highGiven, outputs)];
  for (const [i, least] of low.entries()) {
    const most = high[i] ?? Infinity;
    if ((least ?? -Infinity) <= most && !(least === null && most === Infinity)) continue;
    const must = 'must be at most `high`, and one of the two finite, for each output';
    throw refusal(OptionError, { call, field: 'low', value: lowGiven, got: `[${least}, ${high[i]}]` }, must);
  }
  const norm = normOf(call, asked);
  const { radius, milliseconds, now = performanceNow } = stop;
  const isAnytime = radius !== undefined || milliseconds !== undefined;
  if (radius !== undefined) assertWhole(call, [radius], norm, 'stop.radius');
  const anytime: RadiusStop | undefined = isAnytime ? { radius, milliseconds, now } : undefined;
  const rule: RuleRecord = isAnytime
    ? { name: RULES.anytime, parameters: stopRecord({ radius, milliseconds, checkEvery }) }
    : { name: RULES.fixed, parameters: {} };
  return { ...others, kind: 'radius', norm, low, high, rule, stop: anytime, checkEvery };
}

/** The settings that are there, as a certificate names them. */
function stopRecord(
  settings: Readonly<Record<string, number | readonly number[] | undefined>>,
): RuleRecord['parameters'] {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function assertWhole(call: string, radii: readonly number[], norm: Norm, field = 'radius'): void {
  const wrong = countsChanges(norm) ? radii.find((radius) => !Number.isInteger(radius)) : undefined;
  if (wrong === undefined) return;
  throw refusal(OptionError, { call, field, value: wrong }, `must be a whole number of changes in ${norm}`);
}

/** One finite end or none for each output. */
function endsOf(call: string, field: string, given: IntervalEnd, outputs: number): (number | null)[] {
  assertLength(call, field, given, outputs);
  const ends = Array.from({ length: outputs }, (_, i) => entryOf<number | null>(given, i));
  return ends.map((end) => {
    if (end === (field === 'low' ? Infinity : -Infinity)) {
      throw refusal(OptionError, { call, field, value: end }, 'must be finite, or without an end on its own side');
    }
    return end === null || !Number.isFinite(end) ? null : end + 0;
  });
}

function assertGrid(call: string, { low, high }: GridOptions, outputs: number): void {
  assertLength(call, 'grid.low', low, outputs);
  assertLength(call, 'grid.high', high, outputs);
}

function assertLength(call: string, field: string, value: unknown, outputs: number): void {
  if (!Array.isArray(value) || value.length === outputs) return;
  const details = { call, field, value, got: `${value.length} of them` };
  throw refusal(OptionError, details, `must be one number, or one for each of the ${outputs} outputs`);
}

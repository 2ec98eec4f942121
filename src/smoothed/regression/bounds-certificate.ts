import type { RuleRecord } from '../../certify/types.ts';
import type { BoxLayout } from '../../detection/box-layout.ts';
import type { Noise } from '../../noise/types.ts';
import type { InputRange, Key, Norm } from '../../types.ts';
import type { GrantedSettings } from '../certificates.ts';
import { outputRecord } from '../outputs/model-rows.ts';
import { OrderPlan } from './order-plan.ts';
import type {
  BoundedSides,
  BoundsCertificate,
  BoundsWithin,
  OrderStatistic,
  OutputBounds,
  QuantileLook,
  RegressionPrediction,
} from './types.ts';
import type { GridOptions } from './value-grid.ts';

/** What a certificate of bounds depends on beside its samples. @internal */
export interface BoundsSettings extends GrantedSettings {
  readonly noise: Noise;
  readonly key: Key;
  readonly alpha: number;
  readonly norm: Norm;
  readonly dimension: number;
  readonly outputs: number;
  readonly percentile: number;
  readonly nonFinite: 'error' | 'worst';
  readonly outputRange: InputRange | undefined;
  readonly sides: BoundedSides;
  readonly grid: GridOptions | undefined;
  readonly radii: readonly number[];
  readonly rule: RuleRecord;
  readonly n: number;
  /** What the outputs are, where they are boxes in slots. */
  readonly boxes?: BoxLayout | undefined;
}

/** What the samples were. @internal */
export interface BoundsEvidence {
  readonly looks: readonly QuantileLook[];
  readonly stop: string;
}

/** The rule of a fixed sample, of looks at sizes that were fixed before, and of any time. @internal */
export const RULES = { fixed: 'fixed-sample', looks: 'looks', anytime: 'anytime' } as const;

/** The sizes at which a sample is looked at by a rule; undefined at any time. @internal */
export function looksOf({ rule, n }: Pick<BoundsSettings, 'rule' | 'n'>): readonly number[] | undefined {
  if (rule.name === RULES.anytime) return undefined;
  return rule.name === RULES.looks ? (rule.parameters['looks'] as readonly number[]) : [n];
}

/** Which order statistics the bounds of these settings are. @internal */
export function orderPlan(settings: BoundsSettings): OrderPlan {
  const { noise, norm, dimension } = settings;
  return new OrderPlan(noise, { ...settings, looks: looksOf(settings) }, { norm, dimension });
}

/** The certificate as a function of the order statistics. @internal */
export function boundsCertificate(
  settings: BoundsSettings,
  plan: OrderPlan,
  { looks, stop }: BoundsEvidence,
): BoundsCertificate | RegressionPrediction {
  const { outputs, percentile, nonFinite, outputRange, sides, grid, radii, rule, n, boxes } = settings;
  const within = plan.levels.map(({ lower, upper, ball }, k): BoundsWithin => ({
    radius: radii[k] ?? 0,
    ball,
    lowerLevel: { ...lower },
    upperLevel: { ...upper },
    bounds: boundsOf(looks, k, { outputs, sides, range: outputRange }),
  }));
  const [largest, last] = [within.at(-1), looks.at(-1)];
  const { point } = last ?? {};
  return {
    ...outputRecord('regression', settings.noise, settings),
    claim: 'bounds',
    outputs,
    percentile,
    nonFinite,
    rule,
    n,
    nUsed: last?.n ?? 0,
    stop,
    failures: last?.failures ?? 0,
    sides,
    alphaSide: plan.alphaSide,
    outputRange: rangeRecord(outputRange),
    grid: grid ? { ...grid } : null,
    looks,
    within,
    radius: largest?.radius ?? 0,
    bounds: (largest?.bounds ?? []).map((bounds) => ({ ...bounds })),
    ...(point && { point: [...point] }),
    ...(boxes && { boxes }),
  };
}

/** What the statistics of all looks let one say of each output: of each side the best. */
function boundsOf(
  looks: readonly QuantileLook[],
  radius: number,
  {
    outputs,
    sides,
    range,
  }: { readonly outputs: number; readonly sides: BoundedSides; readonly range: InputRange | undefined },
): OutputBounds[] {
  return Array.from({ length: outputs }, (_, output) => {
    const lowest = looks.map(({ statistics }) => valueOf(statistics[radius]?.lower[output] ?? null, -Infinity));
    const highest = looks.map(({ statistics }) => valueOf(statistics[radius]?.upper[output] ?? null, Infinity));
    const [least = -Infinity, most = Infinity] = range ?? [];
    const lower = sides === 'upper' ? -Infinity : Math.max(...lowest, least);
    const upper = sides === 'lower' ? Infinity : Math.min(...highest, most);
    const always = lower === Infinity ? 'Infinity' : upper === -Infinity ? '-Infinity' : undefined;
    return { lower: finite(lower), upper: finite(upper), ...(always && { always }) };
  });
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** The number of an order statistic; where there is none, one that says nothing. @internal */
export function valueOf(statistic: OrderStatistic, none: number): number {
  return statistic === null ? none : Number(statistic);
}

/** A range as JSON holds it. */
const rangeRecord = (range: InputRange | undefined): BoundsCertificate['outputRange'] =>
  range ? [finite(range[0]), finite(range[1])] : null;

/** A range as a certificate has it. @internal */
export const rangeOfRecord = (record: BoundsCertificate['outputRange']): InputRange | undefined =>
  record ? [record[0] ?? -Infinity, record[1] ?? Infinity] : undefined;

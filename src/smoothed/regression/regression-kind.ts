import { boxLayoutField } from '../../detection/box-layout.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { isAskable } from '../../options/counting-norms.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { grantedSettings } from '../certificates.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { recordFields, taskField, wholeField, wholesField } from '../outputs/record-form.ts';
import type { Key } from '../../types.ts';
import { boundsCertificate, looksOf, orderPlan, rangeOfRecord, RULES } from './bounds-certificate.ts';
import { derivedLooks } from './derive-looks.ts';
import { widths } from './bounds-phases.ts';
import { radiusCertificate } from './radius-certificate.ts';
import { commonFaults, endFaults } from './regression-faults.ts';
import type { BoundsCertificate, QuantileLook, RadiusCertificate, RegressionCertificate, ValueGap } from './types.ts';
import { gridField } from './value-grid.ts';

const isWhole = (v: unknown): boolean => Number.isSafeInteger(v) && (v as number) >= 0;
const isList = (v: unknown, holds: (entry: unknown) => boolean): boolean => Array.isArray(v) && v.every(holds);
const isNumberOrNull = (v: unknown): boolean => v === null || fields.isFiniteNumber(v);
const isObject = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const isStatistic = (v: unknown): boolean => isNumberOrNull(v) || v === 'Infinity' || v === '-Infinity';
const isIndex = (v: unknown): boolean => v === null || (isWhole(v) && (v as number) > 0);
const isEvidence = (v: unknown): boolean =>
  isObject(v) &&
  isIndex(v['lowerIndex']) &&
  isIndex(v['upperIndex']) &&
  isList(v['lower'], isStatistic) &&
  isList(v['upper'], isStatistic);
const isLook = (v: unknown): boolean =>
  isObject(v) &&
  isWhole(v['n']) &&
  isWhole(v['failures']) &&
  isList(v['nan'], isWhole) &&
  isList(v['missing'], isWhole) &&
  isList(v['statistics'], isEvidence) &&
  (v['point'] === undefined || isList(v['point'], isStatistic));
const isPair = (v: unknown): boolean =>
  isObject(v) && ['p', 'q'].every((name) => fields.isFiniteNumber(v[name]) && v[name] >= 0 && v[name] <= 1);
const isBounds = (v: unknown): boolean =>
  isObject(v) &&
  isNumberOrNull(v['lower']) &&
  isNumberOrNull(v['upper']) &&
  [undefined, 'Infinity', '-Infinity'].includes(v['always'] as undefined);
const isWithin = (v: unknown): boolean =>
  isObject(v) &&
  fields.isFiniteNumber(v['radius']) &&
  v['radius'] >= 0 &&
  (v['ball'] === 'closed' || v['ball'] === 'open') &&
  isPair(v['lowerLevel']) &&
  isPair(v['upperLevel']) &&
  isList(v['bounds'], isBounds);

const list = <T>(what: string, holds: (v: unknown) => boolean): fields.Field<readonly T[]> =>
  fields.field<readonly T[]>(`must be a list of ${what}`, (v) => isList(v, holds));
const radius = fields.nonNegative;
const ball = fields.oneOf('closed', 'open');

const common = {
  ...recordFields,
  task: taskField('regression'),
  key: fields.field<Key | null>('must be a key (createKey(seed) makes one)', (v) => fields.key.safeParse(v).success),
  alpha: fields.certifyAlpha,
  outputs: fields.positiveInteger,
  percentile: fields.openFraction,
  nonFinite: fields.oneOf('error', 'worst'),
  rule: fields.field<RegressionCertificate['rule']>(
    'must be { name, parameters } of fixed-sample, looks or anytime',
    isRule,
  ),
  n: fields.sampleCount,
  nUsed: fields.sampleCount,
  stop: fields.text,
  failures: wholeField,
  radius,
  boxes: fields.optional(boxLayoutField),
};

const boundsForm = formOf<BoundsCertificate>()({
  ...common,
  claim: fields.field<'bounds'>("must be 'bounds'", (v) => v === 'bounds'),
  sides: fields.oneOf('both', 'lower', 'upper'),
  alphaSide: fields.openFraction,
  outputRange: fields.field<BoundsCertificate['outputRange']>(
    'must be [low, high], numbers or null, or null',
    (v) => v === null || (isList(v, isNumberOrNull) && (v as unknown[]).length === 2),
  ),
  grid: fields.field<BoundsCertificate['grid']>(
    'must be { low, high, bins } or null',
    (v) => v === null || gridField.safeParse(v).success,
  ),
  looks: list<QuantileLook>('looks { n, failures, nan, missing, statistics }', isLook),
  within: list<BoundsCertificate['within'][number]>('{ radius, ball, lowerLevel, upperLevel, bounds }', (v) =>
    isWithin(v),
  ),
  bounds: list<BoundsCertificate['bounds'][number]>('{ lower, upper }', isBounds),
});

const ends = list<number | null>('numbers or null', isNumberOrNull);
const counts = list<number | null>('whole numbers or null', (v) => v === null || isWhole(v));
const gaps = list<ValueGap | null>(
  'pairs of values, or null',
  (v) => v === null || (isList(v, isStatistic) && (v as unknown[]).length === 2),
);
const radiusForm = formOf<RadiusCertificate>()({
  ...common,
  claim: fields.field<'radius'>("must be 'radius'", (v) => v === 'radius'),
  nan: wholesField,
  missing: wholesField,
  below: counts,
  above: counts,
  aroundLow: gaps,
  aroundHigh: gaps,
  low: ends,
  high: ends,
  lowRadius: ends,
  highRadius: ends,
  abstained: fields.boolean,
  ball,
});

function isRule(v: unknown): boolean {
  if (!isObject(v) || Object.keys(v).length !== 2 || !isObject(v['parameters'])) return false;
  const { name, parameters } = v as unknown as RegressionCertificate['rule'];
  const names = Object.keys(parameters);
  if (name === RULES.fixed) return names.length === 0;
  if (name === RULES.looks) {
    const { looks } = parameters;
    return names.length === 1 && isList(looks, (n) => isWhole(n)) && fields.isAscending(looks as number[]);
  }
  if (name !== RULES.anytime) return false;
  const { checkEvery, width, radius: least, milliseconds, ...others } = parameters;
  const isLength = (one: unknown): boolean => fields.isFiniteNumber(one) && one >= 0;
  return (
    Object.keys(others).length === 0 &&
    fields.isInteger(checkEvery, 1, Number.MAX_SAFE_INTEGER) &&
    [width].flat().every((one) => one === undefined || isLength(one)) &&
    [least, milliseconds].every((one) => one === undefined || isLength(one))
  );
}

/** What a certificate of a smoothed regressor is held against. @internal */
export const regressionKind: OutputKind<RegressionCertificate> = {
  parse: (call, certificate) => {
    const { claim } = certificate as { readonly claim: unknown };
    if (claim === 'bounds') boundsForm.check(call, certificate);
    else if (claim === 'radius') radiusForm.check(call, certificate);
    else throw refusal(OptionError, { call, field: 'claim', value: claim }, "must be 'bounds' or 'radius'");
  },
  derive: (certificate, noise) =>
    certificate.claim === 'bounds' ? deriveBounds(certificate, noise) : deriveRadius(certificate, noise),
  settings: ['claim', 'noise', 'domain', 'norm', 'alpha', 'outputs', 'percentile', 'nonFinite', 'rule', 'n', 'boxes'],
  options: (certificate) => {
    const { key, n, alpha, norm, rule } = certificate;
    const { checkEvery, looks, ...stop } = rule.parameters;
    const shared = {
      ...{ key, n, alpha, norm },
      ...(checkEvery !== undefined && { checkEvery, stop }),
      ...(looks !== undefined && { looks }),
    };
    if (certificate.claim === 'radius') return { ...shared, low: certificate.low, high: certificate.high };
    const { sides, grid, within } = certificate;
    return { ...shared, radius: within.map((one) => one.radius), sides, ...(grid && { grid }) };
  },
};

function deriveBounds(stored: BoundsCertificate, noise: Noise): OutputDerivation<BoundsCertificate> {
  const { outputs, percentile, looks, within, norm, rule, n, stop } = stored;
  const radii = within.map((one) => one.radius);
  const faults = commonFaults(stored, noise);
  const isPrediction = looks.at(-1)?.point !== undefined;
  if (isPrediction ? radii.length !== 1 || radii[0] !== 0 : !radii.every((one) => isAskable(one, norm) && one > 0))
    faults.push(`radii are ${JSON.stringify(radii)}, which nobody can ask for`);
  if (radii.length === 0 || !fields.isAscending(radii)) faults.push('within has no radii that ascend');
  const sizes = looksOf(stored);
  if (sizes && JSON.stringify(sizes) !== JSON.stringify(looks.map((look) => look.n)))
    faults.push(`looks are at ${JSON.stringify(looks.map((look) => look.n))}, but ${rule.name} looks at ${sizes}`);
  if (sizes?.at(-1) !== undefined && sizes.at(-1) !== n) faults.push(`looks end at ${sizes.at(-1)}, but n is ${n}`);
  if (looks.at(-1)?.n !== stored.nUsed) faults.push(`looks end at ${looks.at(-1)?.n}, but nUsed is ${stored.nUsed}`);
  if (!sizes && looks.length !== 1) faults.push(`looks are ${looks.length}, but at any time there is one`);
  const { grid } = stored;
  for (const [name, end] of Object.entries({ low: grid?.low, high: grid?.high })) {
    if (Array.isArray(end) && end.length !== outputs) faults.push(`grid has not one ${name} for each output`);
  }
  if (faults.length > 0) return { faults };
  const settings = {
    ...{ ...stored, noise, key: stored.key ?? [0, 0], radii, percentile },
    ...{ outputRange: rangeOfRecord(stored.outputRange), grid: grid ?? undefined },
    ...grantedSettings(stored),
  } as const;
  const plan = orderPlan(settings);
  const derived = derivedLooks(stored, plan, faults);
  if (faults.length > 0) return { faults };
  if (stop === 'stop-at-width') {
    const { width } = rule.parameters;
    const most = widths(looks[0] as QuantileLook);
    const asked = (i: number): number => Number(Array.isArray(width) ? (width as unknown[])[i] : width);
    const wider = most.findIndex((one, i) => !(one <= asked(i)));
    if (wider >= 0) faults.push(`stop is ${stop}, but output ${wider} has the width ${most[wider]}`);
  }
  const certificate = boundsCertificate(settings, plan, { looks: derived, stop });
  return { faults, certificate, radius: certificate.radius };
}

function deriveRadius(stored: RadiusCertificate, noise: Noise): OutputDerivation<RadiusCertificate> {
  const faults = [...commonFaults(stored, noise), ...endFaults(stored)];
  if (faults.length > 0) return { faults };
  const settings = { ...stored, noise, key: stored.key ?? [0, 0], ...grantedSettings(stored) } as const;
  const certificate = radiusCertificate(settings, stored, stored);
  const { stop, rule } = stored;
  if (stop === 'stop-at-radius' && !(certificate.radius >= Number(rule.parameters['radius'])))
    faults.push(`stop is ${stop}, but the radius that follows is ${certificate.radius}`);
  return { faults, certificate, radius: certificate.radius };
}

import { isDeepStrictEqual } from 'node:util';
import type { Certificate } from '../certify/types.ts';

/** What the rows of one run have in common, as far as a certificate records it. @internal */
export type RunSettings = Partial<
  Pick<
    Certificate,
    | 'smoothing'
    | 'noise'
    | 'norm'
    | 'rule'
    | 'n0'
    | 'n'
    | 'alpha'
    | 'checkEvery'
    | 'domain'
    | 'assumptions'
    | 'dimension'
  >
>;

/** In the order in which differences are named. */
const settings: Readonly<Record<keyof RunSettings, true>> = {
  smoothing: true,
  noise: true,
  norm: true,
  rule: true,
  n0: true,
  n: true,
  alpha: true,
  checkEvery: true,
  domain: true,
  assumptions: true,
  dimension: true,
};
const names = Object.keys(settings) as (keyof RunSettings)[];

/** A setting with two values. @internal */
export interface SettingDifference {
  readonly name: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** The first setting that `expected` states and `found` has otherwise. @internal */
export function firstDifference(expected: RunSettings, found: RunSettings): SettingDifference | undefined {
  const isOther = (one: keyof RunSettings): boolean =>
    expected[one] !== undefined && !isDeepStrictEqual(asLogged(expected[one]), asLogged(found[one]));
  const name = names.find(isOther);
  return name && { name, expected: expected[name], found: found[name] };
}

/** A value as it comes back from a log: without prototypes and negative zeros. */
const asLogged = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

/** The settings that can be known before anything is certified; those that are left to a default are not among them. @internal */
export function statedSettings(g: object, shape: readonly number[], options: object): RunSettings {
  const { smoothing, noise } = g as {
    readonly smoothing?: Certificate['smoothing'];
    readonly noise?: Certificate['noise'];
  };
  const { rule, ...stated } = options as RunSettings;
  return {
    ...stated,
    ...(smoothing && { smoothing }),
    ...(noise && { noise: { name: noise.name, parameters: noise.parameters } }),
    ...(rule && { rule: { name: rule.name, parameters: rule.parameters } }),
    dimension: shape.reduce((product, length) => product * length, 1),
  };
}

/** The settings of a row, with the number of classes that its votes have. @internal */
export function settingsOf(certificate: Certificate): Readonly<Record<string, unknown>> {
  const found = Object.fromEntries(names.map((name) => [name, certificate[name]]));
  return { ...found, classes: certificate.counts.length };
}

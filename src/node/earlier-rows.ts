import { isDeepStrictEqual } from 'node:util';
import { chosenRule } from '../certify/chosen-rule.ts';
import { hasDeadline } from '../certify/stops.ts';
import type { Certificate } from '../certify/types.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { DataError, OptionError, refusal } from '../errors.ts';
import { fullRowText } from '../evaluate/certification-log.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { exampleKey } from '../random/purposes.ts';
import type { Key } from '../types.ts';
import { checkDerived, type FaultsOf } from './row-verifier.ts';

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

/** A setting with two values. */
interface SettingDifference {
  readonly name: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** The first setting that `expected` states and `found` has otherwise. */
function firstDifference(expected: RunSettings, found: RunSettings): SettingDifference | undefined {
  const isOther = (one: keyof RunSettings): boolean =>
    expected[one] !== undefined && !isDeepStrictEqual(asLogged(chosen(expected, one)), asLogged(chosen(found, one)));
  const name = names.find(isOther);
  return name && { name, expected: chosen(expected, name), found: chosen(found, name) };
}

/** A setting as it was chosen: boundaries that follow from the settings are none. */
function chosen(settings: RunSettings, name: keyof RunSettings): unknown {
  return name === 'rule' && settings.rule ? chosenRule(settings.rule) : settings[name];
}

/** A value as it comes back from a log: without prototypes and negative zeros. @internal */
export const asLogged = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

/** The settings that can be known before anything is certified; those that are left to a default are not among them. @internal */
export function statedSettings(g: object, shape: readonly number[], options: object): RunSettings {
  const {
    smoothing,
    noise,
    rule: own,
  } = g as {
    readonly smoothing?: Certificate['smoothing'];
    readonly noise?: Certificate['noise'];
    /** Of a deterministic noise: how its copies vote. */
    readonly rule?: Certificate['rule'];
  };
  const { rule = own, ...stated } = options as RunSettings;
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
  const found = Object.fromEntries(names.map((name) => [name, chosen(certificate, name)]));
  return { ...found, classes: certificate.counts.length };
}

/** The run that a log must belong to. */
interface ExpectedRun {
  /** The public call that error texts name. */
  readonly call: string;
  /** The file, for error texts. */
  readonly path: string;
  /** Indices of the images of the run, in order. */
  readonly indices: readonly number[];
  /** The key of the run; undefined if nothing in it is random. */
  readonly key: Key | undefined;
  /** Settings of the run, as far as they are known; in all others the rows must agree. */
  readonly settings: RunSettings;
  /** What runs the classifier; rows of logs that do not say it are taken as they are. */
  readonly engine: EngineOfRun;
  /** Derives a row again. */
  readonly faultsOf: FaultsOf;
  /** The images with their labels. */
  readonly dataset: LabelledDataset;
  /** Stops the check. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Throws unless the rows of a log are the first rows of a run: OptionError for another key or another setting, DataError for gaps, doubles,
 * certificates that do not follow from their votes, and other labels.
 * @internal
 */
export async function checkEarlierRows(rows: readonly CertifiedRow[], run: ExpectedRun): Promise<void> {
  const { call, path, indices, key, settings, engine, faultsOf, dataset, signal } = run;
  const all = { ...rows[0]?.certificate, ...settings };
  for (const [i, row] of rows.entries()) {
    const at = `${path}, line ${i + 2},`;
    checkIndex(row, at, indices[i], call);
    checkKey(row, { call, at, key });
    checkSettings(row, { call, at, settings: all });
    if (engine.isLogged) checkEngine(row.engine, engine.name, { call, at });
    checkDerived(row, faultsOf, { call, field: 'file', at });
    const { label } = await dataset.example(row.index);
    if (label !== row.label) throw otherLabel(row, at, label, call);
    signal?.throwIfAborted();
  }
}

/** What runs the classifier of a run. @internal */
export interface EngineOfRun {
  /** Its name and version; undefined where it is not known. */
  readonly name: string | undefined;
  /** Whether the log is of a form that says it. */
  readonly isLogged: boolean;
}

/** Throws OptionError unless the samples of a run come from the engine that those before came from: another one computes another function. @internal */
export function checkEngine(
  found: string | null | undefined,
  engine: string | undefined,
  { call, at }: { readonly call: string; readonly at: string },
): void {
  if ((found ?? undefined) === engine) return;
  const got = `${engine ?? 'one that is not known'} where ${at} has ${found ?? 'one that is not known'}`;
  const way = 'go on with the engine of before, or take another file';
  const details = { call, field: 'engine', value: engine, got, way };
  throw refusal(OptionError, details, 'must be the same for all rows of a log');
}

/** Throws OptionError unless a row has these settings. @internal */
export function checkSettings({ certificate }: CertifiedRow, expected: ExpectedSettings): void {
  checkSettingsOf(certificate, expected);
}

interface ExpectedSettings {
  readonly call: string;
  /** Where they were found. */
  readonly at: string;
  readonly settings: RunSettings;
}

/** Throws OptionError unless what was found is these settings. @internal */
export function checkSettingsOf(found: RunSettings, { call, at, settings }: ExpectedSettings): void {
  const difference = firstDifference(settings, found);
  if (difference) throw otherSetting(call, at, difference.name, difference.expected, JSON.stringify(difference.found));
}

/** Throws OptionError unless the key of a row is that of its image in a run with this key. @internal */
export function checkKey({ index, certificate }: CertifiedRow, expected: ExpectedKey): void {
  checkKeyOf(index, certificate.key, expected);
}

interface ExpectedKey {
  readonly call: string;
  /** Where the other one was found. */
  readonly at: string;
  /** The key of the run. */
  readonly key: Key | undefined;
}

/** Throws OptionError unless a key is that of this image in a run. @internal */
export function checkKeyOf(index: number, found: Key | null, { call, at, key }: ExpectedKey): void {
  const expected = key === undefined ? null : exampleKey(key, index);
  if (isDeepStrictEqual(found && [...found], expected && [...expected])) return;
  throw otherSetting(call, at, 'key', key ?? null, found === null ? 'none' : 'one made from another key');
}

/** Throws DataError unless a row is the next one of a run. @internal */
export function checkIndex(
  { index }: { readonly index: number },
  at: string,
  expected: number | undefined,
  call: string,
): void {
  if (index === expected) return;
  const must = expected === undefined ? 'hold only images of this run' : `go on with image ${expected}`;
  const way = 'other `start`, `skip`, `max` or `shard`, or a line is missing';
  const details = { call, field: 'file', value: index, got: `image ${index} in ${at.slice(0, -1)}`, way };
  throw refusal(DataError, details, `must ${must}`);
}

function otherLabel(row: CertifiedRow, at: string, label: number, call: string): DataError {
  const got = `label ${row.label} in ${at} which belongs to another one`;
  const must = `must be a log of this data set, where image ${row.index} has label ${label}`;
  return refusal(DataError, { call, field: 'file', value: row.label, got, way: 'take another file' }, must);
}

/** The error of a setting with another value. @internal */
export function otherSetting(call: string, at: string, name: string, expected: unknown, found: string): OptionError {
  const got = `${JSON.stringify(expected)} where ${at} has ${found}`;
  const way = 'one log holds one run: use its settings, or another file';
  const details = { call, field: name, value: expected, got, way };
  return refusal(OptionError, details, 'must be the same for all rows of a log');
}

/** Certifies the images with these indices, as the run does. @internal */
export type CertifyIndices = (indices: Iterable<number>) => AsyncGenerator<CertifiedRow, void, undefined>;

/**
 * Certifies one image of a log again and throws OptionError unless its row is the same but for the time.
 *
 * It takes the image with the least clear vote, where another model would show most likely. Under a rule with a deadline only the
 * selection sample is compared.
 * @internal
 */
export async function recheckRow(
  rows: readonly CertifiedRow[],
  certified: CertifyIndices,
  { call, path }: { readonly call: string; readonly path: string },
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const logged = rows.reduce((least, row) => (clarity(row) < clarity(least) ? row : least), first);
  const at = `${path}, line ${rows.indexOf(logged) + 2},`;
  for await (const again of certified([logged.index])) {
    checkSettings(logged, { call, at, settings: again.certificate });
    if (!isSame(logged, again)) throw comesOutDifferently(call, path, `${at} where image ${logged.index}`);
  }
}

/** The error of a row that is another one when it is certified again. @internal */
export function comesOutDifferently(call: string, path: string, row: string): OptionError {
  const way = 'take another file; to go on all the same set `recheck: false`';
  const must = 'must be a log of this model, these images and this backend';
  return refusal(OptionError, { call, field: 'file', value: path, got: `${row} now comes out differently`, way }, must);
}

/** Share of the votes, or of the scores, that the class has. */
function clarity({ certificate: { nA, nUsed, scores } }: CertifiedRow): number {
  return (scores?.sum ?? nA) / nUsed;
}

function isSame(a: CertifiedRow, b: CertifiedRow): boolean {
  if (hasDeadline(a.certificate.rule))
    return isDeepStrictEqual([...a.certificate.countsSelection], [...b.certificate.countsSelection]);
  const textOf = ({ engine: _, ...row }: CertifiedRow): string =>
    fullRowText('certifyToLog', { ...row, milliseconds: 0 }, 'full with votes');
  return textOf(a) === textOf(b);
}

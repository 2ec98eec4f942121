import { isDeepStrictEqual } from 'node:util';
import type { RuleRecord } from '../certify/types.ts';
import type { OwnTargets } from '../data/target-dataset.ts';
import { DataError, refusal } from '../errors.ts';
import { targetCheckOf } from '../evaluate/output-figures.ts';
import type { OutputRow } from '../evaluate/output-rows.ts';
import { outputRowText } from '../evaluate/output-log.ts';
import { kindOfOutput } from '../smoothed/outputs/verify-output.ts';
import type { OutputCertifier, OutputRecord } from '../smoothed/outputs/types.ts';
import type { Key } from '../types.ts';
import { asLogged, checkEngine, checkIndex, checkKeyOf, comesOutDifferently, otherSetting } from './earlier-rows.ts';
import { checkDerived, type FaultsOf } from './row-verifier.ts';

/** What the rows of one run have in common. @internal */
export type OutputSettings = Readonly<Record<string, unknown>>;

/** Settings of every task, in the order in which differences are named; the others come after them. */
const COMMON = ['task', 'noise', 'norm', 'alpha', 'domain', 'dimension', 'assumptions'] as const;

/**
 * The settings that a row has: its fields that are the same in all rows of a run, and the options by which it is drawn again, but for those of the example.
 * @internal
 */
export function outputSettings(certificate: OutputRecord): OutputSettings {
  const kind = kindOfOutput('certifyToLog', certificate);
  const found = certificate as unknown as OutputSettings;
  const fields = [...COMMON, ...(kind.settings as readonly string[])].map((name) => [name, found[name]] as const);
  const ofExample = new Set(['key', ...(kind.exampleOptions ?? [])]);
  const options = Object.entries(kind.options(certificate)).filter(([name]) => !ofExample.has(name));
  return { ...Object.fromEntries(options), ...Object.fromEntries(fields) };
}

/** Where a row stands, and what is expected of it. */
interface ExpectedOutput {
  readonly call: string;
  readonly at: string;
}

/** Throws OptionError unless a row has all of these settings. @internal */
export function checkOutputSettings(
  certificate: OutputRecord,
  expected: OutputSettings,
  { call, at }: ExpectedOutput,
): void {
  const found = outputSettings(certificate);
  for (const name of new Set([...COMMON, ...Object.keys(expected), ...Object.keys(found)])) {
    if (isDeepStrictEqual(asLogged(expected[name]), asLogged(found[name]))) continue;
    throw otherSetting(call, at, name, expected[name] ?? null, JSON.stringify(found[name]) ?? 'none');
  }
}

/** Whether the rule of a certificate has a deadline. */
function mayEndByTime(certificate: OutputRecord): boolean {
  const { rule } = certificate as { readonly rule?: Partial<RuleRecord> | null };
  return rule?.parameters?.['milliseconds'] !== undefined;
}

/** The run that a log must belong to. */
interface ExpectedOutputs {
  readonly call: string;
  readonly path: string;
  /** Indices of the examples of the run, in order. */
  readonly indices: readonly number[];
  readonly key: Key | undefined;
  /** The options of the run. */
  readonly options: object;
  readonly g: Pick<OutputCertifier<object>, 'task' | 'noise'>;
  readonly engine: string | undefined;
  readonly faultsOf: FaultsOf<OutputRecord>;
  readonly dataset: OwnTargets;
  readonly signal: AbortSignal | undefined;
}

/**
 * Throws unless the rows of a log are the first rows of a run: OptionError for another key, setting or engine, DataError for gaps, doubles, certificates that
 * do not follow from their evidence, and other targets.
 * @internal
 */
export async function checkEarlierOutputs(rows: readonly OutputRow[], run: ExpectedOutputs): Promise<void> {
  const { call, path, indices, key, engine, faultsOf, dataset, signal } = run;
  let expected: OutputSettings | undefined;
  for (const [i, row] of rows.entries()) {
    const at = `${path}, line ${i + 2},`;
    checkIndex(row, at, indices[i], call);
    checkKeyOf(row.index, row.certificate.key, { call, at, key });
    checkNoise(row.certificate, run, { call, at });
    checkDerived(row, faultsOf, { call, field: 'file', at, from: 'evidence' });
    expected ??= withStated(outputSettings(row.certificate), run);
    checkOutputSettings(row.certificate, expected, { call, at });
    checkEngine(row.engine, engine, { call, at });
    const checkTarget = targetCheckOf(call, row.certificate.task);
    const { target } = await dataset.checkedExample(row.index, { call, checkTarget });
    if (!isDeepStrictEqual(target, row.target)) throw otherTarget(row, at, call);
    signal?.throwIfAborted();
  }
}

/** Throws OptionError for another noise, with which nothing could be derived. */
function checkNoise({ noise }: OutputRecord, { g }: Pick<ExpectedOutputs, 'g'>, { call, at }: ExpectedOutput): void {
  const { name, parameters } = g.noise;
  const expected = { name, parameters };
  if (!isDeepStrictEqual(asLogged(expected), asLogged(noise))) {
    throw otherSetting(call, at, 'noise', expected, JSON.stringify(noise));
  }
}

/**
 * The settings of the first row, in place of which there is what can be known before anything is certified: what the certifier says, and numbers and words of the
 * options, where a setting has the same name and is of the same type.
 */
function withStated(first: OutputSettings, { g: { task, noise }, options, dataset }: ExpectedOutputs): OutputSettings {
  const isStated = ([name, value]: readonly [string, unknown]): boolean =>
    ['number', 'string', 'boolean'].includes(typeof value) && typeof first[name] === typeof value;
  const { name, parameters } = noise;
  const dimension = dataset.shape.reduce((product, length) => product * length, 1);
  const stated = Object.fromEntries(Object.entries(options).filter(isStated));
  return { ...first, ...stated, task, noise: { name, parameters }, dimension };
}

function otherTarget({ index, target }: OutputRow, at: string, call: string): DataError {
  const got = `another one in ${at.slice(0, -1)}`;
  const details = { call, field: 'file', value: target, got, way: 'take another file' };
  return refusal(
    DataError,
    details,
    `must be a log of this data set, with the target of example ${index} as it is there`,
  );
}

/** Certifies the examples with these indices, as the run does. */
type CertifyOutputs = (indices: Iterable<number>) => AsyncGenerator<OutputRow, void, undefined>;

/**
 * Certifies one example of a log again and throws OptionError unless its certificate is the same.
 *
 * It takes the one with the longest line, which has most to compare. Where keys are secret nothing can be drawn again, and where there is a deadline nothing
 * need be the same: then only the settings are compared, those of the next row.
 * @internal
 */
export async function recheckOutput(
  rows: readonly OutputRow[],
  certified: CertifyOutputs,
  { call, path }: { readonly call: string; readonly path: string },
): Promise<void> {
  const lengths = rows.map((row) => outputRowText(call, row).length);
  const position = lengths.indexOf(lengths.reduce((longest, length) => Math.max(longest, length), 0));
  const logged = rows[position];
  if (logged === undefined || logged.certificate.key === null || mayEndByTime(logged.certificate)) return;
  const at = `${path}, line ${position + 2},`;
  for await (const { certificate } of certified([logged.index])) {
    checkOutputSettings(logged.certificate, outputSettings(certificate), { call, at });
    if (isDeepStrictEqual(asLogged(certificate), logged.certificate)) continue;
    throw comesOutDifferently(call, path, `${at} where example ${logged.index}`);
  }
}

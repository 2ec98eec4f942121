import { isDeepStrictEqual } from 'node:util';
import type { OwnTargets } from '../data/target-dataset.ts';
import { DataError, refusal } from '../errors.ts';
import { evaluationOf } from '../evaluate/output-figures.ts';
import type { OutputRow } from '../evaluate/output-rows.ts';
import { outputRowText } from '../evaluate/output-log.ts';
import { kindOfOutput } from '../smoothed/outputs/verify-output.ts';
import type { OutputCertifier, OutputRecord } from '../smoothed/outputs/types.ts';
import type { Key } from '../types.ts';
import { asLogged, checkEngine, checkIndex, checkKeyOf, comesOutDifferently, otherSetting } from './earlier-rows.ts';
import { checkDerived, type FaultsOf } from './row-verifier.ts';

/** What the rows of one run have in common, as far as it is known. @internal */
export type OutputSettings = Readonly<Record<string, unknown>>;

/** Settings of every task, in the order in which differences are named. */
const COMMON = ['task', 'noise', 'norm', 'alpha', 'domain', 'dimension', 'assumptions'] as const;

/** Names of the fields that are the same in all rows of a run. */
function settingNames(certificate: OutputRecord): readonly string[] {
  return [...new Set<string>([...COMMON, ...kindOfOutput('certifyToLog', certificate).settings])];
}

/** The settings that a row has. @internal */
export function outputSettings(certificate: OutputRecord): OutputSettings {
  const found = certificate as unknown as OutputSettings;
  return Object.fromEntries(settingNames(certificate).map((name) => [name, found[name]]));
}

/**
 * Settings that can be known before anything is certified: what the certifier says, and numbers and words of the options, whose names are those of the
 * fields. What is left to a default is not among them.
 * @internal
 */
export function statedOutputSettings(
  { task, noise }: Pick<OutputCertifier<object>, 'task' | 'noise'>,
  shape: readonly number[],
  options: object,
): OutputSettings {
  const stated = Object.entries(options).filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value));
  return {
    ...Object.fromEntries(stated),
    task,
    noise: { name: noise.name, parameters: noise.parameters },
    dimension: shape.reduce((product, length) => product * length, 1),
  };
}

/** Where a row stands, and what is expected of it. */
interface ExpectedOutput {
  readonly call: string;
  readonly at: string;
}

/** Throws OptionError unless a row has these settings, as far as they are settings of its task. @internal */
export function checkOutputSettings(
  certificate: OutputRecord,
  settings: OutputSettings,
  { call, at }: ExpectedOutput,
): void {
  const found = certificate as unknown as OutputSettings;
  for (const name of settingNames(certificate)) {
    const expected = settings[name];
    if (expected === undefined || isDeepStrictEqual(asLogged(expected), asLogged(found[name]))) continue;
    throw otherSetting(call, at, name, expected, JSON.stringify(found[name]) ?? 'none');
  }
}

/** Throws OptionError unless the key of a row is that of its example in a run with this key; where keys are secret, it has none. @internal */
export function checkOutputKey(
  { index, certificate }: OutputRow,
  key: Key | undefined,
  { call, at }: ExpectedOutput,
): void {
  if (hasSecretKey(certificate)) return;
  checkKeyOf(index, certificate.key, { call, at, key });
}

function hasSecretKey(certificate: OutputRecord): boolean {
  return certificate.key === null && kindOfOutput('certifyToLog', certificate).options === undefined;
}

/** The run that a log must belong to. */
interface ExpectedOutputs {
  readonly call: string;
  readonly path: string;
  /** Indices of the examples of the run, in order. */
  readonly indices: readonly number[];
  readonly key: Key | undefined;
  /** Settings of the run, as far as they are known; in all others the rows must agree. */
  readonly settings: OutputSettings;
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
  const { call, path, indices, key, settings, engine, faultsOf, dataset, signal } = run;
  const [first] = rows;
  const all = { ...(first && outputSettings(first.certificate)), ...settings };
  for (const [i, row] of rows.entries()) {
    const at = `${path}, line ${i + 2},`;
    checkIndex(row, at, indices[i], call);
    checkOutputKey(row, key, { call, at });
    checkOutputSettings(row.certificate, all, { call, at });
    checkEngine(row.engine, engine, { call, at });
    checkDerived(row, faultsOf, { call, field: 'file', at, from: 'evidence' });
    const { checkTarget } = evaluationOf(call, row.certificate.task);
    const { target } = await dataset.checkedExample(row.index, { call, checkTarget });
    if (!isDeepStrictEqual(target, row.target)) throw otherTarget(row, at, call);
    signal?.throwIfAborted();
  }
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
 * It takes the one with the longest line, which has most to compare. Of secret keys there is nothing to draw again: only settings are compared, later.
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
  if (logged === undefined || hasSecretKey(logged.certificate)) return;
  const at = `${path}, line ${position + 2},`;
  for await (const { certificate } of certified([logged.index])) {
    checkOutputSettings(logged.certificate, outputSettings(certificate), { call, at });
    if (isDeepStrictEqual(asLogged(certificate), logged.certificate)) continue;
    throw comesOutDifferently(call, path, `${at} where example ${logged.index}`);
  }
}

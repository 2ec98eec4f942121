import { isDeepStrictEqual } from 'node:util';
import type { Certificate } from '../certify/types.ts';
import { chosenRule } from '../certify/chosen-rule.ts';
import { settingsOf } from '../node/earlier-rows.ts';
import { createKey, foldIn } from '../random/key.ts';
import { exampleKey } from '../random/purposes.ts';
import type { Key } from '../types.ts';
import { isOfOneSample } from '../smoothed/certify-one-sample.ts';

/** What is wrong with a row. @internal */
export interface RowFaults {
  /** Index of the image. */
  readonly index: number;
  readonly faults: readonly string[];
}

/** The faults of a row, if there are any. @internal */
export function withFaults({ index }: { readonly index: number }, faults: readonly string[]): RowFaults[] {
  return faults.length === 0 ? [] : [{ index, faults }];
}

/** What of a row its run is told by. */
interface KeyedRow<C extends { readonly key: Key | null } = { readonly key: Key | null }> {
  readonly index: number;
  readonly certificate: C;
}

/** The fault of a row whose key is not that of its image in a run with this seed: its noise may have been chosen. */
function otherKey({ index, certificate }: KeyedRow, seed: number | undefined): string[] {
  if (seed === undefined || certificate.key === null) return [];
  const expected = exampleKey(createKey(seed), index);
  if (isDeepStrictEqual([...certificate.key], [...expected])) return [];
  return [`key is [${[...certificate.key].join(', ')}], but [${[...expected].join(', ')}] follows from --seed ${seed}`];
}

/** Which images a log has: every `step`-th from `first` to `last`. */
interface LogImages {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** Images in between without a row. */
  readonly missing: readonly number[];
}

/** The one run that a log must be of. @internal */
export interface LogRun<C = Certificate> {
  /** A certificate with the settings that most rows have. */
  readonly certificate: C;
  readonly images: LogImages;
  /** The seed of all keys, as far as it is known. */
  readonly seed: number | undefined;
  /** Rows that are of no such run. */
  readonly faults: readonly RowFaults[];
}

/** Seeds that are tried where none is given: a key tells nothing of the seed that it came from. */
const TRIED_SEEDS = 1000;
const SHOWN_GAPS = 10;

/** What the certificates of one run have in common. */
type SettingsOf<C> = (certificate: C) => Readonly<Record<string, unknown>>;

/** Holds the rows of a log to one run: one setting, keys of one seed, images at equal distances. @internal */
export function logRun<C extends { readonly key: Key | null }>(
  rows: readonly [KeyedRow<C>, ...KeyedRow<C>[]],
  givenSeed: number | undefined,
  settingsOfRun: SettingsOf<C>,
): LogRun<C> {
  const { certificate } = commonest(rows, settingsOfRun);
  const settings = settingsOfRun(certificate);
  const seed = givenSeed ?? seedOf(rows);
  const images = imagesOf(rows);
  return {
    certificate,
    images,
    seed: certificate.key === null ? undefined : seed,
    faults: [
      ...rows.flatMap((row) =>
        withFaults(row, [...otherSettings(settingsOfRun(row.certificate), settings), ...otherKey(row, seed)]),
      ),
      ...sameKeys(rows),
      ...gaps(images),
    ],
  };
}

/** What the rows of a log of classes have in common; of counts that were drawn elsewhere each image may have another number. @internal */
export function settingsOfClasses(certificate: Certificate): Readonly<Record<string, unknown>> {
  const settings = settingsOf(certificate);
  return isOfOneSample(certificate) ? { ...settings, n: undefined, checkEvery: undefined } : settings;
}

/** A row with the settings that most rows have. */
function commonest<C>(
  rows: readonly [{ certificate: C }, ...{ certificate: C }[]],
  settingsOfRun: SettingsOf<C>,
): { certificate: C } {
  const groups = new Map<string, { certificate: C }[]>();
  for (const row of rows) {
    const text = JSON.stringify(settingsOfRun(row.certificate));
    const group = groups.get(text);
    if (group) group.push(row);
    else groups.set(text, [row]);
  }
  const [largest] = [...groups.values()].sort((a, b) => b.length - a.length);
  return largest?.[0] ?? rows[0];
}

function otherSettings(
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): string[] {
  const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.keys(expected)
    .filter((name) => !isDeepStrictEqual(found[name], expected[name]))
    .map((name) => `${name} is ${show(found[name])}, but ${show(expected[name])} in the run that this log is of`);
}

/** The small seed that most keys come from, if there is one. */
function seedOf(rows: readonly KeyedRow[]): number | undefined {
  const some = [rows[0], rows[Math.floor(rows.length / 2)], rows.at(-1)];
  for (const row of some) {
    const key = row?.certificate.key;
    if (row === undefined || key === undefined || key === null) continue;
    const seed = Array.from({ length: TRIED_SEEDS }, (_, i) => i).find((one) =>
      isDeepStrictEqual([...foldIn(createKey(one), row.index)], [...key]),
    );
    const others = some.filter((other) => other && seed !== undefined && otherKey(other, seed).length === 0);
    if (seed !== undefined && 2 * others.length > some.length) return seed;
  }
  return undefined;
}

/** No two images of one run have one key. */
function sameKeys(rows: readonly KeyedRow[]): RowFaults[] {
  const seen = new Map<string, number>();
  return rows.flatMap((row) => {
    const text = row.certificate.key?.join(':');
    if (text === undefined) return [];
    const other = seen.get(text);
    seen.set(text, row.index);
    return other === undefined ? [] : withFaults(row, [`key is that of image ${other}`]);
  });
}

/** A run takes every step-th image, so what is not at a multiple of the least distance is missing. */
function imagesOf(rows: readonly KeyedRow[]): LogImages {
  const indices = rows.map(({ index }) => index).sort((a, b) => a - b);
  const [first = 0] = indices;
  const last = indices.at(-1) ?? first;
  const step = indices.slice(1).reduce((least, index, i) => Math.min(least, index - (indices[i] ?? 0)), Infinity);
  if (step === Infinity) return { first, last, step: 1, missing: [] };
  const missing: number[] = [];
  for (const [i, index] of indices.entries()) {
    const before = indices[i - 1];
    for (let gap = (before ?? index) + step; gap < index && missing.length <= SHOWN_GAPS; gap += step)
      missing.push(gap);
  }
  return { first, last, step, missing };
}

function gaps({ first, last, step, missing }: LogImages): RowFaults[] {
  const run = `a run of images ${first} to ${last}${step === 1 ? '' : ` in steps of ${step}`}`;
  return missing.slice(0, SHOWN_GAPS).map((index, i) => ({
    index,
    faults: [
      i === SHOWN_GAPS - 1 && missing.length > SHOWN_GAPS
        ? `is missing in ${run}, and others after it`
        : `is missing in ${run}`,
    ],
  }));
}

/** Which images a log has, for people. @internal */
export function imagesText({ first, last, step }: LogImages): string {
  return first === last ? `image ${first}` : `images ${first} to ${last}${step === 1 ? '' : ` in steps of ${step}`}`;
}

/** What a log was made with, for people. @internal */
export function runText({ certificate, images, seed }: LogRun, rows: number): string {
  const { smoothing, noise, norm, n0, n, alpha, checkEvery, dimension, key, counts } = certificate;
  const rule = chosenRule(certificate.rule);
  const parameters = (record: object): string =>
    Object.entries(record)
      .map(([name, value]) => ` ${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
      .join(',');
  const which = imagesText(images);
  const isElsewhere = isOfOneSample(certificate);
  const keys = isElsewhere
    ? 'counts drawn elsewhere'
    : key === null
      ? 'no keys'
      : seed === undefined
        ? 'keys of an unknown seed'
        : `keys of seed ${seed}`;
  return [
    `  ${smoothing} smoothing, ${noise.name}${parameters(noise.parameters)}, ${norm}, n0 ${n0}, n ${n}, alpha ${alpha}`,
    `  ${rule.name}${parameters(rule.parameters)}, checks every ${checkEvery}, ${counts.length} classes, ${dimension === 0 ? 'unknown number of' : dimension} coordinates`,
    `  ${rows} rows: ${which}, ${keys}`,
  ].join('\n');
}

/** What is said at the end of a check, if something is wrong. @internal */
export function failureText({
  run: { images },
  rows,
  wrong,
}: {
  readonly run: Pick<LogRun, 'images'>;
  readonly rows: number;
  readonly wrong: readonly RowFaults[];
}): string | undefined {
  if (wrong.length === 0) return undefined;
  const missing = new Set(images.missing);
  const count = new Set(wrong.map(({ index }) => index).filter((index) => !missing.has(index))).size;
  const parts = [
    ...(count > 0 ? [`${count} of ${rows} certificates do not hold`] : []),
    ...(missing.size > 0 ? [`images are missing in the log`] : []),
  ];
  return parts.join(', and ');
}

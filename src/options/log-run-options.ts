import { z } from 'zod';
import type { DatasetSelection } from '../data/dataset-selection.ts';
import type { LogRunOptions } from '../node/certify-to-log.ts';
import type { MergeLogsOptions } from '../node/merge-logs.ts';
import type { OwnParts } from '../node/row-verifier.ts';
import type { SoftTargetsToNpyOptions } from '../node/soft-targets-to-npy.ts';
import type { StartWorkersOptions } from '../node/start-workers.ts';
import { parseDatasetSelection, SELECTION_NAMES } from '../evaluate/certify-dataset.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';
import { softTargetsSchema } from '../recipes/soft-targets.ts';

const file: z.ZodCustom<string | URL, string | URL> = z.custom<string | URL>(
  (v) => (typeof v === 'string' && v !== '') || (v instanceof URL && v.protocol === 'file:'),
  { error: 'must be the path of a file, or a file: URL' },
);

const verifyWith = z.custom<OwnParts>(
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    Object.entries(v).every(([name, part]) =>
      name === 'noise' ? fields.noise.safeParse(part).success : name === 'rule' && isRule(part),
    ),
  { error: 'must be an object with the noise, the rule or both (for example { noise: myNoise })' },
);
const isRule = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'begin' in value && typeof value.begin === 'function';

const logRun = z.strictObject({
  file,
  onProgress: fields.callback<NonNullable<LogRunOptions['onProgress']>>('must be a function').optional(),
  durable: fields.boolean.default(false),
  recheck: fields.boolean.default(true),
  verifyWith: verifyWith.optional(),
});

const mergeLogs = z.strictObject({
  file,
  size: fields.positiveInteger,
  key: fields.key.optional(),
  start: fields.nonNegativeInteger.default(0),
  skip: fields.positiveInteger.default(1),
  max: fields.positiveInteger.default(Number.MAX_SAFE_INTEGER),
  verifyWith: verifyWith.optional(),
});

const RUN_NAMES: readonly string[] = Object.keys(logRun.shape);

/** Names of the options of `certifyToLog` that are not the certifier's. @internal */
export const LOG_RUN_NAMES: readonly string[] = [...SELECTION_NAMES, ...RUN_NAMES];

/** The options of `certifyToLog` in three parts; those of the certifier are parsed by it. @internal */
export interface ParsedLogRun<Options> {
  readonly run: WithDefaults<LogRunOptions, 'onProgress' | 'verifyWith'>;
  readonly selection: Required<DatasetSelection>;
  readonly certify: Options;
}

/** @internal */
export function parseLogRunOptions<Options extends object>(
  call: string,
  given: Options & DatasetSelection & LogRunOptions,
): ParsedLogRun<Options> {
  const entries = Object.entries((given as object | undefined) ?? {});
  const among = (names: readonly string[]): object =>
    Object.fromEntries(entries.filter(([name]) => names.includes(name)));
  return {
    run: parseOptions(call, logRun, among(RUN_NAMES)),
    selection: parseDatasetSelection(call, among(SELECTION_NAMES)),
    certify: Object.fromEntries(entries.filter(([name]) => !LOG_RUN_NAMES.includes(name))) as Options,
  };
}

/** @internal */
export function parseMergeLogsOptions(
  call: string,
  given: MergeLogsOptions,
): WithDefaults<MergeLogsOptions, 'key' | 'verifyWith'> {
  return parseOptions(call, mergeLogs, given);
}

/** A file that is an argument of its own. @internal */
export function parseFile(call: string, given: string | URL): string | URL {
  return parseOptions(call, z.strictObject({ file }), { file: given }).file;
}

const softTargetsToNpy = softTargetsSchema.extend({
  file,
  onProgress: fields.callback<NonNullable<SoftTargetsToNpyOptions['onProgress']>>('must be a function').optional(),
  durable: logRun.shape.durable,
  recheck: logRun.shape.recheck,
});

/** @internal */
export function parseSoftTargetsToNpyOptions(
  call: string,
  given: SoftTargetsToNpyOptions,
): WithDefaults<SoftTargetsToNpyOptions, 'batchSize' | 'signal' | 'onProgress'> {
  return parseOptions(call, softTargetsToNpy, given);
}

const startWorkers = z.strictObject({
  module: file,
  workers: fields.positiveInteger.optional(),
  data: z.unknown().optional(),
  execArgv: z
    .custom<NonNullable<StartWorkersOptions['execArgv']>>(
      (v) => Array.isArray(v) && v.every((argument) => typeof argument === 'string'),
      { error: 'must be a list of texts' },
    )
    .optional(),
  resourceLimits: fields
    .object<NonNullable<StartWorkersOptions['resourceLimits']>>(
      'must be an object (for example { maxOldGenerationSizeMb: 512 })',
    )
    .optional(),
});

/** @internal */
export function parseStartWorkersOptions(
  call: string,
  given: StartWorkersOptions,
): WithDefaults<StartWorkersOptions, 'workers' | 'data' | 'execArgv' | 'resourceLimits'> {
  return parseOptions(call, startWorkers, given);
}

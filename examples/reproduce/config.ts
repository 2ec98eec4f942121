/**
 * The configuration of a run: one JSON file for each method in the folder `configs`, checked here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { METHODS } from './certification.ts';

const count = z.int().positive();

const schema = z.strictObject({
  /** The loss that trains. */
  method: z.enum(METHODS),
  /** Standard deviation of the noise, for training and certification; pixels are in [0, 1]. */
  sigma: z.number().positive(),
  /** `createKey` of it drives the first weights, the order of the images, and all noise. */
  seed: z.int().nonnegative(),
  /** Options of the loss but `noise` and `attack`; its class checks them. */
  loss: z.record(z.string(), z.unknown()),
  /** Options of the attack but `noise`; its class checks them. */
  attack: z.record(z.string(), z.unknown()).optional(),
  /**
   * For CAT-RS, what the ablation changes. `no-mask`: the worst-case term counts for every image, not only where K = M. `all-copies`: K = M
   * always, so that all copies are trained on and the mask is 1. Absent: the published loss.
   */
  variant: z.enum(['no-mask', 'all-copies']).optional(),
  /** Begin with the weights of another run; absent: with fresh ones. */
  init: z.string().optional(),
  /** Train on so many of the images, the first ones; absent: on all. */
  images: count.optional(),
  /** Soft targets from the votes of another run, which is trained first. Without it CAT-RS takes the mean of its own noisy copies. */
  softTargets: z.strictObject({ run: z.string(), votes: count }).optional(),
  /** The loop. */
  training: z.strictObject({
    epochs: count,
    /** Epochs, from 0, at which the learning rate is multiplied by `gamma`. */
    drops: z.array(count),
    batchSize: count,
    learningRate: z.number().positive(),
    gamma: z.number().positive(),
    momentum: z.number().nonnegative(),
    weightDecay: z.number().nonnegative(),
    /** Parts that a batch is cut into, one optimizer step each. */
    microBatches: count,
  }),
});

/** The configuration of a run. */
export type RunConfig = z.infer<typeof schema>;

/** Takes everything down to what runs in a minute or two, and shows nothing but that it runs. */
export function quickened(config: RunConfig): RunConfig {
  const { softTargets, training, loss } = config;
  const sooner = Object.fromEntries(
    ['warmupEpochs', 'deferredEpochs'].filter((name) => name in loss).map((name) => [name, 1]),
  );
  return {
    ...config,
    images: 1024,
    loss: { ...loss, ...sooner },
    ...(softTargets && { softTargets: { ...softTargets, votes: 10 } }),
    training: { ...training, epochs: 2, drops: [1], batchSize: 32 },
  };
}

const ablationSchema = z.strictObject({
  /** What is the same in every run, and what differs, by run: both in place of what `configs/catrs.json` has. */
  common: z.record(z.string(), z.unknown()),
  runs: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** Reads `configs/NAME.json`, or a run `ablation/NAME` of `configs/ablation.json`. Throws an error that names the file and the field. */
export function readConfig(name: string): RunConfig {
  const [ablation, run = ''] = name.split('/');
  if (ablation !== 'ablation') return parse(schema, `configs/${name}.json`, readJson(`${name}.json`));
  const { common, runs } = readAblation();
  const changes = runs[run];
  if (changes === undefined)
    throw new Error(`configs/ablation.json must have the run '${run}', has ${Object.keys(runs).join(', ')}`);
  return parse(schema, 'configs/ablation.json', merge(merge(readJson('catrs.json'), common), changes));
}

/** Reads a configuration that was kept beside results; undefined if there is none. Throws an error that names the file and the field. */
export function readKeptConfig(file: string): RunConfig | undefined {
  return existsSync(file) ? parse(schema, file, JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

/** The runs of the ablation. */
export function ablationRuns(): string[] {
  return Object.keys(readAblation().runs).map((run) => `ablation/${run}`);
}

function readAblation(): z.infer<typeof ablationSchema> {
  return parse(ablationSchema, 'configs/ablation.json', readJson('ablation.json'));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`./configs/${file}`, import.meta.url), 'utf8'));
}

function parse<T>(type: z.ZodType<T>, file: string, value: unknown): T {
  const parsed = type.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`${file}:\n${z.prettifyError(parsed.error)}`);
}

/** Puts fields in place of others, objects within objects too; null takes a field away. */
function merge(base: unknown, changes: unknown): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(base) || !isObject(changes)) return changes;
  const merged = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(base[name], value);
  }
  return merged;
}

/** The learning rate of an epoch, from 0. */
export function learningRateOf({ learningRate, gamma, drops }: RunConfig['training'], epoch: number): number {
  return learningRate * gamma ** drops.filter((drop) => drop <= epoch).length;
}

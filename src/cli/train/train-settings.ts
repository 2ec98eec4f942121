import type { NoiseRecord } from '../../noise/types.ts';
import { methods } from '../../recipes/methods.ts';
import { presets } from '../../recipes/presets.ts';
import type { PresetModel, PresetTraining } from '../../recipes/preset-types.ts';
import type { DropTiming } from '../../recipes/schedules.ts';
import type { Json } from '../../types.ts';
import { CliError } from '../io.ts';
import { checkNoiseChoice, oneNumber } from '../noise-options.ts';
import { type MethodOptions, TRAIN_DEFAULTS, TRAIN_SIGMA, trainCommand, type TrainOptions } from '../commands/train.ts';

/** Options of a loss or an attack as plain data. @internal */
export type Fields = Readonly<Record<string, Json>>;

/** What the loop needs; `stepEpochs` 0 keeps the learning rate. @internal */
export type LoopSettings = Required<Omit<PresetTraining, 'rateDropEpoch' | 'augmentation'>> & {
  readonly augmentation: 'none' | 'crop-and-flip';
  /** When the rate drops: presets as in the published runs. */
  readonly timing: DropTiming;
};

/** Everything about a run that its weights depend on, beside the data: plain JSON, kept in the checkpoint. @internal */
export interface TrainSettings {
  readonly method: TrainOptions['method'];
  /** Of Gaussian noise. */
  readonly sigma?: number | undefined;
  /** Any other noise, as logs have it; known once the images are. */
  readonly noise?: Pick<NoiseRecord, 'name' | 'parameters'> | undefined;
  readonly loss: Fields;
  readonly attack: Fields | undefined;
  readonly loop: LoopSettings;
  readonly seed: number;
}

/** The settings of a run, and the network of its preset. @internal */
export interface ResolvedSettings {
  readonly settings: TrainSettings;
  readonly presetModel: PresetModel | undefined;
}

/** What holds without a preset, except the number of epochs. */
const DEFAULT_LOOP: Omit<LoopSettings, 'epochs'> = {
  ...TRAIN_DEFAULTS,
  stepEpochs: 0,
  gamma: 0.1,
  microBatches: 1,
  augmentation: 'none',
  timing: 'intended',
};

interface Published {
  readonly loss: object;
  readonly attack?: object;
  readonly training: PresetTraining;
  readonly model: PresetModel;
}

/** Settles preset, defaults and options, in this order. Throws CliError for options that do not go together. @internal */
export function resolveSettings(options: TrainOptions): ResolvedSettings {
  checkMethodOptions(options);
  checkNoise(options);
  const { method, seed, preset } = options;
  const isGaussian = options.noise === 'gaussian' || options.noise === undefined;
  // A scale for each coordinate is said by the record of the noise.
  const sigma = isGaussian ? oneNumber(options.sigma ?? TRAIN_SIGMA) : undefined;
  const published = preset === undefined ? undefined : publishedFor(options);
  const base: Published = published ?? methods[method].preset;
  const { loss, attack } = methodFields(options, {
    loss: withRange(base, options),
    attack: base.attack as Fields | undefined,
  });
  const epochs = options.epochs ?? published?.training.epochs;
  if (epochs === undefined) throw new CliError('--epochs is needed without --preset (for example --epochs 10)');
  const publishedLoop = published && { ...published.training, timing: 'published' };
  const loop = { ...DEFAULT_LOOP, ...publishedLoop, ...given(options), epochs } as LoopSettings;
  return { settings: { method, sigma, loss, attack, loop, seed }, presetModel: published?.model };
}

/** Throws CliError for a noise that the method does not train for, and for options of another noise. */
function checkNoise({ method, preset, ...choice }: TrainOptions): void {
  const { noise = 'gaussian' } = choice;
  checkNoiseChoice(noise === 'gaussian' ? { ...choice, sigma: choice.sigma ?? TRAIN_SIGMA } : choice);
  if (noise === 'gaussian') return;
  if (method !== 'copies') {
    throw new CliError(
      `--method must be copies for --noise ${noise}, got ${method} (the other methods are for Gaussian noise)`,
    );
  }
  if (preset === undefined) return;
  throw new CliError(`--preset must be left out for --noise ${noise}, for which nothing is published`);
}

/** The options of the loss, with the range of the images where an attack has to keep them in it. */
function withRange({ loss }: Published, { method, inputRange }: TrainOptions): Fields {
  const takesRange = methods[method].options.loss.includes('inputRange');
  return inputRange && takesRange ? { ...loss, inputRange } : { ...loss };
}

/** What the command line says of the loop. */
function given({ batchSize, learningRate, momentum, weightDecay, lrEvery, lrGamma, ...rest }: TrainOptions): object {
  const { microBatches, augment } = rest;
  const all = { batchSize, learningRate, momentum, weightDecay, stepEpochs: lrEvery, gamma: lrGamma, microBatches };
  return Object.fromEntries(
    Object.entries({ ...all, augmentation: augment }).filter(([, value]) => value !== undefined),
  );
}

function publishedFor({ preset = 'mnist', method, sigma = TRAIN_SIGMA }: TrainOptions): Published {
  const bySigma = presets[preset] as Readonly<Record<number, Readonly<Record<string, Published | undefined>>>>;
  const found = typeof sigma === 'number' ? bySigma[sigma]?.[method] : undefined;
  if (found !== undefined) return found;
  const there = Object.entries(bySigma)
    .filter(([, published]) => published[method] !== undefined)
    .map(([value]) => value)
    .sort();
  const some = there.length === 0 ? 'none are' : `they are for sigma ${there.join(', ')}`;
  throw new CliError(
    `--preset ${preset} must have published settings for ${method} at sigma ${String(sigma)}, got none: ${some} (leave --preset out, or take another)`,
  );
}

/** Where an option of a method goes. */
interface Place {
  readonly part: 'loss' | 'attack';
  readonly field: string;
}

const PLACES: Readonly<Record<keyof MethodOptions, Place>> = {
  numNoise: { part: 'loss', field: 'numNoise' },
  lambda: { part: 'loss', field: 'lambda' },
  eta: { part: 'loss', field: 'eta' },
  epsilon: { part: 'attack', field: 'epsilon' },
  attackSteps: { part: 'attack', field: 'steps' },
  stepSize: { part: 'attack', field: 'stepSize' },
  mixStep: { part: 'attack', field: 'mixStep' },
  warmupEpochs: { part: 'loss', field: 'warmupEpochs' },
  deferredEpochs: { part: 'loss', field: 'deferredEpochs' },
  confidenceMask: { part: 'loss', field: 'confidenceMask' },
};

const places = Object.entries(PLACES) as [keyof MethodOptions, Place][];

/** Throws CliError for an option that the method does not have. */
function checkMethodOptions(options: TrainOptions): void {
  const { method, softTargets } = options;
  const { options: names, preset } = methods[method];
  const has = ({ part, field }: Place): boolean => names[part].includes(field);
  const flag = (name: string): string => trainCommand.wordsFor(name) ?? name;
  const known = places.filter(([, place]) => has(place)).map(([name]) => flag(name));
  for (const [name, place] of places) {
    if (options[name] === undefined || has(place)) continue;
    throw new CliError(`${flag(name)} must be left out for --method ${method}, which has ${known.join(', ')}`);
  }
  if (softTargets === undefined || 'softTargets' in preset) return;
  throw new CliError(`--soft-targets must be left out for --method ${method} (only catrs trains with them)`);
}

/** The options of loss and attack, with those of the command line in place of what they had. */
function methodFields(
  options: MethodOptions,
  { loss, attack }: { readonly loss: Fields; readonly attack: Fields | undefined },
): { readonly loss: Fields; readonly attack: Fields | undefined } {
  const of = (part: Place['part']): Fields => {
    const given = places.filter(([name, place]) => place.part === part && options[name] !== undefined);
    return Object.fromEntries(given.map(([name, { field }]) => [field, options[name] as number | boolean]));
  };
  const ofLoss = { ...loss, ...of('loss') };
  if (attack === undefined) return { loss: ofLoss, attack };
  const ofAttack = { ...attack, ...of('attack') };
  const { numNoise } = options;
  // An attack that counts its copies takes as many as the loss.
  const hasCopies = numNoise !== undefined && attack['numNoise'] !== undefined;
  return { loss: ofLoss, attack: hasCopies ? { ...ofAttack, numNoise } : ofAttack };
}

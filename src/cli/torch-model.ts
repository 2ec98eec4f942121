import { readFile } from 'node:fs/promises';
import type * as tf from '@tensorflow/tfjs';
import { decodeTorchCheckpoint, type TorchCheckpoint } from '../data/torch-checkpoint.ts';
import { cifarResnet } from '../models/cifar-resnet.ts';
import { imagenetResnet, type ImagenetResnetOptions } from '../models/imagenet-resnet.ts';
import { lenet } from '../models/lenet.ts';
import { loadTorchWeights } from '../models/load-torch-weights.ts';
import { stateDictOf } from '../models/state-dict.ts';
import { createKey } from '../random/key.ts';
import type { Key } from '../types.ts';
import type { ModelOptions } from './common-options.ts';
import { CliError } from './io.ts';
import { inFile } from './read-data-file.ts';

/** True for the name of a file of torch.save. @internal */
export function isTorchFile(path: string): boolean {
  return /\.(pt|pth|ckpt|pth\.tar|pt\.tar)$/i.test(path);
}

/** The error for weights without their network. @internal */
export function needsArch(path: string, flag: '--model' | '--init'): CliError {
  const got = 'a file of PyTorch, which holds weights and no network';
  const exported = flag === '--model' ? 'torch.onnx.export and --model net.onnx' : 'a model.json';
  return new CliError(
    `${path}: must come with --arch, got ${got} (--arch lenet or resnet<depth>; other networks: ${exported})`,
  );
}

/** What a network is made for. */
interface NetworkPlan {
  readonly key: Key;
  readonly inputShape: readonly [height: number, width: number, channels: number];
  readonly numClasses: number;
  /** Of a normalisation at the front. */
  readonly statistics?: { readonly mean: readonly number[]; readonly std: readonly number[] } | undefined;
}

/** Depths of the networks for ImageNet; others, and those with `cifar-` before, are the networks for CIFAR. */
function isImagenetNetwork(name: string): boolean {
  return /^resnet(18|34|50|101|152)$/.test(name);
}

/** The network of `--arch`. Throws CliError for an unknown one. @internal */
export function makeNetwork(name: string, { key, inputShape, numClasses, statistics }: NetworkPlan): tf.LayersModel {
  if (name === 'lenet') return lenet({ key, inputShape, numClasses });
  const [, family, digits] = /^(cifar-)?resnet(\d+)$/.exec(name) ?? [];
  const depth = Number(digits) as NonNullable<ImagenetResnetOptions['depth']>;
  if (family === undefined && isImagenetNetwork(name))
    return imagenetResnet({ key, depth, inputShape, numClasses, ...statistics });
  if (digits !== undefined) return cifarResnet({ key, depth, inputShape, numClasses, ...statistics });
  throw new CliError(
    `--arch must be lenet or resnet<depth>, got ${name} (for example resnet20; other models by --init)`,
  );
}

/** As `inFile`, and options of the library have the names of the command. */
async function inTorchFile<T>(path: string, run: () => T | Promise<T>): Promise<T> {
  return inFile(path, run).catch((error: unknown) => {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(error.message.replaceAll('`stateDict`', '--state-dict'), error.exitCode);
  });
}

async function readTorchFile(path: string): Promise<TorchCheckpoint> {
  return inFile(path, async () => decodeTorchCheckpoint(await readFile(path)));
}

/** Sets the weights of a network from a file of torch.save. Throws CliError that names the file. @internal */
export async function loadTorchFile(model: tf.LayersModel, path: string, stateDict: string | undefined): Promise<void> {
  const checkpoint = await readTorchFile(path);
  try {
    await inTorchFile(path, () => loadTorchWeights(model, checkpoint, { stateDict }));
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Size of the images that the published networks take. */
const sizeFor = (arch: string): number => (arch === 'lenet' ? 28 : isImagenetNetwork(arch) ? 224 : 32);

/** Weights whose shapes tell what the network is for: the first kernel and the last matrix. */
const LAST: Readonly<Record<string, string>> = { lenet: 'fc2.weight' };
const OTHER_LAST = 'fc.weight';

/** What the weights of a file are for. @internal */
export interface TorchSizes {
  readonly channels: number;
  readonly numClasses: number;
}

/** Reads what the weights of a file are for. Throws CliError that names the file. @internal */
export async function torchSizes(
  path: string,
  { arch, stateDict }: Pick<ModelOptions, 'arch' | 'stateDict'>,
): Promise<TorchSizes> {
  const checkpoint = await readTorchFile(path);
  const tensors = await inTorchFile(path, () => stateDictOf('loadTorchWeights', checkpoint, stateDict));
  const shapeOf = (name: string): readonly number[] => {
    const found = [...tensors].filter(([full]) => full === name || full.endsWith(`.${name}`));
    const [, tensor] = found.sort(([a], [b]) => a.length - b.length)[0] ?? [];
    if (tensor !== undefined) return tensor.shape;
    const some = [...tensors.keys()].slice(0, 3).join(', ');
    throw new CliError(`${path}: must hold the weights of ${arch}, got no ${name} (${some}, ...)`);
  };
  const [, channels = 0] = shapeOf('conv1.weight');
  const [numClasses = 0] = shapeOf(LAST[arch ?? ''] ?? OTHER_LAST);
  return { channels, numClasses };
}

/**
 * The network of `--arch` with the weights of `--model`. Its images are those of the data where they have three axes and as many channels, channels first or last.
 * @internal
 */
export async function openTorchModel(
  path: string,
  { arch, stateDict }: Pick<ModelOptions, 'arch' | 'stateDict'>,
  shape: readonly number[],
): Promise<tf.LayersModel> {
  if (arch === undefined) throw needsArch(path, '--model');
  const { channels, numClasses } = await torchSizes(path, { arch, stateDict });
  const size = sizeFor(arch);
  const [height = size, width = size] = sizeOf(shape, channels) ?? [];
  const inputShape = [height, width, channels] as const;
  const model = await inFile(path, () => makeNetwork(arch, { key: createKey(0), inputShape, numClasses }));
  await loadTorchFile(model, path, stateDict);
  return model;
}

/** Height and width of images with so many channels, last or first. */
function sizeOf(shape: readonly number[], channels: number): readonly number[] | undefined {
  if (shape.length === 2 && channels === 1) return shape;
  if (shape.length !== 3) return undefined;
  if (shape[2] === channels) return shape.slice(0, 2);
  return shape[0] === channels ? shape.slice(1) : undefined;
}

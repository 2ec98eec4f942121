import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { foldIn, GaussianLoss, SmoothedClassifier, trainableVariables } from 'catrs';
import { decodeSafetensors, encodeSafetensors } from 'catrs/data';
import { loadTorchWeights, torchWeights } from 'catrs/models';
import { Sgd } from 'catrs/recipes';
import { loadDigits, partOf } from '../examples/digits/data.ts';
import { DIMENSION, key, makeLenet, type NetworkName, networks, noise, SHAPE, SIGMA } from './subjects.ts';

/** Where the weights and the images of networks are, as safetensors: both sides read the same bytes. */
export type SubjectFiles = Readonly<Partial<Record<NetworkName, { readonly weights: string; readonly data: string }>>>;

/** Images, height, width and channels each, with labels and soft targets. */
export interface SubjectData {
  readonly images: Float32Array;
  readonly shape: readonly number[];
  readonly labels: readonly number[];
  readonly soft: Float32Array;
}

/**
 * How LeNet is trained: by noise alone, and for so short a time that about 0.7 of the images have K = M in a step of CAT-RS, as in the long
 * middle of a training run. Everything follows from it and the key.
 */
const RECIPE = { version: 1, sigma: SIGMA, steps: 80, batch: 64, learningRate: 0.01, images: 256, votes: 64 };
const QUICK = { ...RECIPE, steps: 2, batch: 8, images: 16, votes: 4 };

const FOLDER = fileURLToPath(new URL('../node_modules/.cache/catrs-bench', import.meta.url));
const CLASSES = 10;

/** Weights and images of networks, made on the current backend where no earlier run has left them. */
export async function subjectFiles(names: readonly NetworkName[], quick: boolean): Promise<SubjectFiles> {
  await mkdir(FOLDER, { recursive: true });
  const files = await Promise.all(names.map(async (name) => [name, await filesOf(name, quick)] as const));
  return Object.fromEntries(files);
}

/** Reads what a network is measured on. */
export async function readSubject(
  files: SubjectFiles,
  name: NetworkName,
): Promise<{ readonly model: tf.LayersModel; readonly data: SubjectData }> {
  const paths = files[name];
  if (paths === undefined) throw new Error(`no files were made for ${name}`);
  const model = networks[name].make();
  loadTorchWeights(model, decodeSafetensors(await readFile(paths.weights)).tensors);
  const { tensors } = decodeSafetensors(await readFile(paths.data));
  const [images, labels, soft] = ['images', 'labels', 'soft'].map((each) => tensors.get(each)!);
  return {
    model,
    data: {
      images: images!.data as Float32Array,
      shape: images!.shape.slice(1),
      labels: Array.from(labels!.data as Float32Array),
      soft: soft!.data as Float32Array,
    },
  };
}

async function filesOf(
  name: NetworkName,
  quick: boolean,
): Promise<{ readonly weights: string; readonly data: string }> {
  const recipe = quick ? QUICK : RECIPE;
  const hash = createHash('sha256').update(JSON.stringify({ name, recipe })).digest('hex').slice(0, 12);
  const paths = { weights: join(FOLDER, `${name}-${hash}.weights`), data: join(FOLDER, `${name}-${hash}.data`) };
  const exist = await Promise.all(
    Object.values(paths).map((path) => access(path).then(Boolean.bind(null, true), () => false)),
  );
  if (exist.every(Boolean)) return paths;
  const lenet = await trainedLenet(recipe);
  const model = name === 'lenet' ? lenet : networks[name].make();
  await write(paths.weights, encodeSafetensors(await torchWeights(model)));
  await write(paths.data, await encodedData(name, lenet, recipe));
  return paths;
}

/** Whole or not at all: another process may look for it. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.${process.pid}`, bytes);
  await rename(`${path}.${process.pid}`, path);
}

type Recipe = typeof RECIPE;

async function trainedLenet({ steps, batch, learningRate }: Recipe): Promise<tf.LayersModel> {
  const model = makeLenet();
  const { images, labels } = partOf(await loadDigits(), 'training');
  const loss = new GaussianLoss(model, { noise });
  const optimizer = new Sgd({ learningRate, momentum: 0.9, weightDecay: 1e-4 });
  for (let step = 0; step < steps; step++) {
    const begin = step * batch;
    const x = tf.tensor4d(images.slice(begin * DIMENSION, (begin + batch) * DIMENSION), [batch, ...SHAPE]);
    const prepared = loss.prepare({
      x,
      labels: Array.from(labels.slice(begin, begin + batch)),
      key: foldIn(foldIn(key, 7), step),
    });
    optimizer.minimize(() => prepared.value(), false, trainableVariables(model));
    prepared.dispose();
    x.dispose();
  }
  optimizer.dispose();
  return model;
}

/** The first training digits, at the size that the network takes, and the votes of LeNet as soft targets. */
async function encodedData(
  name: NetworkName,
  lenet: tf.LayersModel,
  { images: count, votes }: Recipe,
): Promise<Uint8Array> {
  const digits = partOf(await loadDigits(), 'training');
  const g = new SmoothedClassifier(lenet, { noise, numClasses: CLASSES });
  const soft = new Float32Array(count * CLASSES);
  for (let i = 0; i < count; i++) {
    const image = tf.tensor3d(digits.images.slice(i * DIMENSION, (i + 1) * DIMENSION), [...SHAPE]);
    const counts = await g.sampleCounts(image, { key: foldIn(foldIn(key, 8), i), n: votes });
    soft.set(
      counts.map((each) => each / votes),
      i * CLASSES,
    );
    image.dispose();
  }
  const small = tf.tensor4d(digits.images.slice(0, count * DIMENSION), [count, ...SHAPE]);
  const { shape } = networks[name];
  const images = tf.tidy(() => {
    const edge = (shape[0] - SHAPE[0]) / 2;
    return tf.tile(tf.pad(small, [[0, 0], [edge, edge], [edge, edge], [0, 0]]), [1, 1, 1, shape[2]]); // prettier-ignore
  });
  const float = (data: Float32Array, dimensions: readonly number[]) =>
    ({ dtype: 'float32', shape: dimensions, data }) as const;
  const tensors = new Map([
    ['images', float((await images.data()) as Float32Array, [count, ...shape])],
    ['labels', float(Float32Array.from(digits.labels.slice(0, count)), [count])],
    ['soft', float(soft, [count, CLASSES])],
  ]);
  tf.dispose([small, images]);
  return encodeSafetensors(tensors);
}

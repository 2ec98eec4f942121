import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { foldIn, NoisePgd, type PreparedConfidenceAware, SmoothedPgd, toLogitsFn, trainableVariables } from 'catrs';
import { encodeSafetensors } from 'catrs/data';
import { torchWeights } from 'catrs/models';
import type { PublishedMethod } from 'catrs/recipes';
import { useWasm } from 'catrs/wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lossOf, methodNames, settingsOf, twinOptions } from '../../bench/methods.ts';
import { TwinProcess } from '../../bench/peer/twin-process.ts';
import { key, networks, noise } from '../../bench/subjects.ts';
import { loadDigits, partOf } from '../../examples/digits/data.ts';
import { guestPython } from '../helpers/guests.ts';

const python = guestPython(['torch']);
const missing = 'reason' in python ? python.reason : '';
const BATCH = 6;
const CLASSES = 10;

let folder: string;
let twin: TwinProcess;
const lenet = networks.lenet.make();
const labels: number[] = [];
let x: tf.Tensor4D;

/** Writes tensors where the twin reads them. */
async function file(name: string, tensors: Readonly<Record<string, tf.Tensor>>): Promise<string> {
  const entries = Object.entries(tensors).map(async ([each, tensor]) => {
    const data = Float32Array.from(await tensor.data());
    return [each, { dtype: 'float32', shape: tensor.shape, data }] as const;
  });
  const path = join(folder, name);
  writeFileSync(path, encodeSafetensors(new Map(await Promise.all(entries))));
  return path;
}

async function weightsOf(model: tf.LayersModel, name: string): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, encodeSafetensors(await torchWeights(model)));
  return path;
}

/** Some steps by noise alone: votes that differ, and gradients that are not those of chance. */
function train(): void {
  const loss = lossOf('gaussian', lenet);
  const optimizer = tf.train.momentum(0.02, 0.9);
  for (let i = 0; i < 40; i++) {
    using step = loss.prepare({ x, labels, key: foldIn(key, i) });
    optimizer.minimize(() => step.value(), false, trainableVariables(lenet));
  }
  optimizer.dispose();
}

beforeAll(async () => {
  if (!('found' in python)) return;
  await useWasm({ threads: 1 });
  folder = mkdtempSync(join(tmpdir(), 'catrs-twin-'));
  twin = new TwinProcess(python.found);
  const digits = partOf(await loadDigits(), 'training');
  x = tf.tensor4d(digits.images.slice(0, BATCH * 784), [BATCH, 28, 28, 1]);
  labels.push(...digits.labels.slice(0, BATCH));
  train();
});
afterAll(() => {
  if (folder === undefined) return;
  twin.close();
  rmSync(folder, { recursive: true });
});

/** The numbers of ours: the loss and the length of its gradient for each weight, by PyTorch's names. */
function numbersOf(value: () => tf.Scalar): { readonly value: number; readonly norms: Record<string, number> } {
  const variables = trainableVariables(lenet);
  const { value: loss, grads } = tf.variableGrads(value, [...variables]);
  const norms = lenet.layers.flatMap((layer) =>
    layer.weights.map((weight) => {
      const [, kind] = weight.originalName.split('/');
      const gradient = grads[(weight.read() as tf.Variable).name]!;
      return [`${layer.name}.${kind === 'bias' ? 'bias' : 'weight'}`, tf.norm(gradient).arraySync() as number];
    }),
  );
  return { value: loss.arraySync(), norms: Object.fromEntries(norms) as Record<string, number> };
}

describe.skipIf(missing !== '')(`the twins compute what catrs does${missing && ` (${missing})`}`, () => {
  it.each(methodNames)('%s: loss and gradients, on the same weights and draws', async (method: PublishedMethod) => {
    const soft = tf.softmax(tf.randomNormal([BATCH, CLASSES], 0, 2, 'float32', 7)) as tf.Tensor2D;
    const softTargets = method === 'catrs' ? { softTargets: soft } : {};
    const loss = lossOf(method, lenet);
    using step = loss.prepare({ x, labels, key: foldIn(key, 99), epoch: 0, ...softTargets } as never);
    const drawn = step as unknown as Partial<PreparedConfidenceAware> & { readonly mixing?: tf.Tensor };
    const given = {
      x,
      soft,
      labels: tf.tensor1d(labels),
      noise: drawn.noise!,
      ...(drawn.uniforms && { uniforms: drawn.uniforms }),
      ...(drawn.mixing && { mixing: drawn.mixing }),
    };
    const theirs = await twin.ask<{ value: number; norms: Record<string, number> }>({
      work: 'compare.loss',
      network: 'lenet',
      weights: await weightsOf(lenet, 'weights'),
      data: await file('data', given),
      method,
      options: twinOptions(method),
    });
    const ours = numbersOf(() => step.value());
    expect(theirs.value).toBeCloseTo(ours.value, 4);
    expect(Object.keys(theirs.norms).sort()).toEqual(Object.keys(ours.norms).sort());
    for (const [name, norm] of Object.entries(ours.norms)) {
      expect(norm, name).toBeGreaterThan(0);
      expect(theirs.norms[name]! / norm, name).toBeCloseTo(1, 2);
    }
    expect(settingsOf(method).loss['numNoise']).toBe(drawn.noise!.shape[0]);
  });

  it('attacks: the images of SmoothAdv and the noises of CAT-RS', async () => {
    const attack = { epsilon: 0.5, steps: 4 };
    const drawn = noise.sampleBatch({ key, numNoise: 3, shape: x.shape });
    const soft = tf.softmax(tf.randomNormal([BATCH, CLASSES], 0, 2, 'float32', 8)) as tf.Tensor2D;
    const theirs = await twin.ask<{ images: number[]; noises: number[] }>({
      work: 'compare.attacked',
      network: 'lenet',
      weights: await weightsOf(lenet, 'weights'),
      data: await file('data', { x, soft, labels: tf.tensor1d(labels), noise: drawn }),
      ...attack,
    });
    const target = { logits: toLogitsFn(lenet), noise, inputRange: [0, 1] as const };
    const images = new SmoothedPgd(attack).perturb(target, { x, labels, noise: drawn, key });
    const noises = new NoisePgd(attack).perturb(lenet, { x, noise: drawn, softTargets: soft });
    for (const [ours, others, start] of [
      [images, theirs.images, x],
      [noises, theirs.noises, drawn],
    ] as const) {
      const moved = tf.norm(tf.sub(ours, start)).arraySync() as number;
      const apart = tf.norm(tf.sub(ours, tf.tensor(others, ours.shape))).arraySync() as number;
      expect(moved).toBeGreaterThan(1);
      expect(apart / moved).toBeLessThan(0.01);
    }
  });

  it.each(['lenet', 'resnet20'] as const)('certify: the votes of %s under the same noises', async (name) => {
    const model = name === 'lenet' ? lenet : networks[name].make();
    const shape = [2, ...networks[name].shape];
    const images = tf.randomUniform(shape, 0, 1, 'float32', 3);
    const drawn = noise.sampleBatch({ key, numNoise: 50, shape });
    const theirs = await twin.ask<{ counts: number[][] }>({
      work: 'compare.counts',
      network: name,
      weights: await weightsOf(model, 'weights'),
      data: await file('data', { x: images, noise: drawn }),
    });
    const logits = model.apply(tf.reshape(tf.add(images, drawn), [-1, ...networks[name].shape])) as tf.Tensor2D;
    const votes = (await tf.reshape(tf.argMax(logits, 1), [50, 2]).array()) as number[][];
    const ours = [0, 1].map((image) =>
      Array.from({ length: CLASSES }, (_, c) => votes.filter((row) => row[image] === c).length),
    );
    expect(theirs.counts).toEqual(ours);
  });
});

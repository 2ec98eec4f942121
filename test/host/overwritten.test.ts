import { gzipSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { allOf, stopAtRadius, stopAtWidth } from '../../src/certify/stops.ts';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { ladder } from '../../src/certify/ladder.ts';
import { ruleOf } from '../../src/certify/rule-of.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { checkClassifier } from '../../src/classifier/check-classifier.ts';
import { ensemble, type EnsembleOptions } from '../../src/classifier/ensemble.ts';
import { kConsensus, type KConsensusOptions } from '../../src/classifier/k-consensus.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { cifarDataset, decodeCifar } from '../../src/data/cifar.ts';
import { corruptedDataset } from '../../src/data/corrupted-dataset.ts';
import { decodeIdx, idxDataset } from '../../src/data/idx.ts';
import { decodeNpy, encodeNpy } from '../../src/data/npy.ts';
import { decodeNpz } from '../../src/data/decode-npz.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/data/safetensors.ts';
import type { LabelledDataset, LabelledExample } from '../../src/data/labelled-dataset.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { decodeCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { probabilityDistribution } from '../../src/evaluate/probability-distribution.ts';
import { checkTraining } from '../../src/losses/check-training.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { ConsistencyLoss } from '../../src/losses/consistency-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../../src/losses/stability-loss.ts';
import type { Prepared } from '../../src/losses/types.ts';
import { lenet } from '../../src/models/lenet.ts';
import { loadTorchWeights } from '../../src/models/load-torch-weights.ts';
import { normalize } from '../../src/models/normalize.ts';
import { torchWeights } from '../../src/models/torch-weights.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import { certifiedAccuracySpec } from '../../src/plots/certified-accuracy-spec.ts';
import { captureCheckpoint } from '../../src/recipes/capture-checkpoint.ts';
import { microBatches } from '../../src/recipes/micro-batches.ts';
import { presets } from '../../src/recipes/presets.ts';
import { randomCropAndFlip } from '../../src/recipes/random-crop-and-flip.ts';
import { restoreCheckpoint } from '../../src/recipes/restore-checkpoint.ts';
import { softTargets } from '../../src/recipes/soft-targets.ts';
import { trainingBatches } from '../../src/recipes/training-batches.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { reproduceCertificate } from '../../src/smoothed/reproduce-certificate.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import type { Key } from '../../src/types.ts';
import { cifarBatch, encodeCifar } from '../data/cifar-encoder.ts';
import { encodeIdx } from '../data/idx-encoder.ts';
import { zipArchive } from '../data/zip-encoder.ts';
import { useBackend } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { overwrite } from './overwrite.ts';

/** A call, what it is given anew each time, and how its answer is read. */
interface Row {
  readonly name: string;
  /** Calls with new arguments, meddles with them as soon as the call has returned, and reads the answer. */
  readonly answer: (meddle: (given: unknown) => void) => Promise<unknown>;
  /** Reads the answer twice with the same arguments; meddles with the first answer in between. */
  readonly again: (meddle: (answer: unknown) => void) => Promise<unknown>;
}

function row<Given extends readonly unknown[], Answer>(
  name: string,
  given: () => Given,
  call: (...given: { -readonly [I in keyof Given]: Given[I] }) => Answer,
  read: (answer: Awaited<Answer>) => unknown = (answer) => answer,
): Row {
  return {
    name,
    answer: async (meddle) => {
      const mine = given() as { -readonly [I in keyof Given]: Given[I] };
      const answer = call(...mine);
      meddle(mine);
      return read(await answer);
    },
    again: async (meddle) => {
      const mine = given() as { -readonly [I in keyof Given]: Given[I] };
      meddle(await read(await call(...mine)));
      return read(await call(...mine));
    },
  };
}

/** Of a class, so that nobody meddles with it: the data set itself is the host's. */
class Images implements LabelledDataset {
  readonly size = 6;
  readonly shape = [2, 2, 1];
  example(i: number): LabelledExample {
    return { x: Float32Array.from([0.2 * i, 1, 0.4, 0.2], Math.fround), label: i % 2 };
  }
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of stream) found.push(structuredClone(one));
  return found;
}

const untimed = <T extends object>(rows: readonly T[]): T[] => rows.map((one) => ({ ...one, milliseconds: 0 }));
const numbers = async (tensor: tf.Tensor): Promise<unknown> => {
  const found = { shape: [...tensor.shape], values: [...(await tensor.data())] };
  tensor.dispose();
  return found;
};
const every = (dataset: LabelledDataset): unknown =>
  Array.from({ length: dataset.size }, (_, i) => structuredClone(dataset.example(i)));

const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, 1, -1, 1], -0.6);
const f: LogitsFn = (x) => logits(x);
const g = new SmoothedClassifier(f, { noise, numClasses: 2 });
const soft = new SoftSmoothedClassifier(f, { noise, numClasses: 2 });
const key = (): Key => [0, 5];
const pixels = (i = 1): number[] => [0.2 * i, 1, 0.4, 0.2];
const image = (i = 1): tf.Tensor => tf.tensor(Float32Array.from(pixels(i)), [2, 2, 1]);
const level = (): tf.Tensor =>
  tf.tensor(
    Float32Array.from([51, 255, 102, 0], (k) => Math.fround(k / 255)),
    [2, 2, 1],
  );
const settings = () => ({ key: key(), n0: 20, n: 300, alpha: 0.01 });
const finite = new DeterministicSplittingNoise({ halfWidth: 0.05, key: [0, 1] });

const certifying: readonly Row[] = [
  row(
    'SmoothedClassifier',
    () => [{ noise, numClasses: 2, inputRange: [-1, 2] as [number, number] }] as const,
    (options) => new SmoothedClassifier(f, options),
    async (made) => [[...made.inputRange], await made.certify(image(), settings())],
  ),
  row(
    'certify',
    () => [image(), settings()] as const,
    (x, options) => g.certify(x, options),
  ),
  row(
    'predict',
    () => [image(), { key: key(), n: 100 }] as const,
    (x, options) => g.predict(x, options),
  ),
  row(
    'sampleCounts',
    () => [image(), { key: key(), n: 100 }] as const,
    (x, options) => g.sampleCounts(x, options),
  ),
  row(
    'probabilities',
    () => [image(), { key: key(), n: 100 }] as const,
    (x, options) => g.probabilities(x, options),
  ),
  row(
    'soft certify',
    () => [image(), settings()] as const,
    (x, options) => soft.certify(x, options),
  ),
  row(
    'soft predict',
    () => [image(), settings()] as const,
    (x, options) => soft.predict(x, options),
  ),
  row(
    'soft probabilities',
    () => [image(), settings()] as const,
    (x, options) => soft.probabilities(x, options),
  ),
  row(
    'derandomized certify',
    () => [level()] as const,
    (x) => new DerandomizedClassifier(f, { noise: finite, numClasses: 2 }).certify(x),
  ),
  row(
    'certifyStream',
    () => [settings()] as const,
    (options) => {
      async function* examples(): AsyncGenerator<StreamExample> {
        for (let index = 0; index < 4; index++) {
          const example = { x: image(index), index };
          yield await Promise.resolve(example);
          overwrite(example);
        }
      }
      return g.certifyStream(examples(), options);
    },
    async (stream) => untimed(await all(stream)),
  ),
  row(
    'certifyDataset',
    () => [{ ...settings(), select: { shard: { index: 0, count: 2 } } }] as const,
    (options) => certifyDataset(g, new Images(), options),
    async (stream) => untimed(await all(stream)),
  ),
  row(
    'certifyDataset of soft smoothing',
    () => [{ ...settings(), select: { shard: { index: 1, count: 2 } } }] as const,
    (options) => certifyDataset(soft, new Images(), options),
    async (stream) => untimed(await all(stream)),
  ),
  row(
    'attackDataset',
    () => [{ key: key(), n: 100, select: { max: 3 }, clean: true }] as const,
    (options) => attackDataset(g, new SmoothedPgd({ epsilon: 0.3, steps: 2 }), new Images(), options),
    async (stream) => untimed(await all(stream)),
  ),
  row(
    'reproduceCertificate',
    () => [image(), structuredClone(stored), {}] as const,
    (x, certificate, options) => reproduceCertificate(g, x, certificate, options),
  ),
  row(
    'checkClassifier',
    () =>
      [
        tf.tensor(
          Float32Array.from({ length: 32 }, (_, i) => i / 32),
          [8, 2, 2, 1],
        ),
        {},
      ] as const,
    (x, options) => checkClassifier(f, x, options),
  ),
];

const withRule = (name: string, make: () => readonly [object], rule: (options: never) => CertificationRule): Row =>
  row(
    name,
    make as () => readonly [never],
    (options) => rule(options),
    async (made) => [structuredClone(made.parameters), await g.certify(image(), { ...settings(), rule: made })],
  );

const rules: readonly Row[] = [
  withRule('ladder', () => [{ radius: 0.1, sizes: [100, 200, 300] }], ladder),
  withRule(
    'anytimeRadius',
    () => [{ stops: [stopAtRadius({ radius: 0.1 }), stopAtWidth({ width: 0.2 })] }],
    anytimeRadius,
  ),
  withRule('fixedSample', () => [{ bound: 'clopper-pearson' }], fixedSample),
  withRule('fixedRadius', () => [{ radius: [0.1, 0.2] }], fixedRadius),
  withRule('ruleOf', () => [{ name: 'ladder', parameters: { radius: 0.1, sizes: [100, 300], beta: 0.001 } }], ruleOf),
  withRule(
    'allOf',
    () => [[stopAtRadius({ radius: 0.1 }), stopAtWidth({ width: 0.2 })]],
    (stops) => anytimeRadius({ stops: [allOf({ stops })] }),
  ),
];

const bytes = (values: readonly number[]): { dtype: 'uint8'; shape: number[]; data: Uint8Array } => ({
  dtype: 'uint8',
  shape: values.length === 3 ? [3] : [3, 2, 2],
  data: Uint8Array.from(values),
});
const twelve = Array.from({ length: 12 }, (_, i) => 20 * i);
const files: Readonly<Record<string, readonly [Uint8Array, (given: Uint8Array) => Promise<unknown>]>> = {
  decodeIdx: [encodeIdx(bytes(twelve)), decodeIdx],
  decodeNpy: [encodeNpy(bytes(twelve)), decodeNpy],
  decodeCifar: [encodeCifar(cifarBatch(2, 10)), (given) => decodeCifar(given, { classes: 10 })],
  decodeNpz: [
    zipArchive(['a', 'b'].map((name) => ({ name: `${name}.npy`, data: encodeNpy(bytes(twelve)) }))),
    (given) => decodeNpz(given, { names: ['b'] }),
  ],
};

const data: readonly Row[] = [
  ...Object.entries(files).flatMap(([name, [file, decode]]) => [
    row(name, () => [file.slice()] as const, decode),
    row(`${name} of a Buffer`, () => [Buffer.from(file)] as const, decode),
    ...(name === 'decodeNpz' ? [] : [row(`${name}, packed`, () => [new Uint8Array(gzipSync(file))] as const, decode)]),
  ]),
  row('decodeSafetensors', () => [encodeSafetensors(new Map([['a', bytes(twelve)]]))] as const, decodeSafetensors),
  row(
    'decodeCertificationLog',
    () => [new TextEncoder().encode(certificationLog([]))] as const,
    (given) => decodeCertificationLog(given),
  ),
  row(
    'arrayDataset of floats',
    () => [{ values: Float32Array.from(twelve, (v) => v / 255), shape: [2, 2], labels: [0, 1, 2] }] as const,
    arrayDataset,
    every,
  ),
  row(
    'arrayDataset of a Buffer',
    () => [{ values: Buffer.from(twelve), shape: [2, 2], labels: Uint8Array.of(0, 1, 2) }] as const,
    arrayDataset,
    every,
  ),
  row(
    'idxDataset',
    () => [{ images: bytes(twelve), labels: bytes([0, 1, 2]), shape: [4] }] as const,
    idxDataset,
    every,
  ),
  row('cifarDataset', () => [{ batches: [cifarBatch(2, 10)] }] as const, cifarDataset, every),
  row(
    'corruptedDataset',
    () => [{ images: bytes(twelve), labels: bytes([0, 1, 2]) }] as const,
    corruptedDataset,
    every,
  ),
  row(
    'softTargets',
    () => [{ key: key(), n: 50, select: { shard: { index: 0, count: 2 } } }] as const,
    (options) => softTargets(g, new Images(), options),
    all,
  ),
  ...[
    Float64Array.from({ length: 12 }, () => 0.5),
    { dtype: 'float64', shape: [6, 2], data: new Float64Array(12).fill(0.5) } as const,
  ].map((table) =>
    row(
      `trainingBatches with soft targets in ${'data' in table ? 'a file' : 'an array'}`,
      () => [{ batchSize: 4, key: key(), softTargets: structuredClone(table) }] as const,
      (options) => trainingBatches(new Images(), options),
      async (stream) => {
        const found: unknown[] = [];
        for await (const { x, labels, softTargets: soft } of stream) {
          found.push([...labels], await numbers(x), soft && (await numbers(soft)));
        }
        return found;
      },
    ),
  ),
];

const B = 3;
const M = 2;
const tensor = (shape: readonly number[], scale = 0.01): tf.Tensor => {
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, i) => (scale * ((7 * i) % 11)) / 11,
  );
  return tf.tensor(values, [...shape]);
};
const rows = (): tf.Tensor => tf.tensor2d(Float32Array.from([0.2, 0.8, 0.5, 0.5, 1, 0]), [B, 2]);
const batch = () => ({
  x: tensor([B, 2, 2, 1], 1),
  labels: [0, 1, 1],
  key: key(),
  noise: tensor([M, B, 2, 2, 1]),
  softTargets: rows(),
  epoch: 1,
});
async function valued(prepared: Prepared): Promise<unknown> {
  const value = await numbers(prepared.value());
  prepared.dispose();
  return value;
}
const noisePgd = new NoisePgd({ epsilon: 0.5, steps: 2 });
const pgd = new SmoothedPgd({ epsilon: 0.3, steps: 2 });
const mixPgd = new SmoothMixPgd({ stepSize: 0.3, steps: 2 });
const aware = new ConfidenceAwareLoss(f, { noise, attack: noisePgd, numNoise: M, lambda: 0.5 });
const plain = {
  GaussianLoss: new GaussianLoss(f, { noise, numNoise: M }),
  StabilityLoss: new StabilityLoss(f, { noise, lambda: 2, numNoise: M }),
  ConsistencyLoss: new ConsistencyLoss(f, { noise, lambda: 5, numNoise: M }),
  MacerLoss: new MacerLoss(f, { noise, lambda: 4, gamma: 8, numNoise: M }),
};
const adv = new SmoothAdvLoss(f, { noise, attack: pgd, numNoise: M });
const mix = new SmoothMixLoss(f, { noise, attack: mixPgd, numNoise: M });
const typedLabels = () => ({ ...batch(), labels: Int32Array.of(0, 1, 1) });
const tensorLabels = () => ({ ...batch(), labels: tf.tensor1d(Int32Array.of(0, 1, 1), 'int32') });

const losses: readonly Row[] = [
  ...Object.entries(plain).flatMap(([name, loss]) => [
    row(
      name,
      () => [batch()] as const,
      (given) => loss.prepare(given),
      valued,
    ),
    row(
      `${name}, labels in a tensor`,
      () => [tensorLabels()] as const,
      (given) => loss.prepare(given),
      valued,
    ),
  ]),
  row(
    'ConfidenceAwareLoss',
    () => [typedLabels()] as const,
    (given) => aware.prepare(given),
    valued,
  ),
  row(
    'ConfidenceAwareLoss with all given',
    () => [{ ...batch(), noiseAdv: tensor([M, B, 2, 2, 1]), k: tf.tensor1d(Int32Array.of(1, 2, 1), 'int32') }] as const,
    (given) => aware.prepare(given),
    valued,
  ),
  row(
    'ConfidenceAwareLoss, its options',
    () => [{ noise, attack: noisePgd, numNoise: M, lambda: 0.5, epsilonSchedule: [{ epoch: 1, factor: 2 }] }] as const,
    (options) => new ConfidenceAwareLoss(f, options),
    (loss) => valued(loss.prepare(batch())),
  ),
  row(
    'SmoothAdvLoss',
    () => [batch()] as const,
    (given) => adv.prepare(given),
    valued,
  ),
  row(
    'SmoothAdvLoss with all given',
    () => [{ ...batch(), xAdv: tensor([B, 2, 2, 1], 1) }] as const,
    (given) => adv.prepare(given),
    valued,
  ),
  row(
    'SmoothMixLoss',
    () => [batch()] as const,
    (given) => mix.prepare(given),
    valued,
  ),
  row(
    'SmoothMixLoss with all given',
    () =>
      [
        { ...batch(), clean: tensor([B, 2, 2, 1], 1), adversary: tensor([B, 2, 2, 1], 0.7), mixing: tensor([B], 0.5) },
      ] as const,
    (given) => mix.prepare(given),
    valued,
  ),
  row(
    'checkTraining',
    () => [batch(), { inputRange: [0, 1] as [number, number] }] as const,
    (given, options) => checkTraining(aware, given, options),
  ),
  row(
    'microBatches',
    () => [{ ...batch(), labels: Int32Array.of(0, 1, 1) }] as const,
    (given) => microBatches(given, 3),
    async (parts) => {
      const found: unknown[] = [];
      for (const { x, labels, key: partKey, noise: ofPart, softTargets: softPart } of parts) {
        found.push(
          [...(labels as Int32Array)],
          [...partKey],
          await numbers(x),
          await numbers(ofPart!),
          await numbers(softPart!),
        );
      }
      return found;
    },
  ),
  row('randomCropAndFlip', () => [tensor([B, 4, 4, 1], 1), { key: key() }] as const, randomCropAndFlip, numbers),
];

const attackRequest = () => ({ x: tensor([B, 2, 2, 1], 1), labels: [0, 1, 1], key: key() });
const clipped = (): { noise: GaussianNoise; epsilon: number; steps: number; inputRange: [number, number] } => ({
  noise,
  epsilon: 2,
  steps: 2,
  inputRange: [0, 1],
});
const attacked = (): { logits: typeof f; noise: GaussianNoise; inputRange: [number, number] } => ({
  logits: f,
  noise,
  inputRange: [0, 1],
});
const others: readonly Row[] = [
  row(
    'SmoothedPgd',
    () => [clipped()] as const,
    (options) => new SmoothedPgd(options),
    (made) => numbers(made.perturb(attacked(), attackRequest())),
  ),
  row(
    'SmoothedPgd.perturb',
    () => [attackRequest(), attacked()] as const,
    (given, against) => pgd.perturb(against, given),
    numbers,
  ),
  row(
    'SmoothedDdn.perturb',
    () => [attackRequest(), attacked()] as const,
    (given, against) => new SmoothedDdn({ epsilon: 0.5, steps: 2 }).perturb(against, given),
    numbers,
  ),
  row(
    'additiveNoise',
    () =>
      [
        {
          name: 'host',
          parameters: { scale: 1 },
          norms: ['l2', 'l1'] as ('l1' | 'l2')[],
          assumptions: ['none'],
          sample: noise.sample.bind(noise),
          radius: noise.radius.bind(noise),
        },
      ] as const,
    additiveNoise,
    async (made) => [
      structuredClone([made.parameters, made.norms, made.assumptions]),
      await new SmoothedClassifier(f, { noise: made, numClasses: 2 }).certify(image(), settings()),
    ],
  ),
  row(
    'DeterministicSplittingNoise',
    () => [{ halfWidth: 0.05, key: [0, 3] as [number, number] }] as const,
    (options) => new DeterministicSplittingNoise(options),
    (made) => numbers(made.perturb(level(), { start: 0, count: made.copies })),
  ),
  ...[noise, new SplittingNoise({ halfWidth: 0.6 }), new SoundGaussianNoise({ sigma: 0.5 })].map((made) =>
    row(
      `certificates of ${made.name} noise`,
      () => [level(), settings()] as const,
      (x, options) => new SmoothedClassifier(f, { noise: made, numClasses: 2 }).certify(x, options),
    ),
  ),
  row(
    'ensemble',
    () => [[f, ((x) => tf.neg(f(x, { training: false }))) as LogitsFn], { weights: [3, 1] }] as const,
    ensemble as (members: readonly LogitsFn[], options: EnsembleOptions) => LogitsFn,
    (made) => numbers(made(tensor([B, 2, 2, 1], 1), { training: false })),
  ),
  row(
    'kConsensus',
    () => [[f, f, f], { k: 2 }] as const,
    kConsensus as (members: readonly LogitsFn[], options: KConsensusOptions) => LogitsFn,
    (made) => numbers(made(tensor([B, 2, 2, 1], 1), { training: false })),
  ),
  row(
    'normalize',
    () => [{ mean: [0.5], std: [0.2] }] as const,
    (options) => normalize(options),
    (layer) => numbers(layer.apply(tensor([B, 2, 2, 1], 1)) as tf.Tensor),
  ),
  row(
    'captureCheckpoint',
    () => [{ variables: { a: variable, b: variable }, state: { epochs: [1, 2, { three: 3 }] } }] as const,
    captureCheckpoint,
  ),
  row(
    'restoreCheckpoint',
    () => [checkpoint.slice(), { variables: { a: target } }] as const,
    restoreCheckpoint,
    async (state) => [state, [...(await target.data())]],
  ),
  row(
    'loadTorchWeights',
    () => [new Map(structuredClone([...torch]))] as const,
    (weights) => loadTorchWeights(small, weights),
    async () => structuredClone([...(await torchWeights(small))]),
  ),
  row(
    'certifiedAccuracySpec',
    () =>
      [
        [
          {
            name: 'a',
            points: [
              { radius: 0, accuracy: 1 },
              { radius: 1, accuracy: 0.5 },
            ],
          },
        ],
        {},
      ] as const,
    certifiedAccuracySpec as (...given: readonly unknown[]) => unknown,
    structuredClone,
  ),
  row(
    'probabilityDistribution',
    () => [[structuredClone(certified)], { grid: [0.1, 0.5, 0.9] }] as const,
    probabilityDistribution as (...given: readonly unknown[]) => unknown,
    structuredClone,
  ),
];

let stored: Awaited<ReturnType<typeof g.certify>>;
let certified: object | undefined;
let variable: tf.Variable;
let target: tf.Variable;
let checkpoint: Uint8Array;
let small: tf.LayersModel;
let torch: Awaited<ReturnType<typeof torchWeights>>;

describe('a host that overwrites what it has handed over, and what it was given', () => {
  beforeAll(async () => {
    await useBackend('cpu'); // tensors are the arrays that they were made of
    stored = await g.certify(image(), settings());
    [certified] = await all(certifyDataset(g, new Images(), { ...settings(), select: { max: 1 } }));
    variable = tf.variable(tensor([4], 1));
    target = tf.variable(tf.zeros([4]));
    checkpoint = await captureCheckpoint({ variables: { a: variable }, state: { step: [1] } });
    small = lenet({ key: [0, 1], inputShape: [16, 16, 1] });
    torch = await torchWeights(small);
  });

  describe.each(Object.entries({ certifying, rules, data, losses, others }))('%s', (_group, table) => {
    it.each(table.map((one) => [one.name, one] as const))(
      '%s: does not change what it is answered',
      async (_name, { answer }) => {
        const expected = await answer(() => undefined);
        expect(expected).toEqual(await answer(() => undefined));
        expect(await answer(overwrite)).toEqual(expected);
      },
    );

    it.each(table.map((one) => [one.name, one] as const))(
      '%s: does not change the next answer',
      async (_name, { answer, again }) => {
        expect(await again(overwrite)).toEqual(await answer(() => undefined));
      },
    );
  });

  it('cannot change the presets that all share', () => {
    const changed = (): unknown => Object.assign(presets.cifar10[0.25].gaussian.training, { epochs: 1 });
    expect(changed).toThrow(TypeError);
    expect(presets.cifar10[0.25].gaussian.training.epochs).toBe(150);
  });
});

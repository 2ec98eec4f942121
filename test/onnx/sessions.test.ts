import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { denoised } from '../../src/classifier/input-adapters.ts';
import type { LogitsFn, TypedClassifier } from '../../src/classifier/types.ts';
import { ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { onnxClassifier, type OnnxClassifierOptions } from '../../src/onnx/onnx-classifier.ts';
import { onnxDenoiser } from '../../src/onnx/onnx-denoiser.ts';
import type { OnnxSession, OnnxTensorConstructor } from '../../src/onnx/onnx-session.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { requireGuest } from '../helpers/guests.ts';
import { linearOnnx, tinyOnnx, type TinyModel } from './tiny-onnx.ts';

interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

const guest = requireGuest<Runtime>('onnxruntime-node');

const SHAPE = [2, 2, 3] as const;
const CLASSES = 3;
const weights = Array.from({ length: 12 * CLASSES }, (_, i) => Math.round(32 * Math.sin(3.1 * i + 1)) / 32);
const noise = new GaussianNoise({ sigma: 0.5 });
const key = createKey(4);

const linear: LogitsFn = (x) =>
  tf.tidy(() => tf.matMul(tf.reshape(x, [-1, 12]) as tf.Tensor2D, tf.tensor2d(weights, [12, CLASSES])));

/** A session that must not be run. */
const describedOnly = (more: Partial<OnnxSession>): OnnxSession => ({
  inputNames: ['x'],
  outputNames: ['y'],
  run: () => Promise.reject(new Error('run')),
  ...more,
});

describe('sessions of onnxruntime', () => {
  if (!('found' in guest)) {
    it('take batches, types and outputs as the model has them', ({ skip }) => skip(guest.reason));
    return;
  }
  const { InferenceSession, Tensor } = guest.found;
  beforeAll(() => useBackend('cpu'));
  const open = async (model: TinyModel): Promise<OnnxSession> =>
    InferenceSession.create(tinyOnnx(model), { logSeverityLevel: 4 });
  const classifier = async (model: TinyModel, options: Partial<OnnxClassifierOptions> = {}): Promise<TypedClassifier> =>
    onnxClassifier(await open(model), { Tensor, ...options });
  const nhwc = (batch: number | string = 'N'): TinyModel =>
    linearOnnx({ shape: [batch, ...SHAPE] }, { weights, classes: CLASSES });

  const rows = (batch: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: 12 * batch }, (_, i) => Math.sin(5.7 * i * i));
  /** Logits of a batch by TensorFlow.js, of values that are rounded first. */
  const expected = (batch: number, round: (value: number) => number = (value) => value): Float32Array =>
    tf.tidy(() =>
      linear(tf.tensor(rows(batch).map(round), [batch, ...SHAPE]), { training: false })
        .dataSync()
        .slice(),
    ) as Float32Array;
  const expectClose = (found: Float32Array, wanted: Float32Array, tolerance = 1e-5): void => {
    expect(found).toHaveLength(wanted.length);
    found.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThan(tolerance));
  };

  it.each([1, 2, 5])(
    'a fixed batch of %i: each row has the logits of the free model, whatever the number of rows',
    async (size) => {
      const f = await classifier(nhwc(size));
      for (const batch of [1, 2, 5, 7, 11]) {
        expectClose(await f.classify(rows(batch), { batch, shape: SHAPE }), expected(batch));
      }
    },
  );

  it('a batch that only the output shows, and one that is given', async () => {
    const { constants = [], ...model } = nhwc();
    const hidden = {
      ...model,
      nodes: [
        { op: 'Reshape', inputs: ['x', 'sizes'], output: 'flat' },
        { op: 'MatMul', inputs: ['flat', 'w'], output: 'y' },
      ],
      constants: [...constants, { name: 'sizes', shape: [2], values: BigInt64Array.of(2n, 12n) }],
    };
    const session = await open(hidden);
    const { run, inputNames, outputNames } = session;
    const old = { inputNames, outputNames, run: run.bind(session) };
    for (const f of [onnxClassifier(session, { Tensor }), onnxClassifier(old, { Tensor, fixedBatch: 2 })]) {
      expectClose(await f.classify(rows(5), { batch: 5, shape: SHAPE }), expected(5));
    }
    const error = await Promise.resolve(
      onnxClassifier(old, { Tensor }).classify(rows(3), { batch: 3, shape: SHAPE }),
    ).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClassifierError);
    expect((error as Error).message).toMatch(
      /^onnxClassifier: `session` must run on float32 \[3, 2, 2, 3\], got ".+" \(was the model exported for one size of batch, export it with a dynamic batch axis; in a program, `fixedBatch` is that size\)$/,
    );
    expect((error as Error).cause).toBeInstanceOf(Error);
    await expectError(
      () => onnxClassifier(session, { Tensor, fixedBatch: 3 }),
      OptionError,
      'onnxClassifier: `fixedBatch` must be the batch of the model, 2, got 3',
    );
  });

  it('certifies with what the session says of shape and classes, in batches that do not fit', async () => {
    const x = tf.tensor(rows(1).map(Math.abs), [...SHAPE]);
    const request = { key, n: 300, n0: 50, alpha: 0.1 };
    const g = new SmoothedClassifier(await classifier(nhwc(4)), { noise, batchSize: 9 });
    expect(await g.certify(x, request)).toEqual(
      await new SmoothedClassifier(linear, { noise, numClasses: CLASSES }).certify(x, request),
    );
    const flat = tf.reshape(x, [12]);
    await expectError(
      () => g.certify(flat, request),
      TensorError,
      'SmoothedClassifier.certify: `x` must be one example, a tensor of shape [2,2,3], got shape [12]' +
        ' (a flat vector of several channels has an order that its shape does not tell: give `layout`, nhwc or nchw)',
    );
    tf.dispose([x, flat]);
  });

  it('channels first: images stay channels last', async () => {
    const f = await classifier(linearOnnx({ shape: ['N', 3, 2, 2] }, { weights, classes: CLASSES }), {
      layout: 'nchw',
    });
    expect(f.inputShape).toEqual([2, 2, 3]);
    const found = await f.classify(rows(3), { batch: 3, shape: SHAPE });
    const wanted = tf.tidy(() =>
      linear(tf.transpose(tf.tensor(rows(3), [3, ...SHAPE]), [0, 3, 1, 2]), { training: false })
        .dataSync()
        .slice(),
    );
    expectClose(found, wanted as Float32Array);
  });

  it.each([
    ['float64', 'float64', 1e-5, (value: number) => value],
    ['float16', 'float16', 4e-3, (value: number) => value],
    ['float32', 'float16', 4e-3, (value: number) => value],
    ['uint8', 'float32', 1e-5, (value: number) => Math.min(Math.max(Math.round(value), 0), 255)],
  ] as const)('%s in, %s out', async (type, out, tolerance, round) => {
    const model = linearOnnx({ shape: ['N', ...SHAPE], type, out }, { weights, classes: CLASSES });
    const f = await classifier(model);
    const scale = type === 'uint8' ? 100 : 1;
    const inputs = rows(4).map((value) => value * scale);
    const wanted = tf.tidy(() =>
      linear(tf.tensor(inputs.map(round), [4, ...SHAPE]), { training: false })
        .dataSync()
        .slice(),
    );
    expectClose(await f.classify(inputs, { batch: 4, shape: SHAPE }), wanted as Float32Array, tolerance * scale);
    expect(f.inputRange).toEqual(type === 'uint8' ? [0, 255] : undefined);
  });

  it('halves are the nearest ones', async () => {
    const identity = {
      inputs: [{ name: 'x', shape: ['N', 2], type: 'float16' as const }],
      outputs: [{ name: 'y', shape: ['N', 2] }],
      nodes: [{ op: 'Cast', inputs: ['x'], output: 'y', integers: { to: 1 } }],
    };
    const f = await classifier(identity);
    const steps = [
      0,
      2 ** -25,
      1.5 * 2 ** -24,
      2.5 * 2 ** -24,
      2 ** -14,
      1023.5 * 2 ** -24,
      1,
      2049,
      2051,
      65519,
      65520,
      1e9,
      0.1,
      1 / 3,
    ];
    const inputs = Float32Array.from([...steps, ...steps.map((value) => -value)]);
    const found = await f.classify(inputs.slice(), { batch: steps.length, shape: [2] });
    const halves = [
      0,
      0,
      2 ** -23,
      2 ** -23,
      2 ** -14,
      2 ** -14,
      1,
      2048,
      2052,
      65504,
      Infinity,
      Infinity,
      0.0999755859375,
      0.333251953125,
    ];
    expect([...found].map((value) => value + 0)).toEqual(
      [...halves, ...halves.map((value) => 0 - value)].map((value) => value + 0),
    );
  });

  const labelled = (...outputs: TinyModel['outputs']): TinyModel => {
    const model = nhwc();
    return {
      ...model,
      outputs: [{ name: 'label', shape: ['N'], type: 'int64' }, ...model.outputs, ...outputs],
      nodes: [
        ...model.nodes,
        { op: 'ArgMax', inputs: ['y'], output: 'label', integers: { axis: 1, keepdims: 0 } },
        { op: 'Identity', inputs: ['flat'], output: 'features' },
      ],
    };
  };
  const features = { name: 'features', shape: ['N', 12] };

  it('the only output of floats with two axes, or the one that is named', async () => {
    expectClose(await (await classifier(labelled())).classify(rows(2), { batch: 2, shape: SHAPE }), expected(2));
    const named = await classifier(labelled(features), { outputName: 'y' });
    expectClose(await named.classify(rows(2), { batch: 2, shape: SHAPE }), expected(2));
    const session = await open(labelled());
    const old = {
      ...describedOnly({}),
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      run: session.run.bind(session),
    };
    expectClose(await onnxClassifier(old, { Tensor }).classify(rows(2), { batch: 2, shape: SHAPE }), expected(2));
  });

  it('refuses what cannot be meant', async () => {
    await expectError(
      () => classifier(labelled(features)),
      OptionError,
      'onnxClassifier: `outputName` must name the one of several outputs of floats [batch, numClasses]' +
        ' (y (float32 [any, 3]), features (float32 [any, 12])), got none',
    );
    await expectError(
      () => classifier(labelled(), { outputName: 'label' }),
      OptionError,
      'onnxClassifier: `outputName` must name an output of floats [batch, numClasses], got label (int64 [any])' +
        ' (of the model: y (float32 [any, 3]))',
    );
    const several = await open(labelled(features));
    const old = {
      ...describedOnly({}),
      inputNames: several.inputNames,
      outputNames: several.outputNames,
      run: several.run.bind(several),
    };
    await expectError(
      () => onnxClassifier(old, { Tensor }).classify(rows(2), { batch: 2, shape: SHAPE }),
      OptionError,
      'onnxClassifier: `outputName` must name the one of several outputs of floats [batch, numClasses]' +
        ' (y (float32 [2, 3]), features (float32 [2, 12])), got none',
    );
  });

  const brighter: TinyModel = {
    inputs: [
      { name: 'images', shape: ['N', 3, 2, 2] },
      { name: 'level', shape: ['N', 1, 1, 1] },
    ],
    outputs: [{ name: 'clean', shape: ['N', 3, 2, 2] }],
    nodes: [{ op: 'Add', inputs: ['images', 'level'], output: 'clean' }],
  };

  it('a denoiser with another input in front of a classifier: votes are those of the same functions of tensors', async () => {
    const level = 0.25;
    const denoiser = onnxDenoiser(await open(brighter), {
      Tensor,
      layout: 'nchw',
      inputName: 'images',
      feeds: ({ batch }) => ({
        level: new Tensor('float32', new Float32Array(batch).fill(level), [batch, 1, 1, 1]),
      }),
    });
    const f = denoised(await classifier(nhwc(3)), denoiser);
    expect(f.inputShape).toEqual([2, 2, 3]);
    const x = tf.tensor(rows(1).map(Math.abs), [...SHAPE]);
    const twin = denoised(linear, (images) => tf.add(images, level));
    const request = { key, n: 300, n0: 50, alpha: 0.1 };
    expect(await new SmoothedClassifier(f, { noise }).certify(x, request)).toEqual(
      await new SmoothedClassifier(twin, { noise, numClasses: CLASSES }).certify(x, request),
    );
    x.dispose();
  });

  it('one session in two places: a denoiser that does nothing gives the votes of the bare classifier', async () => {
    const identity = await open({
      ...brighter,
      inputs: brighter.inputs.slice(0, 1),
      nodes: [{ op: 'Identity', inputs: ['images'], output: 'clean' }],
    });
    const denoiser = onnxDenoiser(identity, { Tensor, layout: 'nchw' });
    const bare = await classifier(nhwc());
    const twice = denoised(denoised(bare, denoiser), denoiser);
    const x = tf.tensor(rows(1).map(Math.abs), [...SHAPE]);
    const counts = (f: TypedClassifier): Promise<readonly number[]> =>
      new SmoothedClassifier(f, { noise }).sampleCounts(x, { key, n: 200 });
    const [one, two, alone] = await Promise.all([counts(twice), counts(twice), counts(bare)]);
    expect([one, two]).toEqual([alone, alone]);
    x.dispose();
  });
});

describe('what a session says of itself', () => {
  const Tensor = class {
    readonly data = undefined;
    readonly dims = [];
  };
  const input = { name: 'x', isTensor: true, type: 'float32', shape: ['N', 28, 28, 1] };
  const output = { name: 'y', isTensor: true, type: 'float32', shape: ['N', 10] };

  it.each([
    [
      { inputMetadata: [{ ...input, type: 'int64' }] },
      {},
      'onnxClassifier: `session` must take float32, float64, float16 or uint8 as its input x, got x (int64 [any, 28, 28, 1])' +
        ' (noisy images are no such numbers: export the model with a float input)',
    ],
    [
      {
        outputNames: ['label', 'probabilities'],
        outputMetadata: [
          { name: 'label', isTensor: true, type: 'int64', shape: ['N'] },
          { name: 'probabilities', isTensor: false },
        ],
      },
      {},
      'onnxClassifier: `session` must have an output of floats [batch, numClasses], got label (int64 [any]), probabilities (no tensor)' +
        " (a sequence or a map is no tensor: export the classifier of scikit-learn with options={'zipmap': False})",
    ],
    [
      { inputMetadata: [{ ...input, shape: ['N', 784] }] },
      { layout: 'nchw' as const },
      "onnxClassifier: `layout` must be 'nhwc' for inputs that are no images [height, width, channels], got 'nchw' for inputs of shape [784]",
    ],
    [
      { outputMetadata: [{ ...output, shape: ['N', 28, 28, 1] }] },
      {},
      'onnxClassifier: `session` must have an output of floats [batch, numClasses], got y (float32 [any, 28, 28, 1])' +
        ' (export the model with such an output)',
    ],
  ])('is held against what is needed: %#', (more, options, text) =>
    expectError(() => onnxClassifier(describedOnly(more), { Tensor, ...options }), OptionError, text),
  );

  it('declares shape and classes where they are known', () => {
    const f = onnxClassifier(describedOnly({ inputMetadata: [input], outputMetadata: [output] }), { Tensor });
    expect([f.inputShape, f.numClasses, f.inputRange]).toEqual([[28, 28, 1], 10, undefined]);
    const one = onnxClassifier(describedOnly({ outputMetadata: [{ ...output, shape: ['N', 1] }] }), { Tensor });
    expect([one.inputShape, one.numClasses]).toEqual([undefined, undefined]);
  });

  it('gives halves as their bits, and takes them as bits or numbers, where JavaScript has an array for them', async () => {
    const given: unknown[] = [];
    const Numbers = class {
      readonly dims: readonly number[];
      readonly data: unknown;
      constructor(_: string, data: unknown, dims: readonly number[]) {
        this.data = Float64Array.from(data as Uint16Array, () => NaN); // as onnxruntime makes a Float16Array
        this.dims = dims;
      }
    };
    const answers: unknown[] = [Uint16Array.of(0x3c00, 0xc000), Float64Array.of(1, -2)];
    const session = describedOnly({
      inputMetadata: [{ name: 'x', isTensor: true, type: 'float16', shape: ['N', 2] }],
      run: ({ x }) => {
        given.push(x?.data, x?.dims);
        return Promise.resolve({ y: { type: 'float16', data: answers.shift(), dims: [1, 2] } });
      },
    });
    const f = onnxClassifier(session, { Tensor: Numbers });
    for (let i = 0; i < 2; i++) {
      expect([...(await f.classify(Float32Array.of(0.5, -1), { batch: 1, shape: [2] }))]).toEqual([1, -2]);
    }
    const bits = Uint16Array.of(0x3800, 0xbc00);
    expect(given).toEqual([bits, [1, 2], bits, [1, 2]]);
  });

  it('refuses a batch of another shape before the run', () =>
    expectError(
      () =>
        onnxClassifier(describedOnly({ inputMetadata: [input] }), { Tensor }).classify(new Float32Array(8), {
          batch: 2,
          shape: [2, 2, 1],
        }),
      ClassifierError,
      'onnxClassifier: `inputs` must be of the shape [28, 28, 1] that the session takes, got [2, 2, 1]',
    ));
});

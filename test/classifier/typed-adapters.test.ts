import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { binary } from '../../src/classifier/binary.ts';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { denoised, standardizeInput } from '../../src/classifier/input-adapters.ts';
import { kConsensus } from '../../src/classifier/k-consensus.ts';
import { reshapeInput } from '../../src/classifier/reshape-input.ts';
import { toLogitsFn } from '../../src/classifier/to-logits-fn.ts';
import type { Classifier, LogitsFn, TypedClassifier, TypedDenoiser } from '../../src/classifier/types.ts';
import { ClassifierError, OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { describeBackends, useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { typedTwin } from '../helpers/typed.ts';

const shape = [3, 2, 1];
const noise = new GaussianNoise({ sigma: 0.5 });

/** Three classes by three planes; members of other phases disagree now and then. */
function member(phase: number): LogitsFn {
  const weights = Array.from({ length: 18 }, (_, i) => Math.sin(1 + phase + 2.3 * i));
  return (x) => tf.tidy(() => tf.matMul(tf.reshape(x, [-1, 6]) as tf.Tensor2D, tf.tensor2d(weights, [6, 3])));
}
const probabilitiesOf =
  (f: LogitsFn): LogitsFn =>
  (x, mode) =>
    tf.tidy(() => tf.softmax(f(x, mode)));

const phases = [0, 0.4, 0.9, 1.5];
const members = phases.map(member);
const typed = (f: LogitsFn): TypedClassifier => typedTwin((x) => f(x, { training: false }));

/** The same members, as functions of tensors or of typed arrays. */
type Kind = <C extends LogitsFn>(f: C) => Classifier;
const kinds: Readonly<Record<'tensors' | 'typed', Kind>> = { tensors: (f) => f, typed };

const blur: LogitsFn = (x) => tf.tidy(() => tf.add(tf.mul(x, 0.7), 0.15));
const blurOf = (kind: Kind): LogitsFn | TypedDenoiser => (kind === typed ? { denoise: typed(blur).classify } : blur);

/** Adapters that make one classifier of members of a kind. */
const adapters: Readonly<Record<string, (kind: Kind) => Classifier>> = {
  'ensemble of logits': (kind) => ensemble(members.map(kind), { weights: [1, 2, 3, 4] }),
  'ensemble of probabilities': (kind) => ensemble(members.map(kind), { average: 'probabilities' }),
  'ensemble of votes': (kind) => ensemble(members.map(kind), { average: 'votes', weights: [3, 1, 1, 1] }),
  'ensemble of members with probabilities': (kind) =>
    ensemble(
      members.map((f) => toLogitsFn(kind(probabilitiesOf(f)), { output: 'probabilities' })),
      { average: 'probabilities' },
    ),
  kConsensus: (kind) => kConsensus(members.map(kind), { k: 2 }),
  'kConsensus of all': (kind) => kConsensus(members.map(kind), { k: 4 }),
  'kConsensus of members with probabilities': (kind) =>
    kConsensus(
      members.map((f) => toLogitsFn(kind(probabilitiesOf(f)), { output: 'probabilities' })),
      { k: 2 },
    ),
  standardizeInput: (kind) => standardizeInput(kind(members[0]!), { subtractMean: true }),
  denoised: (kind) => denoised(kind(members[0]!), blurOf(kind)),
  'all of them': (kind) =>
    kConsensus(
      [
        denoised(standardizeInput(kind(members[0]!)), blurOf(kind)),
        ensemble([kind(members[1]!), standardizeInput(kind(members[2]!))], { average: 'probabilities' }),
        kind(members[3]!),
      ],
      { k: 2 },
    ),
};

const smoothed = (f: Classifier): SmoothedClassifier =>
  new SmoothedClassifier(f, { noise, numClasses: 3, batchSize: 37 });
const image = (): tf.Tensor => tf.tensor([0.1, 0.9, 0.4, 0.2, 0.6, 0.3], shape);
const key = createKey(5);

describeBackends('adapters of typed arrays', () => {
  it.each(Object.entries(adapters))('%s: certificates are those of the same models as tensors', async (_, adapt) => {
    const x = image();
    const request = { key, n: 500, n0: 50, alpha: 0.1 };
    const [tensors, arrays] = [smoothed(adapt(kinds.tensors)), smoothed(adapt(kinds.typed))];
    const certificate = await arrays.certify(x, request);
    expect(certificate).toEqual(await tensors.certify(x, request));
    expect(certificate.counts.filter((count) => count > 0).length).toBeGreaterThan(1);
    x.dispose();
  });

  it('two calls at once are those of one after the other, also with one classifier in two places', async () => {
    const [one, other] = [typed(members[0]!), typed(members[1]!)];
    const f = ensemble([one, other, one], { average: 'probabilities' });
    const g = smoothed(denoised(f, { denoise: typed(blur).classify }));
    const h = smoothed(one);
    const x = image();
    const runs = [
      () => g.sampleCounts(x, { key: createKey(1), n: 200 }),
      () => h.sampleCounts(x, { key: createKey(2), n: 200 }),
      () => g.sampleCounts(x, { key: createKey(3), n: 200 }),
    ];
    const alone: unknown[] = [];
    for (const run of runs) alone.push(await run());
    expect(await Promise.all(runs.map((run) => run()))).toEqual(alone);
    x.dispose();
  });

  it('votes of probabilities that float32 logarithms cannot tell apart', async () => {
    const rows = [0.34999999403953552, 0.3500000238418579, 0.30000001192092896];
    const close: TypedClassifier = {
      classify: (_, { batch }) => Float32Array.from({ length: 3 * batch }, (__, i) => rows[i % 3]!),
    };
    const f = toLogitsFn(close, { output: 'probabilities' });
    const x = image();
    expect(await smoothed(f).sampleCounts(x, { key, n: 20 })).toEqual([0, 20, 0]);
    expect(await smoothed(standardizeInput(f)).sampleCounts(x, { key, n: 20 })).toEqual([0, 20, 0]);
    x.dispose();
  });
});

describe('kConsensus of typed arrays', () => {
  it('asks the others only for the rows on which the first do not agree', async () => {
    await useBackend('cpu');
    const twins = members.map((f) => typedTwin((x) => f(x, { training: false })));
    const f = kConsensus(twins, { k: 2 });
    const inputs = Float32Array.from({ length: 60 * 6 }, (_, i) => Math.sin(7.7 * i * i));
    await f.classify(inputs, { batch: 60, shape });
    const rows = twins.map(({ asked }) => asked.map(({ batch }) => batch));
    const [, , third] = rows;
    expect(rows.slice(0, 2)).toEqual([[60], [60]]);
    expect(rows[3]).toEqual(third);
    expect(third![0]).toBeGreaterThan(0);
    expect(third![0]).toBeLessThan(40);
    const same = [
      typed(members[0]!),
      typed(members[0]!),
      typedTwin((x) => members[1]!(x, { training: false })),
    ] as const;
    await kConsensus(same, { k: 2 }).classify(new Float32Array(6), { batch: 1, shape });
    expect(same[2].asked).toEqual([]);
  });
});

describe('typed adapters declare and refuse', () => {
  const fine = typed(members[0]!);
  const images: TypedDenoiser = { denoise: (inputs) => inputs };
  const declared = { ...fine, inputShape: [3, 2, 1], numClasses: 3 };

  it('what their members declare', () => {
    for (const f of [
      ensemble([declared, fine]),
      kConsensus([declared], { k: 1 }),
      standardizeInput(declared),
      denoised(declared, images),
      toLogitsFn(declared, { output: 'probabilities' }),
    ]) {
      expect(f.inputShape).toEqual([3, 2, 1]);
      expect(new SmoothedClassifier(f, { noise }).numClasses).toBe(3);
    }
    const resized = denoised(declared, { ...images, inputShape: [6, null], outputShape: [3, 2, 1] });
    expect(resized.inputShape).toEqual([6, null]);
    expect(denoised(declared, { ...images, outputShape: [3, 2, 1] }).inputShape).toBeUndefined();
  });

  it('leave one column for binary to make two classes of', async () => {
    const column: TypedClassifier = { classify: (_, { batch }) => new Float32Array(batch).fill(0.75) };
    const f = reshapeInput(column, { shape, inputShape: [6] });
    expect([...(await f.classify(new Float32Array(12), { batch: 2, shape }))]).toEqual([0.75, 0.75]);
    const x = image();
    const two = new SmoothedClassifier(binary(f, { output: 'probabilities' }), { noise });
    expect(await two.sampleCounts(x, { key, n: 20 })).toEqual([0, 20]);
    x.dispose();
  });

  const bytes = { ...fine, inputRange: [0, 255] as const };

  it.each([
    [
      () => ensemble([members[0]!, fine]),
      'ensemble: `members` must be all of tensors or all of typed arrays, got 1 of 2 of typed arrays' +
        ' (give a model of tensors as an object with a method `classify`, or the other as a model of tfjs)',
    ],
    [
      () => kConsensus([fine, 'model' as never], { k: 1 }),
      'kConsensus: `members` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got "model"',
    ],
    [
      () => ensemble([declared, { ...fine, numClasses: 4 }]),
      'ensemble: `members` must have one `numClasses`, got 3 and 4',
    ],
    [
      () => denoised(fine, blur as never),
      'denoised: `denoiser` must be of typed arrays, as the classifier, got a denoiser of tensors' +
        ' (give the denoiser as an object with a method `denoise`)',
    ],
    [
      () => denoised(members[0]!, images as never),
      'denoised: `denoiser` must be of tensors, as the classifier, got a denoiser of typed arrays' +
        ' (give the classifier as an object with a method `classify`)',
    ],
    [
      () => denoised(fine, {} as never),
      'denoised: `denoiser` must be a function to images, a tf.LayersModel, a tf.GraphModel or an object with a method `denoise`, got an object (Object)',
    ],
    [
      () => denoised(declared, { ...images, outputShape: [6] }),
      'denoised: `denoiser` must return images of the shape [3, 2, 1] that the classifier takes, got [6]',
    ],
    [
      () => denoised(bytes, { ...images, inputRange: [0, 1] }),
      'denoised: `denoiser` must have the `inputRange` of the classifier, got [0, 1] beside [0, 255]',
    ],
    [
      () => standardizeInput(bytes),
      'standardizeInput: `classifier` must take values of any size, got one that clips them to [0, 255]',
    ],
    [
      () => new SmoothedClassifier(bytes, { noise, numClasses: 3 }),
      'SmoothedClassifier: `inputRange` must be [0, 255], the range of the values that the classifier takes, got [0, 1]' +
        ' (sigma is in units of this range)',
    ],
  ])('%#', (run, text) => expectError(run, OptionError, text));

  const ask = (f: TypedClassifier): unknown => f.classify(new Float32Array(12), { batch: 2, shape });

  it.each([
    [
      () => ask(denoised(fine, { denoise: () => new Float32Array(7) })),
      'denoised: `denoiser` must return batch images of the shape [3, 2, 1], 12 values, got 7',
    ],
    [
      () => ask(denoised(fine, { denoise: (inputs) => inputs.fill(NaN) })),
      'denoised: `denoiser` must return finite images, got NaN',
    ],
    [
      () => ask(denoised(fine, { denoise: () => new Float64Array(12) as never })),
      'denoised: `denoiser` must return a Float32Array or a promise of one, got an object (Float64Array) (convert the output to float32)',
    ],
    [
      () => ask(ensemble([fine, { classify: () => new Float32Array(8) }])),
      'ensemble: `members` must return logits of one shape [batch, numClasses], got [2,4] beside [2,3] for 2 rows',
    ],
  ])('what comes out wrong: %#', (run, text) => expectError(run, ClassifierError, text));
});

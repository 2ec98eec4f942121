import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { trainableVariables } from '../../src/classifier/to-logits-fn.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { type CatrsError, ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { checkTraining } from '../../src/losses/check-training.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { sevenLosses } from './seven-losses.ts';

const key = createKey(7);
const NUM_CLASSES = 3;
const [IMAGES, COPIES] = [4, 2];
const noise = new GaussianNoise({ sigma: 0.25 });

const weights = [3, -1, 0, 0, 2, 1, -2, 0, 1, 1, 1, -3];
const logits = (x: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => tf.matMul(tf.reshape(x, [-1, 4]), tf.tensor2d(weights, [4, NUM_CLASSES])));
const probabilities = (x: tf.Tensor): tf.Tensor2D => tf.tidy(() => tf.softmax(logits(x)));
const broken = (x: tf.Tensor): tf.Tensor2D => tf.tidy(() => tf.mul(logits(x), NaN));

/** Tensors of a good batch, and of what can be wrong with it. */
const make = {
  x: () => tf.linspace(0, 1, 4 * IMAGES).reshape([IMAGES, 4]),
  labels: () => tf.tensor1d([0, 1, 2, 0], 'int32'),
  soft: () => tf.tensor2d([1, 0, 0, 0, 0.5, 0.5, 0.2, 0.2, 0.6, 0.3, 0.3, 0.4], [IMAGES, NUM_CLASSES]),
  bright: () => tf.fill([IMAGES, 4], 255),
  dark: () => tf.tensor2d([...Array<number>(15).fill(0.5), -0.01], [IMAGES, 4]),
  holes: () => tf.tensor2d([...Array<number>(9).fill(0.5), NaN, ...Array<number>(6).fill(0.5)], [IMAGES, 4]),
  high: () => tf.tensor1d([0, 1, 3, 0], 'int32'),
  low: () => tf.tensor1d([0, -1, 2, 0], 'int32'),
  votes: () => tf.fill([IMAGES, NUM_CLASSES], 40),
  negative: () => tf.tensor2d([1, 0, 0, 0.5, 0.5, 0, 1.5, -0.5, 0, 1, 0, 0], [IMAGES, NUM_CLASSES]),
  lost: () => tf.fill([IMAGES, NUM_CLASSES], NaN),
  infinite: () => tf.fill([COPIES, IMAGES, 4], Infinity),
  still: () => tf.zeros([COPIES, IMAGES, 4]),
  none: () => tf.tensor1d([1, 2, 0, 1]),
  many: () => tf.tensor1d([1, 3, 1, 1]),
  half: () => tf.tensor1d([1, 1.5, 1, 1]),
  whole: () => tf.tensor1d([1, 2, 1, 2]),
  beyond: () => tf.tensor1d([0, 0.5, 1.01, 1]),
  below: () => tf.tensor1d([0, 0.5, 1, -0.25]),
  mixed: () => tf.tensor1d([0, 0.5, 1, 0.25]),
};

describeBackends('checkTraining', () => {
  let t: Record<keyof typeof make, tf.Tensor>;
  beforeAll(() => {
    t = Object.fromEntries(Object.entries(make).map(([name, made]) => [name, made()])) as typeof t;
  });
  afterAll(() => tf.dispose(t));
  const batch = (change: object = {}) => ({ x: t.x, labels: t.labels, key, ...change }) as never;
  const inRange = (got: string, range = '[0, 1]'): string =>
    `checkTraining: \`x\` must have finite values in the input range ${range}, got ${got}` +
    ' (sigma is in input units: scale the images, or declare `inputRange` and choose sigma for it)';

  describe.each(sevenLosses)('$name', ({ make: makeLoss }) => {
    const refuses = (change: () => object, kind: typeof CatrsError, text: string, model: Classifier = logits) =>
      expectError(() => checkTraining(makeLoss(model, COPIES, 2), batch(change())), kind, text);

    it('takes a good batch, labels in a tensor or plain', () =>
      expectNoLeak(async () => {
        await checkTraining(makeLoss(logits, COPIES, 2), batch({ softTargets: t.soft }));
        await checkTraining(makeLoss(logits, COPIES, 2), batch({ labels: [2, 1, 0, 0], noise: t.still }));
      }));

    it('refuses images outside the range', async () => {
      await refuses(() => ({ x: t.bright }), TensorError, inRange('255 in row 0'));
      await refuses(() => ({ x: t.dark }), TensorError, inRange('-0.009999999776482582 in row 3'));
      await refuses(() => ({ x: t.holes }), TensorError, inRange('NaN in row 2'));
    });

    it('refuses labels that are no class', async () => {
      const text = (got: string): string =>
        `checkTraining: \`labels\` must be whole numbers from 0 to 2, got ${got} (the classifier has 3 classes)`;
      await refuses(() => ({ labels: t.high }), TensorError, text('3 in row 2'));
      await refuses(() => ({ labels: t.low }), TensorError, text('-1 in row 1'));
      const plain = 'checkTraining: `labels` must be below the number of classes (3), got 7';
      await refuses(() => ({ labels: [0, 1, 2, 7] }), OptionError, plain);
    });

    it('refuses noise that is not finite', () =>
      refuses(
        () => ({ noise: t.infinite }),
        TensorError,
        'checkTraining: `noise` must hold finite numbers, got Infinity in row 0' +
          ' (it is given with the batch, drawn, or made by the attack: look at that)',
      ));

    it('refuses a softmax at the end of the model', () =>
      refuses(
        () => ({}),
        ClassifierError,
        'checkTraining: `classifier` must return logits, got rows that are probabilities' +
          " (remove the final softmax, or make the loss of toLogitsFn(model, { output: 'probabilities' }))",
        probabilities,
      ));

    it('refuses logits that are not finite', () =>
      refuses(
        () => ({}),
        ClassifierError,
        'checkTraining: `classifier` must return finite logits, got NaN (check the weights and the scale of the inputs)',
        broken,
      ));

    it('refuses soft targets that are no probabilities', async () => {
      const text = (row: string, image: number): string =>
        `checkTraining: \`softTargets\` must have rows of probabilities with sum 1, got [${row}] for image ${image}` +
        ' (divide each row of votes by its sum; logits need a softmax)';
      await refuses(() => ({ softTargets: t.votes }), TensorError, text('40, 40, 40', 0));
      await refuses(() => ({ softTargets: t.negative }), TensorError, text('1.5, -0.5, 0', 2));
      await refuses(() => ({ softTargets: t.lost }), TensorError, text('NaN, NaN, NaN', 0));
    });
  });

  const attack = new NoisePgd({ epsilon: 1, steps: 1 });
  const catRs = new ConfidenceAwareLoss(logits, { noise, attack, lambda: 1, numNoise: COPIES });
  const smoothMix = new SmoothMixLoss(logits, { noise, attack: new SmoothMixPgd({ stepSize: 0.5, steps: 1 }) });
  const pgd = new SmoothedPgd({ epsilon: 1, steps: 1 });
  const smoothAdv = new SmoothAdvLoss(logits, { noise, attack: pgd, numNoise: COPIES });

  it('refuses K outside 1 to M', async () => {
    const text = (got: string): string =>
      `checkTraining: \`k\` must be whole numbers from 1 to the number of noisy copies (2), got ${got} (omit \`k\`, and it is drawn)`;
    const refuses = (k: () => tf.Tensor, got: string) =>
      expectError(() => checkTraining(catRs, batch({ k: k() })), TensorError, text(got));
    await refuses(() => t.none, '0 in row 2');
    await refuses(() => t.many, '3 in row 1');
    await refuses(() => t.half, '1.5 in row 1');
    await checkTraining(catRs, batch({ k: t.whole }));
  });

  it('refuses mixing weights outside [0, 1]', async () => {
    const text = (got: string): string =>
      `checkTraining: \`mixing\` must be in [0, 1], got ${got} (omit \`mixing\`, and it is drawn from [0, 1/2))`;
    const refuses = (mixing: () => tf.Tensor, got: string) =>
      expectError(() => checkTraining(smoothMix, batch({ mixing: mixing() })), TensorError, text(got));
    await refuses(() => t.beyond, '1.0099999904632568 in row 2');
    await refuses(() => t.below, '-0.25 in row 3');
    await checkTraining(smoothMix, batch({ mixing: t.mixed }));
  });

  it('refuses attacked images and noises that are not finite', async () => {
    const text = (field: string, got: string): string =>
      `checkTraining: \`${field}\` must hold finite numbers, got ${got}` +
      ' (it is given with the batch, drawn, or made by the attack: look at that)';
    await expectError(
      () => checkTraining(catRs, batch({ noiseAdv: t.infinite })),
      TensorError,
      text('noiseAdv', 'Infinity in row 0'),
    );
    await expectError(
      () => checkTraining(smoothAdv, batch({ xAdv: t.holes })),
      TensorError,
      text('xAdv', 'NaN in row 2'),
    );
    for (const change of [
      { clean: 'holes', adversary: 'x' },
      { clean: 'x', adversary: 'holes' },
    ] as const) {
      const given = () => batch({ clean: t[change.clean], adversary: t[change.adversary] });
      const field = change.clean === 'holes' ? 'clean' : 'adversary';
      await expectError(() => checkTraining(smoothMix, given()), TensorError, text(field, 'NaN in row 2'));
    }
  });

  it('takes another input range, and holds the images to it', async () => {
    const [gaussian] = sevenLosses;
    const loss = gaussian!.make(logits, COPIES, 1);
    await checkTraining(loss, batch({ x: t.bright }), { inputRange: [0, 255] });
    await expectError(
      () => checkTraining(loss, batch({ x: t.bright }), { inputRange: [-1, 254] }),
      TensorError,
      inRange('255 in row 0', '[-1, 254]'),
    );
  });

  it('tells probabilities from logits by a batch of one image too', async () => {
    const one = tf.slice(t.x, 1, 1);
    const loss = new SmoothAdvLoss(probabilities, { noise, attack: pgd });
    const error = () => checkTraining(loss, { x: one, labels: [0], key });
    await expect(error()).rejects.toThrow('`classifier` must return logits, got rows that are probabilities');
    await checkTraining(new SmoothAdvLoss(logits, { noise, attack: pgd }), { x: one, labels: [0], key });
    one.dispose();
  });

  it('holds the images to the input range of the loss, unless it is told another', async () => {
    const x = tf.fill([3, 4], -0.5);
    const wide = new SmoothAdvLoss(logits, { noise, attack: pgd, inputRange: [-1, 1] });
    const given = { x, labels: [0, 1, 1], key };
    await checkTraining(wide, given);
    const text = 'checkTraining: `x` must have finite values in the input range';
    await expect(checkTraining(wide, given, { inputRange: [0, 1] })).rejects.toThrow(`${text} [0, 1]`);
    await expect(checkTraining(new GaussianLoss(logits, { noise }), given)).rejects.toThrow(`${text} [0, 1]`);
    x.dispose();
  });

  it('refuses what is no loss, one without its classifier, and unknown options', async () => {
    const own = { prepare: catRs.prepare.bind(catRs) };
    await expectError(
      () => checkTraining({} as never, batch()),
      OptionError,
      'checkTraining: `loss` must be a training loss, with a method `prepare`, got an object (Object)',
    );
    await expectError(
      () => checkTraining(own, batch()),
      OptionError,
      'checkTraining: `loss` must name its classifier, got none (give it a property `classifier`: the model that it trains)',
    );
    await checkTraining({ ...own, classifier: logits }, batch());
    await expectError(
      () => checkTraining(catRs, batch(), { range: [0, 1] } as never),
      OptionError,
      'checkTraining: unknown option `range`; known options: `inputRange`',
    );
  });

  it('hands on what prepare refuses', () =>
    expectError(
      () => checkTraining(catRs, batch({ key: undefined })),
      OptionError,
      'ConfidenceAwareLoss.prepare: `key` must be a key (createKey(seed) makes one), got undefined',
    ));
});

describeBackends('checkTraining leaves the model as it is', () => {
  it.each(sevenLosses)('weights and running statistics, $name', async ({ make: makeLoss }) => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 5, inputShape: [4], kernelInitializer: 'ones' }),
        tf.layers.batchNormalization(),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: NUM_CLASSES, kernelInitializer: 'ones' }),
      ],
    });
    const valuesOf = () => Promise.all(model.getWeights().map(async (weight) => [...(await weight.data())]));
    const x = make.x();
    const before = await valuesOf();
    await expectNoLeak(() => checkTraining(makeLoss(model, COPIES, 2), { x, labels: [0, 1, 2, 0], key }));
    expect(await valuesOf()).toEqual(before);
    // A training pass changes them: the comparison can fail.
    const loss = makeLoss(model, COPIES, 2);
    const prepared = loss.prepare({ x, labels: [0, 1, 2, 0], key });
    const { value, grads } = tf.variableGrads(() => prepared.value(), trainableVariables(model));
    expect(await valuesOf()).not.toEqual(before);
    tf.dispose([value, grads, x]);
    prepared.dispose();
    model.dispose();
  });

  it('tries whether rows are independent, where the loss was told so', async () => {
    const attack = new NoisePgd({ epsilon: 0.5, steps: 1 });
    const lossOf = (classifier: Classifier, independentRows?: boolean) =>
      new ConfidenceAwareLoss(classifier, { noise, attack, lambda: 1, numNoise: COPIES, independentRows });
    const x = make.x();
    const batch = { x, labels: [0, 1, 2, 0], key };
    const noisy: Classifier = (x, { training }) => tf.tidy(() => tf.add(logits(x), training ? 0.5 : 0));
    const centred: Classifier = (x) => tf.tidy(() => tf.sub(logits(x), tf.mean(logits(x), 0, true)));
    await expectNoLeak(async () => {
      await checkTraining(lossOf(logits, true), batch);
      await checkTraining(lossOf(noisy), batch);
      await checkTraining(lossOf(centred, false), batch);
      for (const [classifier, where] of [
        [noisy, 'in training mode'],
        [centred, 'in a batch of 2'],
      ] as const) {
        await expect(checkTraining(lossOf(classifier, true), batch)).rejects.toThrow(
          new RegExp(
            `^checkTraining: \`independentRows\` must be true only where .*, got .* in row 0, ${where} \\(make`,
          ),
        );
      }
    });
    x.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { type CatrsError, ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { bottomKCrossEntropy, sampleK, voteFrequency, worstCaseKl } from '../../src/losses/confidence-aware-terms.ts';
import { type ConfidenceAwareBatch, ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(0);
const noise = new GaussianNoise({ sigma: 0.5 });
const attack = new NoisePgd({ epsilon: 1, steps: 1 });
const { logits } = linearClassifier([1, -1], 0.3);
const additive = '`noise` must be an additive noise (for example new GaussianNoise({ sigma: 0.25 }))';
const missingKey = '`key` must be a key (createKey(seed) makes one), got undefined';

describe('new losses refuse', () => {
  it.each([
    [{ noise: undefined }, `${additive}, got undefined`],
    [{ numNoise: 0 }, '`numNoise` must be an integer of at least 1, got 0'],
    [{ sigma: 1 }, 'unknown option `sigma`; known options: `noise`, `numNoise`'],
  ])('GaussianLoss %o', (change, text) =>
    expectError(() => new GaussianLoss(logits, { noise, ...change } as never), OptionError, `GaussianLoss: ${text}`),
  );

  it.each([
    [{ noise: {} }, `${additive}, got an object (Object)`],
    [
      { attack: undefined },
      '`attack` must be an attack on the noise (for example new NoisePgd({ epsilon: 1, steps: 4 })), got undefined',
    ],
    [{ lambda: -1 }, '`lambda` must be a finite number of at least 0, got -1'],
    [{ lambda: undefined }, '`lambda` must be a finite number of at least 0, got undefined'],
    [{ numNoise: 1.5 }, '`numNoise` must be an integer of at least 1, got 1.5'],
    [{ confidenceMask: 1 }, '`confidenceMask` must be true or false, got 1'],
    [
      { lbd: 1 },
      'unknown option `lbd`; known options: `noise`, `attack`, `lambda`, `numNoise`, `confidenceMask`, `epsilonSchedule`, `independentRows`',
    ],
  ])('ConfidenceAwareLoss %o', (change, text) =>
    expectError(
      () => new ConfidenceAwareLoss(logits, { noise, attack, lambda: 1, ...change } as never),
      OptionError,
      `ConfidenceAwareLoss: ${text}`,
    ),
  );

  it('what is no classifier', async () => {
    const text =
      '`classifier` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got "model"';
    const model = 'model' as never;
    await expectError(() => new GaussianLoss(model, { noise }), OptionError, `GaussianLoss: ${text}`);
    await expectError(
      () => new ConfidenceAwareLoss(model, { noise, attack, lambda: 1 }),
      OptionError,
      `ConfidenceAwareLoss: ${text}`,
    );
  });
});

describe('prepare refuses', () => {
  let t: Record<'x' | 'flat' | 'whole' | 'empty' | 'noise' | 'wrong' | 'targets' | 'thin' | 'one' | 'k', tf.Tensor>;
  beforeAll(async () => {
    await useBackend('cpu');
    t = {
      x: tf.zeros([3, 2]),
      flat: tf.zeros([2]),
      whole: tf.zeros([3, 2], 'int32'),
      empty: tf.zeros([0, 2]),
      noise: tf.ones([4, 3, 2]),
      wrong: tf.ones([4, 2, 2]),
      targets: tf.fill([3, 2], 0.5),
      thin: tf.fill([2, 2], 0.5),
      one: tf.ones([3, 1]),
      k: tf.ones([3]),
    };
  });
  afterAll(() => tf.dispose(t));

  const gaussian = new GaussianLoss(logits, { noise });
  const catRs = new ConfidenceAwareLoss(logits, { noise, attack, lambda: 1 });
  const batch = (change: object) => ({ x: t.x, labels: [0, 1, 1], key, ...change }) as never;
  const both = async (change: () => object, kind: typeof CatrsError, text: string): Promise<void> => {
    await expectError(() => gaussian.prepare(batch(change())), kind, `GaussianLoss.prepare: ${text}`);
    await expectError(() => catRs.prepare(batch(change())), kind, `ConfidenceAwareLoss.prepare: ${text}`);
  };
  const onlyCatRs = (change: () => object, kind: typeof CatrsError, text: string): Promise<void> =>
    expectError(() => catRs.prepare(batch(change())), kind, `ConfidenceAwareLoss.prepare: ${text}`);

  it('a missing key', () => both(() => ({ key: undefined }), OptionError, missingKey));

  it('images without a batch dimension, without images, of whole numbers, absent', async () => {
    const text = (shape: string): string =>
      `\`x\` must be a batch [B, ...inputShape] of at least one example, got shape [${shape}]` +
      ' (add the batch dimension with tf.expandDims)';
    await both(() => ({ x: t.flat }), TensorError, text('2'));
    await both(() => ({ x: t.empty }), TensorError, text('0,2'));
    const float = "`x` must be float32, got int32 (tf.cast(x, 'float32') converts it)";
    await both(() => ({ x: t.whole }), TensorError, float);
    await both(() => ({ x: undefined }), OptionError, '`x` must be a tensor, got undefined');
  });

  it('wrong labels', async () => {
    await both(() => ({ labels: [0, 1, -1] }), OptionError, '`labels` must be integers of at least 0, got -1');
    await both(() => ({ labels: [0, 1, Number.NaN] }), OptionError, '`labels` must be integers of at least 0, got NaN');
    await both(() => ({ labels: [0] }), OptionError, '`labels` must hold one label per image (3), got 1');
    await both(
      () => ({ labels: undefined }),
      OptionError,
      '`labels` must be an int32 tensor [B] or a list of integers, got undefined',
    );
    await both(() => ({ labels: t.targets }), TensorError, '`labels` must have shape [3], got [3,2]');
    await both(
      () => ({ labels: t.k }),
      TensorError,
      "`labels` must be int32, got float32 (tf.cast(labels, 'int32') converts them, or give plain integers)",
    );
  });

  it('labels beyond the classes of the soft targets', () =>
    onlyCatRs(
      () => ({ labels: [0, 1, 2], softTargets: t.targets }),
      OptionError,
      '`labels` must be below the number of classes (2), got 2',
    ));

  it('noise, worst-case noise, soft targets and K of another shape', async () => {
    const text = (field: string, shape: string): string =>
      `\`${field}\` must have shape [M,3,2] with M of at least 1, got shape [${shape}]`;
    await both(() => ({ noise: t.wrong }), TensorError, text('noise', '4,2,2'));
    await both(() => ({ noise: t.x }), TensorError, text('noise', '3,2'));
    await onlyCatRs(() => ({ noiseAdv: t.wrong }), TensorError, text('noiseAdv', '4,2,2'));
    const soft = (shape: string): string =>
      `\`softTargets\` must have shape [B, numClasses] = [3,C], got shape [${shape}]`;
    await onlyCatRs(() => ({ softTargets: t.thin }), TensorError, soft('2,2'));
    await onlyCatRs(() => ({ softTargets: t.one }), TensorError, soft('3,1'));
    await onlyCatRs(() => ({ softTargets: t.k }), TensorError, soft('3'));
    const softFloat = "`softTargets` must be float32, got int32 (tf.cast(softTargets, 'float32') converts it)";
    await onlyCatRs(() => ({ softTargets: t.whole }), TensorError, softFloat);
    await onlyCatRs(() => ({ k: t.flat }), TensorError, '`k` must have shape [3], got [2]');
    await onlyCatRs(() => ({ k: t.one }), TensorError, '`k` must have shape [3], got [3,1]');
    await onlyCatRs(() => ({ k: 4 }), OptionError, '`k` must be a tensor, got 4');
  });

  it('names it does not know', async () => {
    const gaussianText =
      'unknown option `k`; known options: `x`, `labels`, `key`, `noise`, `epoch`, `softTargets`, `firstImage`';
    await expectError(
      () => gaussian.prepare(batch({ k: t.flat }) as never),
      OptionError,
      `GaussianLoss.prepare: ${gaussianText}`,
    );
    await onlyCatRs(
      () => ({ softTarget: t.targets }),
      OptionError,
      'unknown option `softTarget`; known options: `x`, `labels`, `key`, `noise`, `epoch`, `softTargets`, `firstImage`, `noiseAdv`, `k`',
    );
  });

  it('to run inside a gradient tape', () =>
    expectError(
      () => tf.grad(() => (catRs.prepare(batch({})), tf.scalar(0)))(t.flat),
      TensorError,
      'ConfidenceAwareLoss.prepare: `call` must not be made inside a gradient tape, got gradient depth 1' +
        ' (call it before optimizer.minimize or tf.grad)',
    ));
});

describe('value refuses', () => {
  beforeAll(() => useBackend('cpu'));

  const make = (classifier: Classifier, change: Partial<ConfidenceAwareBatch> = {}) => {
    const x = tf.zeros([3, 2]);
    const batch = { x, labels: [0, 1, 1], key };
    const gaussian = new GaussianLoss(classifier, { noise });
    const catRs = new ConfidenceAwareLoss(classifier, { noise, attack, lambda: 0 });
    const prepared = {
      gaussian: gaussian.prepare({ ...batch, ...(change.labels && { labels: change.labels }) }),
      catRs: catRs.prepare({ ...batch, ...change }),
    };
    return {
      gaussian: () => prepared.gaussian.value(),
      catRs: () => prepared.catRs.value(),
      free: () => {
        x.dispose();
        prepared.gaussian.dispose();
        prepared.catRs.dispose();
      },
    };
  };

  it('labels beyond the classes', async () => {
    const { gaussian, catRs, free } = make(logits, { labels: [0, 1, 2] });
    const text = '`labels` must be below the number of classes (2), got 2';
    await expectError(gaussian, OptionError, `GaussianLoss.value: ${text}`);
    await expectError(catRs, OptionError, `ConfidenceAwareLoss.value: ${text}`);
    free();
  });

  it('soft targets of another number of classes', async () => {
    const softTargets = tf.fill([3, 5], 0.2);
    const { catRs, free } = make(logits, { softTargets });
    const text = '`softTargets` must have shape [B, numClasses] = [3,2], got shape [3,5]';
    await expectError(catRs, TensorError, `ConfidenceAwareLoss.value: ${text}`);
    free();
    softTargets.dispose();
  });

  it('classifiers that return another shape', async () => {
    const { gaussian, catRs, free } = make((x) => tf.sum(logits(x), 1));
    const text = (rows: number): string =>
      `\`classifier\` must return shape [batch, numClasses] = [${rows}, C], got [${rows}]`;
    await expectError(gaussian, ClassifierError, `GaussianLoss.value: ${text(3)}`);
    await expectError(catRs, ClassifierError, `ConfidenceAwareLoss.value: ${text(12)}`);
    free();
  });

  it('graph models, which cannot be trained', async () => {
    const graph: Classifier = { predict: (x: tf.Tensor) => logits(x), execute: (x: tf.Tensor) => x };
    const { gaussian, catRs, free } = make(graph);
    const text =
      '`classifier` must be a function or a tf.LayersModel for training, got a tf.GraphModel (it can be certified, not trained)';
    await expectError(gaussian, ClassifierError, `GaussianLoss: ${text}`);
    await expectError(catRs, ClassifierError, `ConfidenceAwareLoss: ${text}`);
    free();
  });
});

describe('the parts refuse shapes that would broadcast', () => {
  it('everywhere', async () => {
    await useBackend('cpu');
    const z = tf.zeros([4, 3, 2]) as tf.Tensor3D;
    const y = tf.tensor1d([0], 'int32');
    const labels = tf.tensor1d([0, 1, 1], 'int32');
    const k = tf.ones([1]) as tf.Tensor1D;
    const row = tf.fill([1, 2], 0.5) as tf.Tensor2D;
    const calls: [() => unknown, string][] = [
      [() => bottomKCrossEntropy(z, y, k), 'bottomKCrossEntropy: `labels` must have shape [3], got [1]'],
      [() => bottomKCrossEntropy(z, labels, k), 'bottomKCrossEntropy: `k` must have shape [3], got [1]'],
      [() => voteFrequency(z, y), 'voteFrequency: `labels` must have shape [3], got [1]'],
      [() => sampleK(labels, row), 'sampleK: `pHat` must have shape [1], got [3]'],
      [
        () => worstCaseKl(z, row),
        'worstCaseKl: `softTargets` must have shape [B, numClasses] = [3,2], got shape [1,2]',
      ],
    ];
    for (const [call, text] of calls) await expectError(call, TensorError, text);
    tf.dispose([z, y, labels, k, row]);
  });
});

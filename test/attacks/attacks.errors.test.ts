import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { type CatrsError, ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(0);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.3);
const target = targetOf(logits, noise, [0, 1]);
const positive = 'must be a finite number greater than 0';
const additive = '`noise` must be an additive noise (for example new GaussianNoise({ sigma: 0.25 }))';

describe('new NoisePgd refuses', () => {
  it.each([
    [{ epsilon: 0 }, `\`epsilon\` ${positive}, got 0`],
    [{ epsilon: Infinity }, `\`epsilon\` ${positive}, got Infinity`],
    [{ steps: 0 }, '`steps` must be an integer of at least 1, got 0'],
    [{ stepSize: -1 }, `\`stepSize\` ${positive}, got -1`],
    [{ eps: 1 }, 'unknown option `eps`; known options: `epsilon`, `steps`, `stepSize`'],
  ])('%o', (change, text) =>
    expectError(() => new NoisePgd({ epsilon: 1, steps: 4, ...change }), OptionError, `NoisePgd: ${text}`),
  );
});

describe('new SmoothedPgd refuses', () => {
  it.each([
    [{ epsilon: Number.NaN }, `\`epsilon\` ${positive}, got NaN`],
    [{ steps: 2.5 }, '`steps` must be an integer of at least 1, got 2.5'],
    [{ numNoise: 0 }, '`numNoise` must be an integer of at least 1, got 0'],
    [{ inputRange: [1, 1] }, '`inputRange` must be [low, high], two numbers with low < high, got [1, 1]'],
    [{ inputRange: true }, '`inputRange` must be [low, high], two numbers with low < high, got true'],
    [{ noise: 1 }, `${additive}, got 1`],
    [{ noise: { ...noise, perturb: noise.perturb } }, `${additive}, got an object (Object)`],
    [{ norm: 'l3' }, "`norm` must be 'l1', 'l2' or 'linf', got \"l3\""],
    [{ gradientFree: 1 }, '`gradientFree` must be true or false, got 1'],
    [{ order: 'clip' }, "`order` must be 'clip-then-shorten' or 'shorten-then-clip', got \"clip\""],
    [
      { sigma: 1 },
      'unknown option `sigma`; known options: `epsilon`, `steps`, `numNoise`, `stepSize`, `norm`, `gradientFree`, `order`,' +
        ' `noise`, `inputRange`',
    ],
  ])('%o', (change, text) =>
    expectError(
      () => new SmoothedPgd({ epsilon: 1, steps: 4, ...change } as never),
      OptionError,
      `SmoothedPgd: ${text}`,
    ),
  );
});

describe('new SmoothedDdn refuses', () => {
  const range = '`inputRange` must be [low, high], two finite numbers with low < high';
  it.each([
    [{ epsilon: -1 }, `\`epsilon\` ${positive}, got -1`],
    [{ steps: 0 }, '`steps` must be an integer of at least 1, got 0'],
    [{ numNoise: 1.5 }, '`numNoise` must be an integer of at least 1, got 1.5'],
    [{ initialNorm: 0 }, `\`initialNorm\` ${positive}, got 0`],
    [{ gamma: 1 }, '`gamma` must be in (0, 1), got 1'],
    [{ gamma: 0 }, '`gamma` must be in (0, 1), got 0'],
    [{ levels: 0 }, '`levels` must be an integer of at least 1, or null, got 0'],
    [{ levels: 2.5 }, '`levels` must be an integer of at least 1, or null, got 2.5'],
    [{ inputRange: [0, Infinity] }, `${range}, got [0, Infinity]`],
    [{ inputRange: [1, 0] }, `${range}, got [1, 0]`],
    [{ noise: 1 }, `${additive}, got 1`],
    [
      { stepSize: 1 },
      'unknown option `stepSize`; known options: `epsilon`, `steps`, `numNoise`, `initialNorm`, `gamma`, `levels`, `noise`,' +
        ' `inputRange`',
    ],
  ])('%o', (change, text) =>
    expectError(
      () => new SmoothedDdn({ epsilon: 1, steps: 4, ...change } as never),
      OptionError,
      `SmoothedDdn: ${text}`,
    ),
  );
});

describe('new SmoothMixPgd refuses', () => {
  it.each([
    [{ stepSize: 0 }, `\`stepSize\` ${positive}, got 0`],
    [{ steps: 0 }, '`steps` must be an integer of at least 1, got 0'],
    [{ mixStep: -1 }, '`mixStep` must be an integer of at least 0, got -1'],
    [{ mixStep: 4 }, '`mixStep` must be below `steps` (4), got 4'],
    [{ numNoise: 0 }, '`numNoise` must be an integer of at least 1, got 0'],
    [{ epsilon: 0 }, `\`epsilon\` ${positive}, got 0`],
    [{ inputRange: [1, 1] }, '`inputRange` must be [low, high], two numbers with low < high, got [1, 1]'],
    [{ noise: 1 }, `${additive}, got 1`],
    [
      { alpha: 1 },
      'unknown option `alpha`; known options: `stepSize`, `steps`, `mixStep`, `numNoise`, `epsilon`, `noise`, `inputRange`',
    ],
  ])('%o', (change, text) =>
    expectError(
      () => new SmoothMixPgd({ stepSize: 1, steps: 4, ...change } as never),
      OptionError,
      `SmoothMixPgd: ${text}`,
    ),
  );
});

describe('perturb refuses', () => {
  let t: Record<'x' | 'flat' | 'whole' | 'empty' | 'e' | 'wrong' | 'wholeNoise' | 'none' | 'targets', tf.Tensor>;
  let soft: Record<'row' | 'wide' | 'one' | 'whole', tf.Tensor>;
  beforeAll(async () => {
    await useBackend('cpu');
    t = {
      x: tf.zeros([3, 2]),
      flat: tf.zeros([2]),
      whole: tf.zeros([3, 2], 'int32'),
      empty: tf.zeros([0, 2]),
      e: tf.ones([4, 3, 2]),
      wrong: tf.ones([4, 2, 2]),
      wholeNoise: tf.ones([4, 3, 2], 'int32'),
      none: tf.ones([0, 3, 2]),
      targets: tf.fill([3, 2], 0.5),
    };
    soft = {
      row: tf.fill([1, 2], 0.5),
      wide: tf.fill([3, 5], 0.2),
      one: tf.ones([3, 1]),
      whole: tf.ones([3, 2], 'int32'),
    };
  });
  afterAll(() => tf.dispose([t, soft]));

  const attack = new NoisePgd({ epsilon: 1, steps: 2 });
  const noisePgd = (
    change: () => object,
    kind: typeof CatrsError,
    text: string,
    classifier: Classifier = logits,
  ): Promise<void> => {
    const request = { x: t.x, noise: t.e, softTargets: t.targets, ...change() };
    return expectError(() => attack.perturb(classifier, request), kind, `NoisePgd.perturb: ${text}`);
  };

  const smoothed = new SmoothedPgd({ epsilon: 1, steps: 2 });
  const inputAttacks = {
    SmoothedPgd: smoothed,
    SmoothedDdn: new SmoothedDdn({ epsilon: 1, steps: 2 }),
    SmoothMixPgd: new SmoothMixPgd({ stepSize: 1, steps: 2 }),
  };
  const everyInputAttack = async (
    change: () => object,
    kind: typeof CatrsError,
    text: string,
    classifier: Classifier = logits,
  ): Promise<void> => {
    const request = { x: t.x, labels: [0, 1, 1], key, ...change() };
    for (const [name, inputAttack] of Object.entries(inputAttacks)) {
      await expectError(
        () => inputAttack.perturb(targetOf(classifier, noise, [0, 1]), request),
        kind,
        `${name}.perturb: ${text}`,
      );
    }
  };

  const batch = (got: string, field = 'x'): string =>
    `\`${field}\` must be a batch [B, ...inputShape] of at least one example, got shape [${got}]` +
    ' (add the batch dimension with tf.expandDims)';
  const float = (field: string): string =>
    `\`${field}\` must be float32, got int32 (tf.cast(${field}, 'float32') converts it)`;

  it('images without a batch dimension, without images, of whole numbers, absent', async () => {
    await noisePgd(() => ({ x: t.flat }), TensorError, batch('2'));
    await noisePgd(() => ({ x: t.empty }), TensorError, batch('0,2'));
    await noisePgd(() => ({ x: t.whole }), TensorError, float('x'));
    await noisePgd(() => ({ x: undefined }), OptionError, '`x` must be a tensor, got undefined');
    await everyInputAttack(() => ({ x: t.flat }), TensorError, batch('2'));
    await everyInputAttack(() => ({ x: t.empty }), TensorError, batch('0,2'));
    await everyInputAttack(() => ({ x: t.whole }), TensorError, float('x'));
    await everyInputAttack(() => ({ x: [1] }), OptionError, '`x` must be a tensor, got [1]');
  });

  it('noise of another shape, without copies, of whole numbers, absent', async () => {
    const shape = (got: string): string => `\`noise\` must have shape [M,3,2] with M of at least 1, got shape [${got}]`;
    await noisePgd(() => ({ noise: t.wrong }), TensorError, shape('4,2,2'));
    await noisePgd(() => ({ noise: t.x }), TensorError, shape('3,2'));
    await noisePgd(() => ({ noise: t.none }), TensorError, shape('0,3,2'));
    await noisePgd(() => ({ noise: t.wholeNoise }), TensorError, float('noise'));
    await noisePgd(() => ({ noise: undefined }), OptionError, '`noise` must be a tensor, got undefined');
    await everyInputAttack(() => ({ noise: t.wrong }), TensorError, shape('4,2,2'));
    await everyInputAttack(() => ({ noise: t.none }), TensorError, shape('0,3,2'));
    await everyInputAttack(() => ({ noise: t.wholeNoise }), TensorError, float('noise'));
  });

  it('soft targets of another shape or of whole numbers', async () => {
    const shape = (got: string): string =>
      `\`softTargets\` must have shape [B, numClasses] = [3,2], got shape [${got}]`;
    await noisePgd(() => ({ softTargets: soft.row }), TensorError, shape('1,2'));
    await noisePgd(() => ({ softTargets: soft.wide }), TensorError, shape('3,5'));
    await noisePgd(() => ({ softTargets: soft.one }), TensorError, shape('3,1'));
    await noisePgd(() => ({ softTargets: t.flat }), TensorError, shape('2'));
    await noisePgd(() => ({ softTargets: soft.whole }), TensorError, float('softTargets'));
  });

  it('names it does not know', async () => {
    await noisePgd(
      () => ({ softTarget: t.targets }),
      OptionError,
      'unknown option `softTarget`; known options: `x`, `noise`, `softTargets`, `strength`',
    );
    await everyInputAttack(
      () => ({ label: [0] }),
      OptionError,
      'unknown option `label`; known options: `x`, `labels`, `key`, `noise`, `strength`, `firstImage`',
    );
  });

  it('strengths that are not greater than 0', async () => {
    await noisePgd(() => ({ strength: 0 }), OptionError, `\`strength\` ${positive}, got 0`);
    await everyInputAttack(() => ({ strength: -1 }), OptionError, `\`strength\` ${positive}, got -1`);
  });

  it('one noise for a direction from forward passes', async () => {
    const text = 'SmoothedPgd.perturb: `numNoise` must be at least 2 with `gradientFree`, got 1';
    const request = { x: t.x, labels: [0, 1, 1], key };
    const free = new SmoothedPgd({ epsilon: 1, steps: 2, gradientFree: true });
    await expectError(() => free.perturb(target, request), OptionError, text);
    const one = tf.ones([1, 3, 2]);
    const many = new SmoothedPgd({ epsilon: 1, steps: 2, numNoise: 4, gradientFree: true });
    await expectError(() => many.perturb(target, { ...request, noise: one }), OptionError, text);
    free.perturb(target, { ...request, noise: t.e }).dispose();
    one.dispose();
  });

  it('a missing key', () =>
    everyInputAttack(
      () => ({ key: undefined }),
      OptionError,
      '`key` must be a key (createKey(seed) makes one), got undefined',
    ));

  it.each([
    [[0, 1, -1], OptionError, '`labels` must be integers of at least 0, got -1'],
    [[0, 1, 0.5], OptionError, '`labels` must be integers of at least 0, got 0.5'],
    [[0, 1, undefined], OptionError, '`labels` must be integers of at least 0, got undefined'],
    [[0, 1, '1'], OptionError, '`labels` must be integers of at least 0, got "1"'],
    [[0, 1], OptionError, '`labels` must hold one label per image (3), got 2'],
    [[0, 1, 2], OptionError, '`labels` must be below the number of classes (2), got 2'],
    [7, OptionError, '`labels` must be an int32 tensor [B] or a list of integers, got 7'],
  ])('labels %o', (labels, kind, text) => everyInputAttack(() => ({ labels }), kind, text));

  it('labels as tensors of another shape or type', async () => {
    const wrong = { float: tf.tensor1d([0, 1, 1]), column: tf.ones([3, 1], 'int32'), hot: tf.ones([3, 2], 'int32') };
    const type = "`labels` must be int32, got float32 (tf.cast(labels, 'int32') converts them, or give plain integers)";
    await everyInputAttack(() => ({ labels: wrong.float }), TensorError, type);
    await everyInputAttack(() => ({ labels: wrong.column }), TensorError, '`labels` must have shape [3], got [3,1]');
    await everyInputAttack(() => ({ labels: wrong.hot }), TensorError, '`labels` must have shape [3], got [3,2]');
    tf.dispose(wrong);
  });

  it('classifiers of another form', async () => {
    const rows = '`classifier` must return shape [batch, numClasses] = [12, C], got [12,2,1]';
    const deep: Classifier = (x) => tf.expandDims(logits(x), -1);
    await noisePgd(() => ({}), ClassifierError, rows, deep);
    await everyInputAttack(() => ({ noise: t.e }), ClassifierError, rows, deep);
    const graph: Classifier = {
      predict: (x: tf.Tensor) => [logits(x), logits(x)],
      execute: (x: tf.Tensor) => x,
    };
    const outputs = '`classifier` must have one output, got 2 (wrap it in a function that picks the logits)';
    await noisePgd(() => ({}), ClassifierError, outputs, graph);
    const none =
      '`classifier` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got null';
    await noisePgd(() => ({}), OptionError, none, null as never);
  });

  it('what is no smoothed classifier, nor has what an attack needs of one', async () => {
    const request = { x: t.x, labels: [0, 1, 1], key };
    const must =
      '`target` must be a smoothed classifier, or what an attack needs of one, { logits, noise, inputRange }';
    const range = '`inputRange` must be [low, high], two';
    const wrong: readonly (readonly [unknown, string])[] = [
      [null, `${must}, got null`],
      [logits, `${must}, got a function`],
      [{ noise, inputRange: [0, 1] }, `${must}, got an object (Object)`],
      [{ logits, inputRange: [0, 1] }, `${must}, got an object (Object)`],
      [{ logits, noise: { ...noise }, inputRange: [0, 1] }, `${additive}, got an object (Object)`],
    ];
    for (const [name, inputAttack] of Object.entries(inputAttacks)) {
      for (const [given, text] of wrong) {
        await expectError(() => inputAttack.perturb(given as never, request), OptionError, `${name}.perturb: ${text}`);
      }
      const finite = name === 'SmoothedDdn' ? ' finite' : '';
      const text = `${range}${finite} numbers with low < high, got undefined`;
      const unbounded = { logits, noise } as never;
      await expectError(() => inputAttack.perturb(unbounded, request), OptionError, `${name}.perturb: ${text}`);
    }
    const infinite = { logits, noise, inputRange: [-Infinity, Infinity] as const };
    await expectError(
      () => inputAttacks.SmoothedDdn.perturb(infinite, request),
      OptionError,
      `SmoothedDdn.perturb: ${range} finite numbers with low < high, got [-Infinity, Infinity]`,
    );
    // An attack with a noise and a range of its own needs neither.
    const own = new SmoothedDdn({ epsilon: 1, steps: 2, noise, inputRange: [0, 1] });
    own.perturb({ logits, noise: undefined as never, inputRange: undefined as never }, request).dispose();
  });

  it('to run inside a gradient tape', async () => {
    const text = (call: string, depth: number): string =>
      `${call}.perturb: \`call\` must not be made inside a gradient tape, got gradient depth ${depth}` +
      ' (call it before optimizer.minimize or tf.grad)';
    const request = { x: t.x, noise: t.e };
    const labelled = { x: t.x, labels: [0, 1, 1], key };
    const inside = (run: () => tf.Tensor) => () => tf.grad(() => run())(t.flat);
    await expectError(
      inside(() => attack.perturb(logits, request)),
      TensorError,
      text('NoisePgd', 1),
    );
    for (const [name, inputAttack] of Object.entries(inputAttacks)) {
      await expectError(
        inside(() => {
          inputAttack.perturb(target, labelled).dispose();
          return t.x;
        }),
        TensorError,
        text(name, 1),
      );
    }
    const twice = () => tf.grad(() => tf.grad(() => attack.perturb(logits, request))(t.flat))(t.flat);
    await expectError(twice, TensorError, text('NoisePgd', 2));
  });
});

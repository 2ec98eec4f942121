import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { correctMask, mixTargets, mixupKl } from '../../src/losses/smooth-mix-terms.ts';
import { SmoothAdvLoss } from '../../src/losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(0);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.3);
const additive = '`noise` must be an additive noise (for example new GaussianNoise({ sigma: 0.25 }))';
const nothing = { dispose: () => {}, [Symbol.dispose]: () => {} };

/** Attacks that do not move anything. */
const inputAttack = { perturb: (_: unknown, { x }: { x: tf.Tensor }) => x.clone() };
const mixAttack = {
  perturb: (_: unknown, { x }: { x: tf.Tensor }) => ({ clean: x.clone(), adversary: x.clone(), ...nothing }),
};

describe('SmoothAdvLoss and SmoothMixLoss refuse options', () => {
  const inputText = '`attack` must be an attack on the input (for example new SmoothedPgd({ epsilon: 0.5, steps: 4 }))';
  it.each([
    [{ noise: {} }, `${additive}, got an object (Object)`],
    [{ attack: undefined }, `${inputText}, got undefined`],
    [{ attack: { attack: () => 0 } }, `${inputText}, got an object (Object)`],
    [{ numNoise: 0 }, '`numNoise` must be an integer of at least 1, got 0'],
    [{ warmupEpochs: -1 }, '`warmupEpochs` must be an integer of at least 0, got -1'],
    [{ warmupEpochs: 2.5 }, '`warmupEpochs` must be an integer of at least 0, got 2.5'],
    [
      { warmup: 10 },
      'unknown option `warmup`; known options: `noise`, `attack`, `numNoise`, `warmupEpochs`, `inputRange`',
    ],
  ])('SmoothAdvLoss %o', (change, text) =>
    expectError(
      () => new SmoothAdvLoss(logits, { noise, attack: inputAttack, ...change } as never),
      OptionError,
      `SmoothAdvLoss: ${text}`,
    ),
  );

  const mixText = '`attack` must be an attack of SmoothMix (for example new SmoothMixPgd({ stepSize: 0.5, steps: 4 }))';
  it.each([
    [{ noise: undefined }, `${additive}, got undefined`],
    [{ attack: undefined }, `${mixText}, got undefined`],
    [{ eta: -1 }, '`eta` must be a finite number of at least 0, got -1'],
    [{ eta: Infinity }, '`eta` must be a finite number of at least 0, got Infinity'],
    [{ numNoise: 1.5 }, '`numNoise` must be an integer of at least 1, got 1.5'],
    [{ warmupEpochs: '10' }, '`warmupEpochs` must be an integer of at least 0, got "10"'],
    [
      { lambda: 1 },
      'unknown option `lambda`; known options: `noise`, `attack`, `eta`, `numNoise`, `warmupEpochs`, `inputRange`, `independentRows`',
    ],
  ])('SmoothMixLoss %o', (change, text) =>
    expectError(
      () => new SmoothMixLoss(logits, { noise, attack: mixAttack, ...change } as never),
      OptionError,
      `SmoothMixLoss: ${text}`,
    ),
  );

  it('and what is no classifier', async () => {
    const text =
      '`classifier` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got "model"';
    const model = 'model' as never;
    const adv = () => new SmoothAdvLoss(model, { noise, attack: inputAttack });
    await expectError(adv, OptionError, `SmoothAdvLoss: ${text}`);
    const mix = () => new SmoothMixLoss(model, { noise, attack: mixAttack });
    await expectError(mix, OptionError, `SmoothMixLoss: ${text}`);
  });
});

describe('prepare refuses', () => {
  let t: Record<'x' | 'thin' | 'whole' | 'mixing' | 'short' | 'counts', tf.Tensor>;
  beforeAll(async () => {
    await useBackend('cpu');
    t = {
      x: tf.zeros([3, 2]),
      thin: tf.zeros([1, 2]),
      whole: tf.zeros([3, 2], 'int32'),
      mixing: tf.fill([3], 0.25),
      short: tf.fill([1], 0.25),
      counts: tf.ones([3], 'int32'),
    };
  });
  afterAll(() => tf.dispose(t));

  const adv = new SmoothAdvLoss(logits, { noise, attack: inputAttack });
  const mix = new SmoothMixLoss(logits, { noise, attack: mixAttack });
  const batch = (change: object) => ({ x: t.x, labels: [0, 1, 1], key, ...change }) as never;
  const both = async (change: () => object, kind: typeof OptionError, text: string): Promise<void> => {
    await expectError(() => adv.prepare(batch(change())), kind, `SmoothAdvLoss.prepare: ${text}`);
    await expectError(() => mix.prepare(batch(change())), kind, `SmoothMixLoss.prepare: ${text}`);
  };
  const onlyMix = (change: () => object, kind: typeof OptionError, text: string): Promise<void> =>
    expectError(() => mix.prepare(batch(change())), kind, `SmoothMixLoss.prepare: ${text}`);
  const onlyAdv = (change: () => object, kind: typeof OptionError, text: string): Promise<void> =>
    expectError(() => adv.prepare(batch(change())), kind, `SmoothAdvLoss.prepare: ${text}`);

  it('a missing key, wrong labels, images and noise', async () => {
    await both(() => ({ key: 7 }), OptionError, '`key` must be a key (createKey(seed) makes one), got 7');
    await both(() => ({ labels: [0] }), OptionError, '`labels` must hold one label per image (3), got 1');
    const float = "`x` must be float32, got int32 (tf.cast(x, 'float32') converts it)";
    await both(() => ({ x: t.whole }), TensorError, float);
    const shape = '`noise` must have shape [M,3,2] with M of at least 1, got shape [3,2]';
    await both(() => ({ noise: t.x }), TensorError, shape);
  });

  it('attacked images of another shape or type', async () => {
    await onlyAdv(() => ({ xAdv: t.thin }), TensorError, '`xAdv` must have shape [3,2], got [1,2]');
    const float = (field: string): string =>
      `\`${field}\` must be float32, got int32 (tf.cast(${field}, 'float32') converts it)`;
    await onlyAdv(() => ({ xAdv: t.whole }), TensorError, float('xAdv'));
    await onlyAdv(() => ({ xAdv: [0, 0] }), OptionError, '`xAdv` must be a tensor, got [0, 0]');
    const clean = () => ({ clean: t.thin, adversary: t.x });
    await onlyMix(clean, TensorError, '`clean` must have shape [3,2], got [1,2]');
    const adversary = () => ({ clean: t.x, adversary: t.whole });
    await onlyMix(adversary, TensorError, float('adversary'));
  });

  it('attacks that return another shape, without leaving their tensors', async () => {
    const thin = { perturb: () => tf.zeros([1, 2]) };
    const text = 'must have shape [3,2], got [1,2]';
    const advLoss = new SmoothAdvLoss(logits, { noise, attack: thin });
    await expectError(() => advLoss.prepare(batch({})), TensorError, `SmoothAdvLoss.prepare: \`xAdv\` ${text}`);
    const mixThin = { perturb: () => ({ clean: t.x.clone(), adversary: tf.zeros([1, 2]), ...nothing }) };
    const mixLoss = new SmoothMixLoss(logits, { noise, attack: mixThin });
    await expectError(() => mixLoss.prepare(batch({})), TensorError, `SmoothMixLoss.prepare: \`adversary\` ${text}`);
  });

  it('one end of the line without the other', async () => {
    await onlyMix(() => ({ clean: t.x }), OptionError, '`adversary` must be given where `clean` is, got undefined');
    await onlyMix(() => ({ adversary: t.x }), OptionError, '`clean` must be given where `adversary` is, got undefined');
  });

  it('mixing weights of another shape or type', async () => {
    await onlyMix(() => ({ mixing: t.short }), TensorError, '`mixing` must have shape [3], got [1]');
    const float = "`mixing` must be float32, got int32 (tf.cast(mixing, 'float32') converts it)";
    await onlyMix(() => ({ mixing: t.counts }), TensorError, float);
    await onlyMix(() => ({ mixing: 0.5 }), OptionError, '`mixing` must be a tensor, got 0.5');
  });

  it('names they do not know', async () => {
    const known = 'known options: `x`, `labels`, `key`, `noise`, `epoch`, `softTargets`, `firstImage`';
    await onlyAdv(() => ({ noiseAdv: t.x }), OptionError, `unknown option \`noiseAdv\`; ${known}, \`xAdv\``);
    const mixKnown = `${known}, \`clean\`, \`adversary\`, \`mixing\``;
    await onlyMix(() => ({ xAdv: t.x }), OptionError, `unknown option \`xAdv\`; ${mixKnown}`);
  });

  it('to run inside a gradient tape', async () => {
    const text = '`call` must not be made inside a gradient tape, got gradient depth 1';
    const wayOut = '(call it before optimizer.minimize or tf.grad)';
    for (const [name, loss] of [
      ['SmoothAdvLoss', adv],
      ['SmoothMixLoss', mix],
    ] as const) {
      const inside = () => tf.grad(() => (loss.prepare(batch({})), tf.scalar(0)))(t.x);
      await expectError(inside, TensorError, `${name}.prepare: ${text} ${wayOut}`);
    }
  });

  it('a missing epoch where an option changes with it', async () => {
    const text = (option: string): string =>
      `\`epoch\` must be given where the option \`${option}\` is set, got undefined (count the epochs from 0)`;
    const warmupEpochs = 10;
    const advLoss = new SmoothAdvLoss(logits, { noise, attack: inputAttack, warmupEpochs });
    const advText = `SmoothAdvLoss.prepare: ${text('warmupEpochs')}`;
    await expectError(() => advLoss.prepare(batch({})), OptionError, advText);
    const mixLoss = new SmoothMixLoss(logits, { noise, attack: mixAttack, warmupEpochs });
    const mixText = `SmoothMixLoss.prepare: ${text('warmupEpochs')}`;
    await expectError(() => mixLoss.prepare(batch({})), OptionError, mixText);
    const attack = { perturb: (_: unknown, request: { noise: tf.Tensor }) => request.noise.clone() };
    const catRs = new ConfidenceAwareLoss(logits, {
      noise,
      attack,
      lambda: 1,
      epsilonSchedule: [{ epoch: 80, factor: 2 }],
    });
    const catRsText = `ConfidenceAwareLoss.prepare: ${text('epsilonSchedule')}`;
    await expectError(() => catRs.prepare(batch({})), OptionError, catRsText);
    await both(() => ({ epoch: -1 }), OptionError, '`epoch` must be an integer of at least 0, got -1');
    await both(() => ({ epoch: 0.5 }), OptionError, '`epoch` must be an integer of at least 0, got 0.5');
  });
});

describe('value refuses', () => {
  beforeAll(() => useBackend('cpu'));

  it('labels beyond the classes, and classifiers that return another shape', async () => {
    const x = tf.zeros([3, 2]);
    const batch = { x, labels: [0, 1, 2], key };
    const classesText = '`labels` must be below the number of classes (2), got 2';
    const adv = new SmoothAdvLoss(logits, { noise, attack: inputAttack });
    const mix = new SmoothMixLoss(logits, { noise, attack: mixAttack });
    const flat = (inputs: tf.Tensor): tf.Tensor => tf.sum(logits(inputs), 1);
    const flatAdv = new SmoothAdvLoss(flat, { noise, attack: inputAttack });
    const flatMix = new SmoothMixLoss(flat, { noise, attack: mixAttack });
    const preparedAdv = adv.prepare(batch);
    const preparedMix = mix.prepare(batch);
    const shapeText = (rows: number): string =>
      `\`classifier\` must return shape [batch, numClasses] = [${rows}, C], got [${rows}]`;
    await expectError(() => preparedAdv.value(), OptionError, `SmoothAdvLoss.value: ${classesText}`);
    await expectError(() => preparedMix.value(), OptionError, `SmoothMixLoss.value: ${classesText}`);
    preparedAdv.dispose();
    preparedMix.dispose();
    const ready = { adv: flatAdv.prepare(batch), mix: flatMix.prepare(batch) };
    await expectError(() => ready.adv.value(), ClassifierError, `SmoothAdvLoss.value: ${shapeText(3)}`);
    await expectError(() => ready.mix.value(), ClassifierError, `SmoothMixLoss.value: ${shapeText(6)}`);
    ready.adv.dispose();
    ready.mix.dispose();
    x.dispose();
  });
});

describe('the parts refuse shapes that would broadcast', () => {
  it('everywhere', async () => {
    await useBackend('cpu');
    const z = tf.zeros([4, 3, 2]) as tf.Tensor3D;
    const y = tf.tensor1d([0], 'int32');
    const share = tf.ones([1]) as tf.Tensor1D;
    const row = tf.fill([1, 2], 0.5) as tf.Tensor2D;
    const calls: [() => unknown, string][] = [
      [() => mixTargets(z, share), 'mixTargets: `mixing` must have shape [3], got [1]'],
      [() => mixupKl(z, row), 'mixupKl: `targets` must have shape [3,2], got [1,2]'],
      [() => correctMask(z, y), 'correctMask: `labels` must have shape [3], got [1]'],
    ];
    for (const [call, text] of calls) await expectError(call, TensorError, text);
    tf.dispose([z, y, share, row]);
  });
});

describe('ConfidenceAwareLoss refuses schedules', () => {
  const attack = { perturb: (_: unknown, request: { noise: tf.Tensor }) => request.noise.clone() };
  const text = '`epsilonSchedule` must be a list of { epoch, factor } with rising epochs and factors greater than 0';
  it.each([
    [2, '2'],
    [[2], '[2]'],
    [[null], '[null]'],
    [[{ epoch: 80 }], '[an object (Object)]'],
    [[{ epoch: -1, factor: 2 }], '[an object (Object)]'],
    [[{ epoch: 0.5, factor: 2 }], '[an object (Object)]'],
    [[{ epoch: 1, factor: 0 }], '[an object (Object)]'],
    [[{ epoch: 1, factor: Infinity }], '[an object (Object)]'],
    [
      [
        { epoch: 5, factor: 2 },
        { epoch: 5, factor: 3 },
      ],
      '[an object (Object), an object (Object)]',
    ],
  ])('%j', (epsilonSchedule, got) =>
    expectError(
      () => new ConfidenceAwareLoss(logits, { noise, attack, lambda: 1, epsilonSchedule } as never),
      OptionError,
      `ConfidenceAwareLoss: ${text}, got ${got}`,
    ),
  );
});

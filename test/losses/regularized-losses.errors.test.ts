import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { InputAttackRequest } from '../../src/attacks/types.ts';
import { ClassifierError, OptionError, TensorError } from '../../src/errors.ts';
import { ConsistencyLoss, consistencyTerm } from '../../src/losses/consistency-loss.ts';
import { macerClassification, macerRobustness } from '../../src/losses/macer-terms.ts';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { StabilityLoss, stabilityTerm } from '../../src/losses/stability-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { LaplaceNoise } from '../../src/noise/laplace-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(0);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.3);
const attack = { perturb: (_: unknown, { x }: InputAttackRequest) => x.clone() };

const additive = '`noise` must be an additive noise (for example new GaussianNoise({ sigma: 0.25 }))';
const lambda = (got: unknown): string => `\`lambda\` must be a finite number of at least 0, got ${String(got)}`;
const several = (got: unknown): string => `\`numNoise\` must be an integer of at least 2, got ${String(got)}`;

describe('new losses refuse', () => {
  it.each([
    [{ noise: undefined }, `${additive}, got undefined`],
    [{ lambda: undefined }, lambda('undefined')],
    [{ lambda: -1 }, lambda(-1)],
    [{ numNoise: 0 }, '`numNoise` must be an integer of at least 1, got 0'],
    [{ beta: 1 }, 'unknown option `beta`; known options: `noise`, `lambda`, `numNoise`'],
  ])('StabilityLoss %o', (change, text) =>
    expectError(
      () => new StabilityLoss(logits, { noise, lambda: 1, ...change } as never),
      OptionError,
      `StabilityLoss: ${text}`,
    ),
  );

  it.each([
    [{ noise: {} }, `${additive}, got an object (Object)`],
    [{ lambda: Infinity }, lambda(Infinity)],
    [{ eta: -0.5 }, '`eta` must be a finite number of at least 0, got -0.5'],
    [{ mode: 'l2' }, "`mode` must be 'default', 'xent', 'kl' or 'mse', got \"l2\""],
    [{ numNoise: 1 }, several(1)],
    [{ numNoise: 2.5 }, several(2.5)],
    [
      { attack: {} },
      '`attack` must be an attack on the input (for example new SmoothedPgd({ epsilon: 0.5, steps: 4 })), got an object (Object)',
    ],
    [{ warmupEpochs: -1 }, '`warmupEpochs` must be an integer of at least 0, got -1'],
    [
      { loss: 'kl' },
      'unknown option `loss`; known options: `noise`, `lambda`, `eta`, `mode`, `numNoise`, `attack`, `warmupEpochs`, `inputRange`',
    ],
  ])('ConsistencyLoss %o', (change, text) =>
    expectError(
      () => new ConsistencyLoss(logits, { noise, lambda: 1, ...change } as never),
      OptionError,
      `ConsistencyLoss: ${text}`,
    ),
  );

  const gaussian =
    '`noise` must be an additive Gaussian noise, whose radius MACER maximises (new GaussianNoise({ sigma: 0.25 }); for others train with CopiesLoss)';
  it.each([
    [{ noise: new LaplaceNoise({ scale: 0.5 }) }, `${gaussian}, got an object (LaplaceNoise)`],
    [{ noise: undefined }, `${gaussian}, got undefined`],
    [{ noise: { ...noise, name: 'gaussian', parameters: {} } }, `${gaussian}, got an object (Object)`],
    [{ lambda: Number.NaN }, lambda(Number.NaN)],
    [{ gamma: 0 }, '`gamma` must be a finite number greater than 0, got 0'],
    [{ beta: Infinity }, '`beta` must be a finite number greater than 0, got Infinity'],
    [{ numNoise: 0 }, '`numNoise` must be an integer of at least 1, got 0'],
    [{ deferredEpochs: 0.5 }, '`deferredEpochs` must be an integer of at least 0, got 0.5'],
    [
      { margin: 8 },
      'unknown option `margin`; known options: `noise`, `lambda`, `gamma`, `beta`, `numNoise`, `deferredEpochs`',
    ],
  ])('MacerLoss %o', (change, text) =>
    expectError(
      () => new MacerLoss(logits, { noise, lambda: 1, ...change } as never),
      OptionError,
      `MacerLoss: ${text}`,
    ),
  );

  it('what is no classifier', async () => {
    const text =
      '`classifier` must be a function to logits, a tf.LayersModel, a tf.GraphModel or an object with a method `classify`, got "model"';
    const model = 'model' as never;
    const options = { noise, lambda: 1 };
    await expectError(() => new StabilityLoss(model, options), OptionError, `StabilityLoss: ${text}`);
    await expectError(() => new ConsistencyLoss(model, options), OptionError, `ConsistencyLoss: ${text}`);
    await expectError(() => new MacerLoss(model, options), OptionError, `MacerLoss: ${text}`);
  });
});

describe('prepare and value refuse', () => {
  let t: Record<'x' | 'one' | 'part', tf.Tensor>;
  beforeAll(async () => {
    await useBackend('cpu');
    t = { x: tf.zeros([3, 2]), one: tf.ones([1, 3, 2]), part: tf.zeros([1, 2]) };
  });
  afterAll(() => tf.dispose(t));
  const batch = (change: object = {}) => ({ x: t.x, labels: [0, 1, 1], key, ...change }) as never;

  it('a missing or wrong epoch where the options need one', async () => {
    const warming = new ConsistencyLoss(logits, { noise, lambda: 1, attack, warmupEpochs: 10 });
    const deferred = new MacerLoss(logits, { noise, lambda: 1, deferredEpochs: 51 });
    const text = (option: string): string =>
      `\`epoch\` must be given where the option \`${option}\` is set, got undefined (count the epochs from 0)`;
    await expectError(() => warming.prepare(batch()), OptionError, `ConsistencyLoss.prepare: ${text('warmupEpochs')}`);
    await expectError(() => deferred.prepare(batch()), OptionError, `MacerLoss.prepare: ${text('deferredEpochs')}`);
    await expectError(
      () => deferred.prepare(batch({ epoch: -1 })),
      OptionError,
      'MacerLoss.prepare: `epoch` must be an integer of at least 0, got -1',
    );
  });

  it('one copy of each image, of which nothing can be consistent', () => {
    const loss = new ConsistencyLoss(logits, { noise, lambda: 1 });
    return expectError(
      () => loss.prepare(batch({ noise: t.one })),
      TensorError,
      'ConsistencyLoss.prepare: `noise` must hold `numNoise` = 2 noisy copies, got 1 (make the loss with numNoise: 1, or give 2 copies)',
    );
  });

  it('an attack that returns another shape', () => {
    const loss = new ConsistencyLoss(logits, { noise, lambda: 1, attack: { perturb: () => t.part.clone() } });
    return expectError(
      () => loss.prepare(batch()),
      TensorError,
      'ConsistencyLoss.prepare: `attack` must have shape [3,2], got [1,2]',
    );
  });

  it('labels beyond the classes, and classifiers that return another shape', async () => {
    const made = (classifier: typeof logits | ((x: tf.Tensor) => tf.Tensor)) =>
      [
        ['StabilityLoss', new StabilityLoss(classifier, { noise, lambda: 1 }), 3],
        ['ConsistencyLoss', new ConsistencyLoss(classifier, { noise, lambda: 1 }), 6],
        ['MacerLoss', new MacerLoss(classifier, { noise, lambda: 1, numNoise: 4 }), 12],
      ] as const;
    for (const [name, loss] of made(logits)) {
      const prepared = loss.prepare(batch({ labels: [0, 1, 2] }));
      const text = '`labels` must be below the number of classes (2), got 2';
      await expectError(() => prepared.value(), OptionError, `${name}.value: ${text}`);
      prepared.dispose();
    }
    for (const [name, loss, rows] of made((x) => tf.sum(logits(x), 1))) {
      const prepared = loss.prepare(batch());
      const text = `\`classifier\` must return shape [batch, numClasses] = [${rows}, C], got [${rows}]`;
      await expectError(() => prepared.value(), ClassifierError, `${name}.value: ${text}`);
      prepared.dispose();
    }
  });
});

describe('the parts refuse', () => {
  beforeAll(() => useBackend('cpu'));

  it('shapes that would broadcast, and wrong options', async () => {
    const z = tf.zeros([4, 3, 2]) as tf.Tensor3D;
    const one = tf.zeros([1, 3, 2]) as tf.Tensor3D;
    const row = tf.zeros([1, 2]) as tf.Tensor2D;
    const y = tf.tensor1d([0], 'int32');
    const labels = tf.tensor1d([0, 1, 1], 'int32');
    const shapes: [() => unknown, string][] = [
      [() => stabilityTerm(row, z), 'stabilityTerm: `logitsClean` must have shape [3,2], got [1,2]'],
      [() => macerClassification(z, y), 'macerClassification: `labels` must have shape [3], got [1]'],
      [() => macerRobustness(z, y, { sigma: 1 }), 'macerRobustness: `labels` must have shape [3], got [1]'],
      [
        () => consistencyTerm(one, { lambda: 1 }),
        'consistencyTerm: `logits` must hold at least 2 noisy copies, got shape [1,3,2]',
      ],
    ];
    for (const [call, text] of shapes) await expectError(call, TensorError, text);
    const options: [() => unknown, string][] = [
      [() => consistencyTerm(z, {} as never), `consistencyTerm: ${lambda('undefined')}`],
      [
        () => consistencyTerm(z, { lambda: 1, m: 2 } as never),
        'consistencyTerm: unknown option `m`; known options: `lambda`, `eta`, `mode`',
      ],
      [
        () => macerRobustness(z, labels, { sigma: 0 }),
        'macerRobustness: `sigma` must be a finite number greater than 0, got 0',
      ],
      [
        () => macerRobustness(z, labels, { sigma: 1, lambda: 2 } as never),
        'macerRobustness: unknown option `lambda`; known options: `sigma`, `gamma`, `beta`',
      ],
    ];
    for (const [call, text] of options) await expectError(call, OptionError, text);
    tf.dispose([z, one, row, y, labels]);
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { InputAttack } from '../../src/attacks/types.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { ClassifierError, DataError, OptionError, TensorError } from '../../src/errors.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import type { AttackedClassifier } from '../../src/evaluate/attacked-classifier.ts';
import { brokenCertificates, empiricalRobustAccuracy } from '../../src/evaluate/attacked-metrics.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SoundGaussianNoise } from '../../src/noise/sound-gaussian-noise.ts';
import { UniformNoise } from '../../src/noise/uniform-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { documentedForm, expectError, thrownBy } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { certificate, row } from './rows.ts';

const key = createKey(4);
const noise = new GaussianNoise({ sigma: 0.25 });
const { logits } = linearClassifier([1, -1], 0);
const g = new SmoothedClassifier(logits, { noise, numClasses: 2 });
const attack = new SmoothedPgd({ epsilon: 0.3, steps: 2 });
const dataset = (label: unknown, x = [0.1, 0.9]): LabelledDataset => ({
  size: 3,
  shape: [2],
  example: () => ({ x: Float32Array.from(x), label: label as number }),
});

/** The first row. */
const first =
  ({
    by = attack as unknown,
    of = g as AttackedClassifier<unknown> as AttackedClassifier<never>,
    data = dataset(0),
    ...change
  } = {}) =>
  () =>
    attackDataset(of, by as InputAttack, data, { key, n: 50, ...change }).next();

/** An attack that puts these values in place of the image. */
const to = (...values: number[]): InputAttack => ({ perturb: () => tf.tensor2d(values, [1, values.length]) });

describe('attackDataset refuses', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([
    [{ key: undefined }, '`key` must be a key (createKey(seed) makes one), got undefined'],
    ...([[], 0.5, [0.5, 0], [Infinity]].map((epsilons) => [
      { epsilons },
      `\`epsilons\` must be a list of at least one finite number greater than 0, got ${JSON.stringify(epsilons).replaceAll(',', ', ').replace('null', 'Infinity')}`,
    ]) as [object, string][]),
    [{ n: 0 }, '`n` must be an integer from 1 to 1073741824 (2^30), got 0'],
    [{ alpha: 1 }, '`alpha` must be in (0, 1), got 1'],
    [{ norm: 'l3' }, "`norm` must be 'l1', 'l2', 'linf', 'l0', 'patch', 'edit', 'parameter' or 'scaled', got \"l3\""],
    [{ clean: 1 }, '`clean` must be true or false, got 1'],
    [{ select: { skip: 0 } }, '`select.skip` must be an integer of at least 1, got 0'],
    [
      { select: { shard: { index: 2, count: 2 } } },
      '`select.shard` must be { index, count } with whole numbers 0 <= index < count, got an object (Object)',
    ],
    [
      { radius: 1 },
      'unknown option `radius`; known options: `key`, `epsilons`, `n`, `alpha`, `norm`, `clean`, `batchSize`, `signal`, `select`',
    ],
  ])('%o at once, before the first row is asked for', (change, text) =>
    expectError(
      () => void attackDataset(g, attack, dataset(0), { key, ...change } as never),
      OptionError,
      `attackDataset: ${text}`,
    ),
  );

  it.each([undefined, {}, 'pgd'])('the attack %o', (by) =>
    expectError(
      () => void attackDataset(g, by as never, dataset(0), { key }),
      OptionError,
      'attackDataset: `attack` must be an attack on the input (for example a SmoothedPgd), got ' +
        (by === undefined ? 'undefined' : typeof by === 'string' ? '"pgd"' : 'an object (Object)'),
    ),
  );

  it('an attack that cannot be made longer, with epsilons', () =>
    expectError(
      () => void attackDataset(g, to(0.5, 0.5), dataset(0), { key, epsilons: [0.5] }),
      OptionError,
      'attackDataset: `attack` must have withEpsilon for `epsilons`, got an object (Object)' +
        ' (or leave `epsilons` out and make one run for each attack)',
    ));

  it('a label that is no class', () =>
    expectError(
      first({ data: dataset(2), select: { start: 1 } } as object),
      OptionError,
      'attackDataset: `labels` must be integers from 0 to 1, got 2 for example 1',
    ));

  it('an example of another size than the data set says', () =>
    expectError(
      first({ data: dataset(0, [0.1, 0.2, 0.3]) }),
      DataError,
      'attackDataset: `x` must hold 2 values, one example of shape [2], got 3',
    ));

  it.each([255, -0.1, Number.NaN, Infinity])('an image with the value %d', (value) =>
    expectError(
      first({ data: dataset(0, [0.5, value]) }),
      TensorError,
      'attackDataset: `x` must have finite values in the input range [0, 1] of the smoothed classifier, got ' +
        `${Math.fround(value)} for example 0 (scale the images, or declare \`inputRange\`)`,
    ),
  );

  it.each([1.5, -0.5, Number.NaN, Infinity])('an attack that leaves the input range with %d', (value) =>
    expectError(
      first({ by: to(value, 0.5), select: { start: 2 } } as object),
      TensorError,
      'attackDataset: `attack` must return finite values in the input range [0, 1] of the smoothed classifier, got ' +
        `${value} for example 2 (keep it inside, as SmoothedPgd does)`,
    ),
  );

  it('an attack with a range of its own that leaves the input range', () =>
    expectError(
      first({
        by: new SmoothedPgd({ epsilon: 1, steps: 2, inputRange: [-Infinity, Infinity] }),
        data: dataset(0, [0.5, 0.5]),
      }),
      TensorError,
      'attackDataset: `attack` must return finite values in the input range [0, 1] of the smoothed classifier, got ' +
        `${Math.fround(0.5 + Math.SQRT1_2)} for example 0 (keep it inside, as SmoothedPgd does)`,
    ));

  it('an attack that leaves the domain of the noise', async () => {
    const options = { numClasses: 2, inputRange: [-1, 2] as const };
    const lattice = new SmoothedClassifier(logits, { ...options, noise: new SoundGaussianNoise({ sigma: 0.25 }) });
    await expectError(
      first({ of: lattice as never, by: to(0.5, 0.5), data: dataset(0, [0, 1]) }),
      TensorError,
      'attackDataset: `attack` must return values k/255 with whole k from 0 to 255 (8-bit levels as float32) for sound-gaussian noise, got 0.5' +
        ' for example 0 (its certificates and predictions speak of no other inputs)',
    );
  });

  it('an image outside the domain of the noise', () => {
    const unit = { ...new UniformNoise({ halfWidth: 0.5 }), name: 'unit-noise', domain: 'unit' } as never;
    const of = { ...g, logits, noise: unit, inputRange: [-1, 2], predict: () => undefined } as never;
    return expectError(
      first({ of, data: dataset(0, [0, 1.5]) }),
      TensorError,
      'attackDataset: `x` must have values in [0, 1] for unit-noise noise, got 1.5 for example 0' +
        ' (its certificates and predictions speak of no other inputs)',
    );
  });

  it('an attack that returns something else', async () => {
    const must = 'attackDataset: `attack` must return a tensor of the shape of its input, [1,2], got';
    await expectError(first({ by: to(0.5, 0.5, 0.5) }), TensorError, `${must} [1,3]`);
    await expectError(first({ by: { perturb: () => undefined } }), TensorError, `${must} undefined`);
    await expectError(first({ by: { perturb: () => [0.5] } }), TensorError, `${must} [0.5]`);
  });

  it('a classifier whose output does not come from its input by differentiable operations', async () => {
    // A classifier from outside TensorFlow.js: it reads the values and makes new tensors.
    const foreign = (x: tf.Tensor): tf.Tensor => tf.ones([x.shape[0]!, 2]);
    // Not expectError: TensorFlow.js itself keeps the tape of a gradient that it cannot take.
    const error = await thrownBy(first({ of: new SmoothedClassifier(foreign, { noise, numClasses: 2 }) as never }));
    expect(error).toBeInstanceOf(ClassifierError);
    expect((error as ClassifierError).message).toBe(
      'attackDataset: `classifier` must have a gradient for this attack, got "Cannot compute gradient of y=f(x) with respect' +
        ' to x. Make sure that the f you passed encloses all operations that lead from x to y."' +
        ' (attack a model of TensorFlow.js operations, or take an attack without gradients)',
    );
    expect((error as ClassifierError).message).toMatch(documentedForm);
    expect((error as ClassifierError).cause).toBeInstanceOf(Error);
  });

  it('too few copies for alpha, by the text of predict', () =>
    expectError(
      first({ n: 10 } as object),
      OptionError,
      'SmoothedClassifier.predict: `n` must be at least 11 to predict anything at alpha = 0.001, got 10' +
        ' (with fewer samples even unanimous votes abstain: raise n or alpha)',
    ));
});

describe('empiricalRobustAccuracy refuses', () => {
  it.each([
    [[], '[]'],
    [undefined, 'undefined'],
  ])('%o', (rows, got) =>
    expectError(
      () => empiricalRobustAccuracy(rows as never),
      OptionError,
      `empiricalRobustAccuracy: \`rows\` must be an array of at least one row, got ${got}`,
    ),
  );

  it('rows of another run', () =>
    expectError(
      () => empiricalRobustAccuracy([{ broken: true }, row(0.5)] as never),
      OptionError,
      'empiricalRobustAccuracy: `rows` must say whether they are broken, got undefined in row 1 (attackDataset makes them)',
    ));
});

describe('brokenCertificates refuses', () => {
  const attacked = { index: 0, predicted: 0, abstained: false, distance: 0.1, norm: 'linf' } as const;

  it('another norm than that of the certificate', () =>
    expectError(
      () => brokenCertificates([{ ...row(0.5), certificate: certificate() }], [attacked]),
      OptionError,
      'brokenCertificates: `attacked` must be measured in the norm of the certificates, got "linf" for image 0, certified in "l2"' +
        ' (set `norm` of attackDataset)',
    ));

  it('two certificates for an image', () =>
    expectError(
      () => brokenCertificates([row(0.5), row(0.6, { index: 3 }), row(0.7, { index: 3 })], [attacked]),
      OptionError,
      'brokenCertificates: `certified` must have one row for each image, got two for image 3 (give the rows of one run)',
    ));
});

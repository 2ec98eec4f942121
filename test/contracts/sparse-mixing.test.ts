import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { describeBackends } from '../helpers/backends.ts';
import { type FixtureArray, readFixture, toTensor } from '../helpers/fixtures.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { expectNear, stepNumbers } from '../helpers/step-numbers.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';

const fixture = await readFixture<{ readonly model: TinyCnnFixture; readonly inputs: FixtureArray }>('tinycnn.json');
const noise = new GaussianNoise({ sigma: 0.5 });
const key = createKey(33);
const inputRange = [-100, 100] as const;

interface Row {
  readonly name: string;
  /** How many of the six images have the label that the mean softmax gives them; the others have the next. */
  readonly right: number;
  readonly numNoise: number;
  readonly steps?: number;
  readonly epsilon?: number;
}
const rows: readonly Row[] = [
  { name: 'every image is right', right: 6, numNoise: 2 },
  { name: 'no image is right', right: 0, numNoise: 2 },
  { name: 'some images are right', right: 4, numNoise: 3 },
  { name: 'one copy', right: 2, numNoise: 1 },
  { name: 'one attack step', right: 3, numNoise: 2, steps: 1 },
  { name: 'a bound on the way', right: 3, numNoise: 2, epsilon: 0.4 },
];

describeBackends('a SmoothMix step that computes no row without a gradient', () => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let x: tf.Tensor;
  beforeAll(() => {
    variables = tinyCnnVariables(fixture.model);
    x = toTensor(fixture.inputs);
  });
  afterAll(() => tf.dispose([variables, x]));

  function lossOf({ numNoise, steps = 3, epsilon }: Row, classifier: Classifier, mixStep = 0) {
    const attack = new SmoothMixPgd({ stepSize: 0.3, steps, mixStep, ...(epsilon && { epsilon }) });
    const options = { noise, attack, numNoise, warmupEpochs: 3, inputRange };
    return new SmoothMixLoss(classifier, { ...options, independentRows: true });
  }

  /** Labels of which so many are right, by the logits of the noise that the key draws. */
  async function batchOf(row: Row) {
    const loss = lossOf(row, tinyCnn(variables));
    using drawn = loss.prepare({ x, labels: [0, 0, 0, 0, 0, 0], key, epoch: 1 });
    const mean = tf.tidy(() => {
      const logits = tinyCnn(variables)(tf.reshape(tf.add(x, drawn.noise), [-1, ...x.shape.slice(1)]));
      return tf.argMax(tf.mean(tf.softmax(tf.reshape(logits, [row.numNoise, 6, -1])), 0), -1);
    });
    const labels = Array.from(await mean.data(), (best, image) => (image < row.right ? best : (best + 1) % 3));
    mean.dispose();
    return { x, labels, key, epoch: 1 };
  }

  it.each(rows)('has the loss and the gradients of the dense one: $name', async (row) => {
    const batch = await batchOf(row);
    await expectNoLeak(async () => {
      const loss = lossOf(row, tinyCnn(variables));
      const [dense, sparse] = [loss.prepare(batch), await loss.prepareAsync(batch)];
      const [expected, found] = [
        await stepNumbers(dense, Object.values(variables)),
        await stepNumbers(sparse, Object.values(variables)),
      ];
      expectNear([found.loss], [expected.loss], 'loss');
      found.gradients.forEach((one, i) => expectNear(one, expected.gradients[i]!, `gradient ${i}`));
      for (const [name, list] of Object.entries(expected.numbers)) {
        expectNear(found.numbers[name]!, list, name);
      }
      expect(sparse.attacked).toEqual(Array.from({ length: row.right }, (_, image) => image));
      expect(sparse.adversary.shape).toEqual([row.right, ...x.shape.slice(1)]);
      expect(sparse.warmUp).toBe(dense.warmUp);
      dense.dispose();
      sparse.dispose();
      sparse.dispose();
    });
  });

  it('asks the classifier for the first look at all, then for what is mixed', async () => {
    const asked = { training: 0, inference: 0 };
    const inner = tinyCnn(variables);
    const classifier: Classifier = (images, { training }) => {
      asked[training ? 'training' : 'inference'] += images.shape[0]!;
      return inner(images);
    };
    const batch = await batchOf(rows[2]!);
    using step = await lossOf(rows[2]!, classifier).prepareAsync(batch);
    // M = 3, T = 3: six images once, four of them twice more.
    expect(asked).toEqual({ inference: 18 + 2 * 12, training: 0 });
    step.value().dispose();
    expect(asked.training).toBe(18 + 12);
  });

  it('is dense where x_s is not x', async () => {
    const batch = await batchOf(rows[2]!);
    using step = await lossOf(rows[2]!, tinyCnn(variables), 1).prepareAsync(batch);
    expect(step.attacked).toBeUndefined();
    expect(step.adversary.shape).toEqual(x.shape);
  });

  it('leaves no tensor when it fails on the way', async () => {
    const batch = await batchOf(rows[2]!);
    const inner = tinyCnn(variables);
    for (const last of [0, 1, 2]) {
      let calls = 0;
      const broken: Classifier = (images) => {
        if (calls++ === last) throw new Error('no more');
        return inner(images);
      };
      await expectNoLeak(() => expect(lossOf(rows[2]!, broken).prepareAsync(batch)).rejects.toThrow('no more'));
    }
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { SmoothedDdn } from '../../src/attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { SmoothMixPgd } from '../../src/attacks/smooth-mix-pgd.ts';
import type { AttackTarget, InputAttackRequest } from '../../src/attacks/types.ts';
import type { Classifier } from '../../src/classifier/types.ts';
import { macerClassification, macerRobustness } from '../../src/losses/macer-terms.ts';
import { noisyCrossEntropy } from '../../src/losses/gaussian-loss.ts';
import { bottomKCrossEntropy, voteFrequency } from '../../src/losses/confidence-aware-terms.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { targetOf } from '../helpers/attack-target.ts';
import { describeBackends, describeContract } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { sevenLosses } from '../losses/seven-losses.ts';

const key = createKey(5);
const noise = new GaussianNoise({ sigma: 0.25 });
const NUM_CLASSES = 3;
/** Labels of two images: the second is no class. The tensor hides it from every check that does not wait. */
const wrong = [NUM_CLASSES, -1, 1000];

/** Images [2, 4], weights of a linear classifier [4, 3], and labels as a tensor; all freed afterwards. */
async function withBatch(
  second: number,
  run: (given: { x: tf.Tensor; weights: tf.Variable; labels: tf.Tensor; classifier: Classifier }) => Promise<void>,
): Promise<void> {
  const x = tf.tensor2d([0.1, 0.9, 0.4, 0.3, 0.7, 0.2, 0.5, 0.6], [2, 4]);
  const start = tf.tensor2d([3, -1, 0, 0, 2, 1, -2, 0, 1, 1, 1, -3], [4, NUM_CLASSES]);
  const weights = tf.variable(start);
  const labels = tf.tensor1d([1, second], 'int32');
  const classifier = (input: tf.Tensor): tf.Tensor2D => tf.matMul(input as tf.Tensor2D, weights as tf.Tensor2D);
  try {
    await run({ x, weights, labels, classifier });
  } finally {
    tf.dispose([x, start, weights, labels]);
  }
}

describeContract('a label in a tensor that is no class', sevenLosses, ({ make }) => {
  it.each(wrong)('makes the loss and its gradient NaN, never 0: %i', (second) =>
    expectNoLeak(() =>
      withBatch(second, async ({ x, weights, labels, classifier }) => {
        const loss = make(classifier, 2, 2);
        using prepared = loss.prepare({ x, labels, key });
        const { value, grads } = tf.variableGrads(() => prepared.value(), [weights]);
        const [gradient] = Object.values(grads) as [tf.Tensor];
        expect([...(await value.data())]).toEqual([NaN]);
        expect((await gradient.data()).some(Number.isNaN)).toBe(true);
        tf.dispose([value, grads]);
      }),
    ),
  );

  it('and a label that is one gives numbers', () =>
    withBatch(2, async ({ x, weights, labels, classifier }) => {
      const loss = make(classifier, 2, 2);
      using prepared = loss.prepare({ x, labels, key });
      const { value, grads } = tf.variableGrads(() => prepared.value(), [weights]);
      const [gradient] = Object.values(grads) as [tf.Tensor];
      expect([...(await value.data()), ...(await gradient.data())].every(Number.isFinite)).toBe(true);
      tf.dispose([value, grads]);
    }));
});

describeBackends('the parts of the losses', () => {
  it.each(wrong)('are NaN for the image whose label is no class, and for no other: %i', async (second) => {
    const logits = tf.tensor3d([5, 1, 2, 0, 1, 3, 2, 4, 1, 2, 2, 0], [2, 2, NUM_CLASSES]);
    const labels = tf.tensor1d([0, second], 'int32');
    const k = tf.tensor1d([1, 2]);
    const parts = {
      noisyCrossEntropy: noisyCrossEntropy(logits, labels),
      bottomK: bottomKCrossEntropy(logits, labels, k),
      macerClassification: macerClassification(logits, labels),
      macerRobustness: macerRobustness(logits, labels, { sigma: 0.25, beta: 1 }),
      voteFrequency: voteFrequency(logits, labels),
    };
    for (const [name, part] of Object.entries(parts)) {
      const values = await part.data();
      expect([Number.isFinite(values[0]), Number.isNaN(values[1])], name).toEqual([true, true]);
    }
    tf.dispose([logits, labels, k, parts]);
  });
});

const attacks: readonly {
  readonly name: string;
  readonly perturb: (target: AttackTarget, request: InputAttackRequest) => tf.Tensor[];
}[] = [
  ...(['l1', 'l2', 'linf'] as const).flatMap((norm) =>
    [undefined, [0, 1] as const].map((inputRange) => ({
      name: `SmoothedPgd, ${norm}${inputRange ? ', clipped' : ''}`,
      perturb: (target: AttackTarget, request: InputAttackRequest) => [
        new SmoothedPgd({ epsilon: 0.5, steps: 2, numNoise: 2, norm, inputRange }).perturb(target, request),
      ],
    })),
  ),
  {
    name: 'SmoothedPgd without gradients',
    perturb: (target, request) => [
      new SmoothedPgd({ epsilon: 0.5, steps: 2, numNoise: 2, gradientFree: true }).perturb(target, request),
    ],
  },
  {
    name: 'SmoothedDdn',
    perturb: (target, request) => [
      new SmoothedDdn({ epsilon: 1, steps: 2, numNoise: 2, inputRange: [0, 1] }).perturb(target, request),
    ],
  },
  {
    name: 'SmoothMixPgd',
    perturb: (target, request) => {
      const { clean, adversary } = new SmoothMixPgd({
        stepSize: 0.5,
        steps: 2,
        mixStep: 1,
        inputRange: [0, 1],
      }).perturb(target, request);
      return [clean, adversary];
    },
  },
];

describeContract('an attack on a label in a tensor that is no class', attacks, ({ perturb }) => {
  it.each(wrong)('gives an image of NaN, not one that looks as if it could not be moved: %i', (second) =>
    expectNoLeak(() =>
      withBatch(second, async ({ x, labels, classifier }) => {
        const found = perturb(targetOf(classifier, noise), { x, labels, key });
        for (const images of found) {
          const values = [...(await images.data())];
          expect(values.slice(0, 4).every(Number.isFinite)).toBe(true);
          expect(values.slice(4).every(Number.isNaN)).toBe(true);
        }
        tf.dispose(found);
      }),
    ),
  );
});

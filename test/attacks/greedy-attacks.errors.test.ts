import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GreedyPixelAttack } from '../../src/attacks/greedy-pixel-attack.ts';
import { GreedyTokenAttack } from '../../src/attacks/greedy-token-attack.ts';
import { NoisePgd } from '../../src/attacks/noise-pgd.ts';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import type { AttackTarget } from '../../src/attacks/types.ts';
import { ConsistencyLoss } from '../../src/losses/consistency-loss.ts';
import { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import { OptionError, TensorError } from '../../src/errors.ts';
import { AblationNoise } from '../../src/noise/ablation-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';

const key = createKey(0);
const pixels = new AblationNoise({ inputShape: [2, 2], keep: 1, encoding: { fill: 0 } });
const words = new AblationNoise({ inputShape: [4], keep: 1, positions: 'tokens', encoding: { fill: 0 } });
const logits = (x: tf.Tensor): tf.Tensor2D =>
  tf.tidy(() => {
    const sum = tf.sum(tf.reshape(x, [x.shape[0] ?? 1, -1]), 1);
    return tf.stack([sum, tf.neg(sum)], 1) as tf.Tensor2D;
  });
const image: AttackTarget = { logits, noise: pixels, inputRange: [0, 1] };
const text: AttackTarget = { logits, noise: words, inputRange: [0, 1] };

beforeAll(() => useBackend('cpu'));

describe('greedy attacks refuse', () => {
  const integer = 'must be an integer of at least 1';
  const ids = 'must be one or more token ids, whole numbers from 0 to 2^24';
  it.each([
    [() => new GreedyPixelAttack({ pixels: 0 }), `GreedyPixelAttack: \`pixels\` ${integer}, got 0`],
    [() => new GreedyPixelAttack({ pixels: 1, trials: 0 }), `GreedyPixelAttack: \`trials\` ${integer}, got 0`],
    [() => new GreedyPixelAttack({ pixels: 1, numNoise: 0.5 }), `GreedyPixelAttack: \`numNoise\` ${integer}, got 0.5`],
    [
      () => new GreedyPixelAttack({ pixels: 1, inputRange: [0, Infinity] }),
      'GreedyPixelAttack: `inputRange` must be [low, high], two finite numbers with low < high, got [0, Infinity]',
    ],
    [
      () => new GreedyPixelAttack({ pixels: 1, positions: 'tokens' as never }),
      "GreedyPixelAttack: `positions` must be 'pixels' or 'values', got \"tokens\"",
    ],
    [() => new GreedyTokenAttack({ tokens: 1, candidates: [] }), `GreedyTokenAttack: \`candidates\` ${ids}, got []`],
    [
      () => new GreedyTokenAttack({ tokens: 1, candidates: [-1] }),
      `GreedyTokenAttack: \`candidates\` ${ids}, got [-1]`,
    ],
    [
      () => new GreedyTokenAttack({ tokens: 1.5, candidates: [1] }),
      `GreedyTokenAttack: \`tokens\` ${integer}, got 1.5`,
    ],
  ])('%s', (make, message) => expectError(make, OptionError, message));

  describe('at the call', () => {
    let x: tf.Tensor;
    let ids: tf.Tensor;
    let noise: tf.Tensor;
    beforeAll(() => {
      x = tf.zeros([1, 2, 2]);
      ids = tf.zeros([1, 4]);
      noise = tf.zeros([1, 1, 2, 2]);
    });
    afterAll(() => tf.dispose([x, ids, noise]));
    const pixel = new GreedyPixelAttack({ pixels: 1, numNoise: 2, trials: 1 });
    const token = new GreedyTokenAttack({ tokens: 1, candidates: [1], numNoise: 2, trials: 1 });

    it('the noise of the other attack, by name', async () => {
      await expectError(
        () => pixel.perturb(text, { x: ids, labels: [0], key }),
        OptionError,
        'GreedyPixelAttack.perturb: `noise` must be one of numbers that have a smallest and a largest value, got "ablation" (GreedyTokenAttack replaces tokens)',
      );
      await expectError(
        () => token.perturb(image, { x, labels: [0], key }),
        OptionError,
        'GreedyTokenAttack.perturb: `noise` must be one of tokens, got "ablation" (GreedyPixelAttack changes numbers)',
      );
    });

    it('a range without ends, a given noise, labels that are no classes, a single example and a tape', async () => {
      const call = 'GreedyPixelAttack.perturb';
      await expectError(
        () => pixel.perturb({ ...image, inputRange: [-Infinity, Infinity] }, { x, labels: [0], key }),
        OptionError,
        `${call}: \`inputRange\` must have two ends, got [-Infinity, Infinity] (give \`inputRange\` to the attack)`,
      );
      await expectError(
        () => token.perturb(text, { x: ids, labels: [2], key }),
        OptionError,
        'GreedyTokenAttack.perturb: `labels` must be below the number of classes (2), got 2',
      );
      const given = await thrownBy(() => pixel.perturb(image, { x, labels: [0], key, noise }));
      expect(given).toBeInstanceOf(OptionError);
      expect((given as Error).message).toMatch(
        /^GreedyPixelAttack.perturb: `noise` must be left out, got .* \(its copies are those of `noise.perturb`, by the key\)$/,
      );
      const inTape = await thrownBy(() => tf.grad((y) => tf.sum(pixel.perturb(image, { x: y, labels: [0], key })))(x));
      expect(inTape).toBeInstanceOf(TensorError);
      await expectError(
        () => pixel.perturb(7 as never, { x, labels: [0], key }),
        OptionError,
        `${call}: \`target\` must be a smoothed classifier, or what an attack needs of one, { logits, noise, inputRange }, got 7`,
      );
    });

    it('is refused with the other attacks and losses, which need a noise that they add', async () => {
      for (const [name, Loss] of [
        ['GaussianLoss', GaussianLoss],
        ['ConsistencyLoss', ConsistencyLoss],
        ['ConfidenceAwareLoss', ConfidenceAwareLoss],
      ] as const) {
        const options = { noise: pixels, lambda: 1, attack: new NoisePgd({ epsilon: 1, steps: 1 }) };
        const error = await thrownBy(
          () => new Loss(logits, (name === 'GaussianLoss' ? { noise: pixels } : options) as never),
        );
        expect((error as Error).message).toContain(`${name}: `);
        expect((error as Error).message).toContain('train with CopiesLoss');
      }
      for (const [target, input] of [
        [image, x],
        [text, ids],
      ] as const) {
        const pgd = new SmoothedPgd({ epsilon: 1, steps: 1 });
        const error = await thrownBy(() => pgd.perturb(target, { x: input, labels: [0], key }));
        expect((error as Error).message).toBe(
          'SmoothedPgd.perturb: `noise` must be an additive noise, which "ablation" is not: take GreedyPixelAttack, GreedyFlipAttack for bits, or GreedyTokenAttack for ' +
            'tokens, got an object (AblationNoise)',
        );
      }
    });
  });
});

import * as tf from '@tensorflow/tfjs';
import {
  checkTraining,
  ConfidenceAwareLoss,
  createKey,
  foldIn,
  GaussianLoss,
  GaussianNoise,
  NoisePgd,
  SmoothedClassifier,
  SmoothedPgd,
  standardizeInput,
} from 'catrs';
import { describe, expect, it } from 'vitest';
import type { LogitsFn } from 'catrs';
import { assertGradients, tryGradient } from '../../src/classifier/check-gradients.ts';
import { Draws } from '../fuzz/draws.ts';
import { layerTypes } from '../fuzz/networks/fuzz-networks.ts';
import { buildModel, drawNetwork } from '../fuzz/networks/network.ts';

const key = createKey(11);
const noise = new GaussianNoise({ sigma: 0.25 });

/** Networks of each type of layer. */
const COUNT = 6;

function messageOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The last output of a model as a function; its other outputs are those of the layers before. */
const lastOf =
  (model: tf.LayersModel): LogitsFn =>
  (x) =>
    ([model.apply(x)].flat() as tf.Tensor[]).at(-1)!;

/** Layers of whole numbers, which have a gradient with respect to their weights only; those whose width is random, or that cannot run in a model. */
const without: readonly string[] = ['embedding', 'categoryEncoding', 'randomWidth', 'resizing'];

describe.each(layerTypes.filter((type) => !without.includes(type)))('a model with %s', (type) => {
  it('is refused where it has no gradient, by the name of the layer, and nowhere else', () => {
    for (let i = 0; i < COUNT; i++) {
      const network = drawNetwork(new Draws(foldIn(foldIn(key, layerTypes.indexOf(type)), i)), type, 0);
      const model = buildModel(network);
      const x = tf.fill([1, ...network.inputShape], 0.5);
      const last = lastOf(model);
      const why = messageOf(() => tf.tidy(() => tf.grad((point) => tf.sum(last(point, { training: false })))(x)));
      const known = messageOf(() => assertGradients('call', model));
      const tried = messageOf(() => tf.tidy(() => tryGradient('call', model, x)));
      const shown = `${JSON.stringify(network)}: ${why}`;
      if (known !== undefined) expect(why, shown).toBeDefined();
      expect(tried !== undefined, shown).toBe(why !== undefined);
      if (why !== undefined) expect(tried, shown).toMatch(/got layer "/);
      tf.dispose(x);
      model.dispose();
    }
  });
});

describe('a loss, an attack and the check of a training', () => {
  const images = { x: tf.fill([2, 4, 4, 1], 0.5), labels: [0, 1] };
  const attack = new NoisePgd({ epsilon: 1, steps: 1 });
  const modelOf = (...layers: tf.layers.Layer[]): tf.LayersModel =>
    tf.sequential({ layers: [...layers, tf.layers.flatten(), tf.layers.dense({ units: 2 })] });
  const dilated = modelOf(
    tf.layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, name: 'wide', inputShape: [4, 4, 1] }),
  );
  const unscaled = modelOf(tf.layers.batchNormalization({ scale: false, name: 'plain', inputShape: [4, 4, 1] }));
  const cut = modelOf(tf.layers.thresholdedReLU({ theta: 0.1, name: 'cut', inputShape: [4, 4, 1] }));
  const must = 'must consist of layers that TensorFlow.js has gradients of, got layer';
  const way = '(it can be certified; to train or attack, make the model without it)';

  it('name the layer without a gradient before anything runs', () => {
    expect(() => new ConfidenceAwareLoss(dilated, { noise, attack, numNoise: 2, lambda: 1 })).toThrow(
      `ConfidenceAwareLoss: \`classifier\` ${must} "wide" (Conv2D) with dilationRate: 2, 2 ${way}`,
    );
    const g = new SmoothedClassifier(standardizeInput(unscaled), { noise });
    const pgd = new SmoothedPgd({ epsilon: 1, steps: 1, numNoise: 2 });
    expect(() => pgd.perturb(g, { ...images, key })).toThrow(
      `SmoothedPgd.perturb: \`classifier\` ${must} "plain" (BatchNormalization) with scale: false ${way}`,
    );
    expect(() => attack.perturb(dilated, { x: images.x, noise: tf.zeros([2, 2, 4, 4, 1]) })).toThrow(must);
  });

  it('say which layer it is where only a trial shows it', async () => {
    const loss = new GaussianLoss(cut, { noise });
    await expect(checkTraining(loss, { ...images, key })).rejects.toThrow(
      /^checkTraining: `classifier` must have a gradient, got layer "cut" \(ThresholdedReLU\) with ".*Greater.*" /,
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { type BoundsCertificate, createKey, GaussianNoise, SmoothedRegressor } from 'catrs';
import { withOutputNote } from '../../../src/classifier/output-note.ts';
import { describeBackends } from '../../helpers/backends.ts';
import { thrownBy } from '../../helpers/errors.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';
import { loadLinearGraph } from '../../helpers/linear-graph.ts';
import { typedTwin } from '../../helpers/typed.ts';
import { outputsOf, scriptedNoise } from './scripted-outputs.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const options = { key: createKey(11), n: 300, radius: 0.1, alpha: 0.01 };

describeBackends('a base model of SmoothedRegressor', () => {
  /** Six numbers of an image of [2, 2, 1], in rows of [3, 2]. */
  const made = (): tf.LayersModel =>
    tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [2, 2, 1] }),
        tf.layers.dense({ units: 6, kernelInitializer: tf.initializers.randomNormal({ seed: 3 }) }),
        tf.layers.reshape({ targetShape: [3, 2] }),
      ],
    });

  it('is a layers model, a function, or one of typed arrays, with rows of any shape', () =>
    expectNoLeak(async () => {
      const model = made();
      const image = tf.tensor3d([0.1, 0.9, 0.4, 0.6], [2, 2, 1]);
      const forms = [
        model,
        (x: tf.Tensor) => model.predict(x) as tf.Tensor,
        typedTwin((x) => model.predict(x) as tf.Tensor),
      ];
      const found: BoundsCertificate[] = [];
      for (const form of forms) {
        found.push(await new SmoothedRegressor(form, { noise, outputs: 6 }).certify(image, options));
      }
      for (const { bounds, looks } of found) {
        expect(bounds).toHaveLength(6);
        expect(looks[0]?.statistics[0]?.lowerIndex).toBe(found[0]?.looks[0]?.statistics[0]?.lowerIndex);
        bounds.forEach(({ lower, upper }, i) => {
          expect(lower).toBeCloseTo(found[0]?.bounds[i]?.lower ?? NaN, 5);
          expect(upper).toBeCloseTo(found[0]?.bounds[i]?.upper ?? NaN, 5);
        });
      }
      tf.dispose([image]);
      model.dispose();
    }));

  it('is a graph model', async () => {
    const { model, logits } = await loadLinearGraph();
    const input = tf.tensor1d([0.1, 0.9, 0.4, 0.6]);
    const [graph, same] = [model, logits].map((form) => new SmoothedRegressor(form, { noise, outputs: 3 }));
    const found = await graph?.certify(input, options);
    expect(found?.bounds).toEqual((await same?.certify(input, options))?.bounds);
    expect(found?.bounds).toHaveLength(3);
    input.dispose();
    model.dispose();
  });

  it('may say itself how many numbers a row has, and that they jump', async () => {
    const noted = withOutputNote(
      outputsOf((i) => [i, 2 * i]),
      { size: 2, mostOthers: 0.5 },
    );
    const g = new SmoothedRegressor(noted, { noise: scriptedNoise() });
    expect(g.outputs).toBe(2);
    const other = (): unknown => new SmoothedRegressor(noted, { noise: scriptedNoise(), outputs: 3 });
    expect(((await thrownBy(other)) as Error).message).toBe(
      'SmoothedRegressor: `outputs` must be 2, as the model says, got 3',
    );
  });

  it('ends at the deadline, by a clock that is given', async () => {
    const g = new SmoothedRegressor(
      outputsOf((i) => Math.sin(i)),
      { noise: scriptedNoise(), outputs: 1 },
    );
    const image = tf.tensor1d([0.5]);
    let time = 0;
    const stop = { milliseconds: 30, now: () => (time += 10) };
    const c = await g.certify(image, { ...options, n: 1000, stop, checkEvery: 100 });
    const d = await g.certifyInterval(image, { key: options.key, n: 1000, low: -2, high: 2, stop, checkEvery: 100 });
    image.dispose();
    for (const one of [c, d]) expect([one.stop, one.nUsed]).toEqual(['stop-at-deadline', 300]);
  });

  it('that is no fixed function of its rows is refused', async () => {
    let call = 0;
    const fickle = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.add(tf.mean(tf.reshape(x, [-1, 4]), 1, true), call++));
    const image = tf.tensor3d([0.1, 0.9, 0.4, 0.6], [2, 2, 1]);
    const run = () => new SmoothedRegressor(fickle, { noise, outputs: 1 }).certify(image, options);
    expect(((await thrownBy(run)) as Error).message).toContain('must be one fixed function of each row');
    image.dispose();
  });
});

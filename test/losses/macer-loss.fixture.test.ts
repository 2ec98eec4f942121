import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MacerLoss } from '../../src/losses/macer-loss.ts';
import { macerClassification, macerRobustness } from '../../src/losses/macer-terms.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { meanSoftmax } from '../../src/tensors/cross-entropy.ts';
import { normalQuantiles } from '../../src/tensors/normal-quantile.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGolden, expectGoldenGradients, lossTolerance } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { lossAndGradients } from './variable-gradients.ts';

interface MacerCase {
  readonly name: string;
  readonly gauss_num: number;
  readonly beta: number;
  readonly gamma: number;
  readonly lbd: number;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly noise: FixtureArray;
  readonly logits: FixtureArray;
  readonly beta_softmax?: FixtureArray;
  readonly top2_score?: FixtureArray;
  /** As text where it is not finite. */
  readonly icdf_diff?: { readonly data: readonly (number | string)[] };
  readonly included?: { readonly data: readonly number[] };
  readonly classification_loss_sum: number;
  readonly robustness_loss_sum: number;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, FixtureArray>>;
}
interface MacerFixture {
  readonly sigma: number;
  readonly tolerance: Readonly<Record<'logits' | 'losses' | 'gradients', Tolerance>>;
  readonly cases: readonly MacerCase[];
}

const { sigma, tolerance, cases } = await readFixture<MacerFixture>('macer.json');
const withScores = cases.filter(({ beta_softmax }) => beta_softmax);

describeBackends('MacerLoss against the official code', () => {
  describe.each(cases)('$name', (row) => {
    const { gamma, beta, lbd } = row;
    let variables: ReturnType<typeof tinyCnnVariables>;
    let t: Record<'x' | 'noise' | 'logits' | 'labels', tf.Tensor>;
    beforeAll(() => {
      // The file is image-major: [B, M, ...].
      const copiesFirst = (array: FixtureArray): tf.Tensor =>
        tf.tidy(() => tf.transpose(toTensor(array), [1, 0, ...array.shape.slice(2).map((_, axis) => axis + 2)]));
      variables = tinyCnnVariables(row.model);
      t = {
        x: toTensor(row.inputs),
        noise: copiesFirst(row.noise),
        logits: copiesFirst(row.logits),
        labels: tf.tensor1d([...row.labels], 'int32'),
      };
    });
    afterAll(() => tf.dispose([variables, t]));

    it('has the loss, its parts and its gradients', async () => {
      const noise = new GaussianNoise({ sigma });
      const loss = new MacerLoss(tinyCnn(variables), { noise, lambda: lbd, numNoise: t.noise.shape[0]!, gamma, beta });
      const batch = loss.prepare({ x: t.x, labels: row.labels, noise: t.noise, key: createKey(0) });
      const found = lossAndGradients(() => batch.value(), variables);
      const terms = batch.terms();
      const sums = {
        classification: tf.sum(terms.classification),
        robustness: tf.div(tf.sum(terms.robustness), lbd || 1),
      };
      const values = [found.loss, sums.classification, sums.robustness].map(
        async (scalar) => (await scalar.data())[0]!,
      );
      const golden = [row.loss, row.classification_loss_sum, row.robustness_loss_sum];
      expect(excess(await Promise.all(values), golden, lossTolerance)).toBeLessThanOrEqual(0);
      await expectGoldenGradients(found.gradients, row.gradients, tolerance.gradients);
      batch.dispose();
      tf.dispose([found.loss, found.gradients, sums, { ...terms }]);
    });

    it('has the parts of the stored logits', async () => {
      const classification = macerClassification(t.logits as tf.Tensor3D, t.labels as tf.Tensor1D);
      const robustness = macerRobustness(t.logits as tf.Tensor3D, t.labels as tf.Tensor1D, { sigma, beta, gamma });
      const { icdf_diff, included } = row;
      const sum = tf.sum(classification);
      expect(excess(await sum.data(), [row.classification_loss_sum], lossTolerance)).toBeLessThanOrEqual(0);
      if (icdf_diff && included) {
        const expected = icdf_diff.data.map((xi, b) => (included.data[b] ? (sigma / 2) * (Number(xi) + gamma) : 0));
        expect(excess(await robustness.data(), expected, lossTolerance)).toBeLessThanOrEqual(0);
      }
      tf.dispose([classification, robustness, sum]);
    });
  });

  it.each(withScores)('has the scores and the differences of quantiles of $name', async (row) => {
    const logits = toTensor<tf.Rank.R3>(row.logits);
    const scores = tf.tidy(() => meanSoftmax(tf.mul(tf.transpose(logits, [1, 0, 2]), row.beta)));
    await expectGolden(scores, row.beta_softmax!, lossTolerance);
    const quantiles = tf.tidy(() => normalQuantiles(toTensor<tf.Rank.R2>(row.top2_score!)));
    const z = await quantiles.data();
    row.icdf_diff!.data.forEach((xi, b) => {
      const found = z[2 * b + 1]! - z[2 * b]!;
      if (Number.isFinite(Number(xi))) expect(excess([found], [Number(xi)], tolerance.losses)).toBeLessThanOrEqual(0);
      else expect(found).toBe(Number(xi));
    });
    tf.dispose([logits, scores, quantiles]);
  });
});

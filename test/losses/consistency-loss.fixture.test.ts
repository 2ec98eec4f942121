import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { ConsistencyLoss, type ConsistencyMode, consistencyTerm } from '../../src/losses/consistency-loss.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { meanSoftmax } from '../../src/tensors/cross-entropy.ts';
import { describeBackends } from '../helpers/backends.ts';
import { excess, type FixtureArray, readFixture, type Tolerance, toTensor } from '../helpers/fixtures.ts';
import { expectGolden, expectGoldenGradients, lossTolerance } from '../helpers/golden.ts';
import { tinyCnn, type TinyCnnFixture, tinyCnnVariables } from '../helpers/tiny-cnn.ts';
import { lossAndGradients } from './variable-gradients.ts';

type Gradients = Readonly<Record<string, FixtureArray>>;
interface ConsistencyCase {
  readonly m: number;
  readonly mode: ConsistencyMode;
  readonly lbd: number;
  readonly eta: number;
  readonly loss_xent: number;
  readonly loss_con: number;
  readonly loss: number;
  readonly gradients: Gradients;
  readonly gradients_con: Gradients;
  readonly intermediate?: Readonly<Record<'logits' | 'avg_softmax' | 'kl_mean_over_m' | 'entropy', FixtureArray>>;
}
interface ConsistencyFixture {
  readonly sigma: number;
  readonly tolerance: Readonly<Record<'logits' | 'losses' | 'gradients' | 'attack', Tolerance>>;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly noises: FixtureArray;
  readonly cases: readonly ConsistencyCase[];
  readonly smoothadv_pgd: readonly {
    readonly m: number;
    readonly steps: number;
    readonly max_norm: number;
    readonly adv: FixtureArray;
  }[];
}

const fixture = await readFixture<ConsistencyFixture>('consistency.json');
const { logits: logitTolerance, gradients: gradientTolerance } = fixture.tolerance;
const noise = new GaussianNoise({ sigma: fixture.sigma });

describeBackends('ConsistencyLoss against the official code', () => {
  let variables: ReturnType<typeof tinyCnnVariables>;
  let t: Record<'x' | 'noises', tf.Tensor>;
  beforeAll(() => {
    variables = tinyCnnVariables(fixture.model);
    t = { x: toTensor(fixture.inputs), noises: toTensor(fixture.noises) };
  });
  afterAll(() => tf.dispose([variables, t]));

  /** The batch under the first m of the stored noises. */
  const batchOf = (m: number) => {
    const given = tf.slice(t.noises, 0, m);
    return { batch: { x: t.x, labels: fixture.labels, noise: given, key: createKey(0) }, free: () => given.dispose() };
  };
  const prepared = ({ m, mode, lbd, eta }: ConsistencyCase) => {
    const loss = new ConsistencyLoss(tinyCnn(variables), { noise, lambda: lbd, numNoise: m, eta, mode });
    const { batch, free } = batchOf(m);
    const ready = loss.prepare(batch);
    free();
    return ready;
  };
  const meanOf = async (values: tf.Tensor): Promise<number> => {
    const mean = tf.mean(values);
    const [value] = await mean.data();
    mean.dispose();
    return value!;
  };

  describe.each(fixture.cases)('mode $mode, $m copies', (row) => {
    it('has the loss, its parts and its gradients', async () => {
      const batch = prepared(row);
      const found = lossAndGradients(() => batch.value(), variables);
      const terms = batch.terms();
      const values = [(await found.loss.data())[0]!, await meanOf(terms.crossEntropy), await meanOf(terms.consistency)];
      expect(excess(values, [row.loss, row.loss_xent, row.loss_con], lossTolerance)).toBeLessThanOrEqual(0);
      await expectGoldenGradients(found.gradients, row.gradients, gradientTolerance);
      batch.dispose();
      tf.dispose([found.loss, found.gradients, { ...terms }]);
    });

    it('has the gradients of the term alone', async () => {
      const batch = prepared(row);
      const found = lossAndGradients(() => tf.mean(batch.terms().consistency), variables);
      await expectGoldenGradients(found.gradients, row.gradients_con, gradientTolerance);
      batch.dispose();
      tf.dispose([found.loss, found.gradients]);
    });
  });

  it.each(fixture.cases.filter(({ intermediate }) => intermediate))(
    'has the intermediate values of the stored logits, $m copies',
    async ({ intermediate }) => {
      const logits = toTensor<tf.Rank.R3>(intermediate!.logits);
      const average = meanSoftmax(logits);
      await expectGolden(average, intermediate!.avg_softmax, logitTolerance);
      const divergence = consistencyTerm(logits, { mode: 'kl', lambda: 1 });
      await expectGolden(divergence, intermediate!.kl_mean_over_m, lossTolerance);
      const entropy = consistencyTerm(logits, { lambda: 0, eta: 1 });
      await expectGolden(entropy, intermediate!.entropy, lossTolerance);
      tf.dispose([logits, average, divergence, entropy]);
    },
  );

  it.each(fixture.smoothadv_pgd)(
    'trains on the images of the official attacker, $m copies, $steps steps',
    async (row) => {
      const { m, steps, max_norm: epsilon, adv } = row;
      const attack = new SmoothedPgd({ epsilon, steps, order: 'shorten-then-clip' });
      const { batch, free } = batchOf(m);
      const adversarial = new ConsistencyLoss(tinyCnn(variables), { noise, lambda: 1, numNoise: m, attack }).prepare(
        batch,
      );
      await expectGolden(adversarial.x, adv, fixture.tolerance.attack);
      expect(await adversarial.noise.data()).toEqual(await batch.noise.data());
      adversarial.dispose();
      free();
    },
  );
});

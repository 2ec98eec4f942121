/**
 * What an ensemble of digits costs to certify one radius: all members on every copy, those that can still change the vote, or two that agree; each with a test
 * that may stop at any check and with a plan.
 *
 * Run it with `npx tsx examples/ensemble-savings.ts` after `npm run build`; it takes some minutes. `--out FILE` says where the figures go (JSON).
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import {
  type CertificationRule,
  type CertifiedRow,
  certifyDataset,
  createKey,
  ensemble,
  fixedRadius,
  foldIn,
  GaussianNoise,
  kConsensus,
  type Key,
  meanSamples,
  plannedRadius,
  SmoothedClassifier,
  split,
  trainableVariables,
  type TypedClassifier,
  verifyCertificate,
} from 'catrs';
import { trainingBatches } from 'catrs/recipes';
import { useWasm } from 'catrs/wasm';
import { type Digits, firstOf, loadDigits, NUM_CLASSES, partOf, PIXELS, toDataset } from './digits/data.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

const SIGMA = 0.5;
const RADIUS = 0.5;
const MEMBERS = 5;
const ALPHA = 0.001;

/** What one way costs. */
export interface Saving {
  readonly vote: 'all members' | 'lossless exit' | '2-consensus';
  readonly rule: 'fixedRadius' | 'plannedRadius';
  /** Means over the images: noisy copies, the selection sample included, and passes of a member. */
  readonly copies: number;
  readonly passes: number;
  readonly passesACopy: number;
  /** Shares of the images: certified at the radius with their class, and with another. */
  readonly certified: number;
  readonly certifiedWrong: number;
}

/** Counts the rows that a member is asked. */
interface Counted {
  readonly member: TypedClassifier;
  rows: number;
}

/** Trains the members, certifies with each way and prints a line for each. */
export async function main({ fast }: ExampleOptions): Promise<readonly Saving[]> {
  await useWasm();
  const [memberKey, certifyKey] = split(createKey(77), 2);
  const digits = await loadDigits();
  const training = fast ? firstOf(partOf(digits, 'training'), 640) : partOf(digits, 'training');
  const test = toDataset(firstOf(partOf(digits, 'evaluation'), fast ? 6 : 100));
  const models: tf.LayersModel[] = [];
  for (let i = 0; i < MEMBERS; i++) models.push(await trained(training, fast ? 1 : 8, foldIn(memberKey, i)));
  const counted = models.map(counting);
  const members = counted.map(({ member }) => member);
  const votes: (readonly [Saving['vote'], TypedClassifier])[] = [
    ['all members', ensemble(members, { average: 'probabilities' })],
    ['lossless exit', ensemble(members, { average: 'probabilities', exit: 'lossless' })],
    ['2-consensus', kConsensus(members, { k: 2 })],
  ];
  const rules: (readonly [Saving['rule'], CertificationRule, number])[] = [
    ['fixedRadius', fixedRadius({ radius: RADIUS }), 100],
    ['plannedRadius', plannedRadius({ radius: RADIUS }), 0],
  ];
  const savings: Saving[] = [];
  for (const [vote, classifier] of votes) {
    for (const [rule, certificationRule, n0] of rules) {
      const noise = new GaussianNoise({ sigma: SIGMA });
      const g = new SmoothedClassifier(classifier, { noise, numClasses: NUM_CLASSES, batchSize: 100 });
      const rows: CertifiedRow[] = [];
      for (const each of counted) each.rows = 0;
      const checkEvery = rule === 'plannedRadius' ? 10 : 100;
      const options = {
        key: certifyKey,
        n: fast ? 300 : 10_000,
        n0,
        checkEvery,
        alpha: ALPHA,
        rule: certificationRule,
      };
      for await (const row of certifyDataset(g, test, options)) {
        assert.ok(verifyCertificate(row.certificate, noise).valid);
        rows.push(row);
      }
      const passes = counted.reduce((sum, each) => sum + each.rows, 0) / rows.length;
      const copies = meanSamples(rows);
      const share = (isIt: (row: CertifiedRow) => boolean): number => rows.filter(isIt).length / rows.length;
      const certified = share(({ correct, radius }) => correct && radius >= RADIUS);
      const certifiedWrong = share(({ correct, radius }) => !correct && radius >= RADIUS);
      savings.push({ vote, rule, copies, passes, passesACopy: passes / copies, certified, certifiedWrong });
      console.log(
        `${vote}, ${rule}: ${copies.toFixed(0)} copies, ${passes.toFixed(0)} passes an image (${(passes / copies).toFixed(2)} a copy), ${(100 * certified).toFixed(1)} % certified`,
      );
    }
  }
  for (const model of models) model.dispose();
  const at = process.argv.indexOf('--out');
  const file = at < 0 ? undefined : process.argv[at + 1];
  if (file !== undefined && !fast) {
    const settings = { sigma: SIGMA, radius: RADIUS, members: MEMBERS, alpha: ALPHA, n: 10_000, images: test.size };
    await writeFile(file, `${JSON.stringify({ ...settings, savings }, null, 2)}\n`);
  }
  return savings;
}

/** A model as a classifier of typed arrays, as a session of another runtime is one, with a count of its rows. */
function counting(model: tf.LayersModel): Counted {
  const counted: Counted = {
    rows: 0,
    member: {
      numClasses: NUM_CLASSES,
      classify: async (inputs, { batch, shape }) => {
        counted.rows += batch;
        const logits = tf.tidy(() => model.predict(tf.tensor(inputs, [batch, ...shape])) as tf.Tensor2D);
        try {
          return await logits.data<'float32'>();
        } finally {
          logits.dispose();
        }
      },
    },
  };
  return counted;
}

/** 784 – 128 – 10, trained with noise by Adam. */
async function trained(digits: Digits, epochs: number, key: Key): Promise<tf.LayersModel> {
  const [first, second, orderKey, noiseKey] = split(key, 4);
  const glorot = ([seed]: Key): object => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [28, 28, 1] }),
      tf.layers.dense({ units: 128, activation: 'relu', ...glorot(first) }),
      tf.layers.dense({ units: NUM_CLASSES, ...glorot(second) }),
    ],
  });
  assert.equal(PIXELS, 784);
  const optimizer = tf.train.adam(0.001);
  const variables = trainableVariables(model);
  const noise = new GaussianNoise({ sigma: SIGMA });
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const batches = trainingBatches(toDataset(digits), { batchSize: 64, key: foldIn(orderKey, epoch), dropRemainder: true }); // prettier-ignore
    for await (const read of batches) {
      using batch = read;
      const copies = tf.tidy(() => {
        const drawn = noise.sampleBatch({ key: foldIn(noiseKey, step++), numNoise: 1, shape: batch.x.shape });
        return tf.add(batch.x, tf.squeeze(drawn, [0]));
      });
      const targets = tf.oneHot(tf.tensor1d([...batch.labels], 'int32'), NUM_CLASSES);
      optimizer.minimize(
        () =>
          tf.tidy(() => {
            const logits = model.apply(copies, { training: true }) as tf.Tensor2D;
            return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1))) as tf.Scalar;
          }),
        false,
        variables,
      );
      tf.dispose([copies, targets]);
      if (step % 20 === 0) await tf.nextFrame();
    }
  }
  optimizer.dispose();
  return model;
}

await runExample(import.meta.url, main);

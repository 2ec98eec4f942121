import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Classifier,
  createKey,
  foldIn,
  GaussianNoise,
  labelRadii,
  LaplaceNoise,
  type MultiLabelCertificate,
  type MultiLabelCertifyOptions,
  SmoothedMultiLabel,
  type SmoothedMultiLabelOptions,
  SoundGaussianNoise,
  split,
  type StreamExample,
  verifyCertificate,
} from 'catrs';
import { normalCdf } from '../../../src/stats/index.ts';
import { describeBackends, useBackend } from '../../helpers/backends.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';
import { typedTwin } from '../../helpers/typed.ts';
import { sampleIndices } from '../scripted.ts';

const key = createKey(8);
const [selectionKey, estimationKey] = split(key, 2);
const sigma = 0.5;
const noise = new GaussianNoise({ sigma });
const point = [0.6, 0.4];
/** Five half-planes: label a has the logit w_a · x + b_a. */
const weights = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
  [0.6, -0.8],
];
const biases = [0.3, 0.2, 0.2, -0.1, -0.4];

const logits = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => tf.add(tf.matMul(tf.reshape(x, [-1, 2]), tf.transpose(tf.tensor2d(weights))), tf.tensor1d(biases)));

/** The counts of sets, drawn one by one. */
async function countsOf(
  drawKey: typeof key,
  n: number,
  isIn: (row: readonly number[], label: number) => boolean,
): Promise<number[]> {
  const x = tf.tensor1d(point);
  const copies = noise.perturb(x, { key: drawKey, start: 0, count: n });
  const output = logits(copies);
  const rows = (await output.array()) as number[][];
  tf.dispose([x, copies, output]);
  return weights.map((_, label) => rows.filter((row) => isIn(row, label)).length);
}

const isAmongTwo = (row: readonly number[], label: number): boolean =>
  row.filter((other, b) => other > row[label]! || (other === row[label] && b < label)).length < 2;

async function certify(
  options: Partial<MultiLabelCertifyOptions> = {},
  { model = logits, ...more }: Partial<SmoothedMultiLabelOptions> & { readonly model?: Classifier } = {
    labelsPerPass: 2,
  },
): Promise<MultiLabelCertificate> {
  const x = tf.tensor1d(point);
  try {
    const g = new SmoothedMultiLabel(model, { noise, numLabels: 5, ...more });
    return await g.certify(x, { key, n: 1000, k: 2, ...options });
  } finally {
    x.dispose();
  }
}

describeBackends('SmoothedMultiLabel', () => {
  it('gives certificates that are plain JSON, verify, and leave no tensor behind', async () => {
    await expectNoLeak(async () => {
      for (const sets of [{ labelsPerPass: 2 }, { threshold: 0.1 }, { threshold: [0, 0, 0, 0.5, 0.5] }]) {
        const c = await certify({ targets: 3 }, sets);
        const stored = JSON.parse(JSON.stringify(c)) as MultiLabelCertificate;
        expect(stored).toEqual(c);
        expect(verifyCertificate(stored, noise)).toMatchObject({ valid: true, faults: [] });
      }
    });
  });
});

describe('SmoothedMultiLabel', () => {
  beforeAll(() => useBackend('cpu'));

  it('counts the labels with the largest logits, and asks about the most voted ones of the selection sample', async () => {
    const c = await certify({ n0: 60 });
    expect(c.counts).toEqual(await countsOf(estimationKey, 1000, isAmongTwo));
    expect(c.countsSelection).toEqual(await countsOf(selectionKey, 60, isAmongTwo));
    const best = c.countsSelection
      .map((count, label) => [count, label] as const)
      .sort(([a, i], [b, j]) => b - a || i - j);
    expect(c.targets.map(({ label }) => label)).toEqual(best.slice(0, 2).map(([, label]) => label));
    const request = { counts: c.counts, n: 1000, targets: c.targets.map(({ label }) => label), k: 2, alpha: 0.001 };
    expect(c.targets).toEqual(labelRadii({ ...request, noise, norm: 'l2', dimension: 2 }));
    expect(c).toMatchObject({ task: 'multilabel', sets: { labelsPerPass: 2 }, k: 2, n0: 60, n: 1000, failures: 0 });
  });

  it('counts the labels above a threshold, one for all or one each', async () => {
    const thresholds = [0, 0.5, 0.25, 0, -1];
    const one = await certify({}, { threshold: 0.25 });
    expect(one.counts).toEqual(await countsOf(estimationKey, 1000, (row, label) => row[label]! > 0.25));
    const each = await certify({}, { threshold: thresholds });
    expect(each.counts).toEqual(await countsOf(estimationKey, 1000, (row, label) => row[label]! > thresholds[label]!));
  });

  it('breaks ties for the lower index', async () => {
    const same = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[1, 3, 3, 3, 1]]), [x.shape[0]!, 1]));
    const c = await certify({ n: 100 }, { labelsPerPass: 2, model: same });
    expect(c.counts).toEqual([0, 100, 100, 0, 0]);
    expect(c.targets.map(({ label }) => label)).toEqual([1, 2]);
  });

  it('takes targets that are given, without a selection sample', async () => {
    const c = await certify({ targets: [3, 0], n0: 0 });
    expect(c.targets.map(({ label }) => label)).toEqual([3, 0]);
    expect(c).toMatchObject({ n0: 0, countsSelection: [] });
    expect(c.assumptions).toContain('targets fixed before the draws');
    expect(verifyCertificate(c, noise).faults).toEqual([]);
  });

  it('counts copies that could not be drawn against every bound', async () => {
    const failing = { ...sampleIndices((i) => i % 10 === 1), shiftDown: noise.shiftDown.bind(noise) };
    const same = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.tile(tf.tensor2d([[3, 2, 1]]), [x.shape[0]!, 1]));
    const g = new SmoothedMultiLabel(same, { noise: failing, numLabels: 3, labelsPerPass: 1 });
    const x = tf.tensor1d([0]);
    const c = await g.certify(x, { key, n: 1000, n0: 20, k: 1 });
    expect(c).toMatchObject({ failures: 100, counts: [900, 0, 0] });
    expect(c.targets[0]).toMatchObject({ label: 0, count: 900, kthCount: 100 });
    expect(verifyCertificate(c, failing).faults).toEqual([]);
    x.dispose();
  });

  it('works with sound Gaussian noise, and with noises that only shift', async () => {
    const x = tf.tensor1d([153 / 255, 102 / 255]);
    for (const other of [new SoundGaussianNoise({ sigma: 0.5 }), new LaplaceNoise({ scale: 0.4 })]) {
      const g = new SmoothedMultiLabel(logits, { noise: other, numLabels: 5, threshold: 0 });
      const c = await g.certify(x, { key, n: 1000, k: 3, targets: [0] });
      expect(verifyCertificate(c, other)).toMatchObject({ valid: true, faults: [] });
      expect(c.targets[0]!.radius).toBeGreaterThan(0);
    }
    x.dispose();
  });

  it('is exact for half-planes that face each other', async () => {
    // The labels lean the opposite way from the target, so that one change lowers it and raises them: the truth is half the difference of their distances.
    const distances = [0.45, 0.2, 0.1, -0.05];
    const facing = (x: tf.Tensor): tf.Tensor =>
      tf.tidy(() => {
        const along = tf.sub(tf.slice(tf.reshape(x, [-1, 2]), [0, 0], [-1, 1]), point[0]!);
        return tf.add(tf.mul(along, tf.tensor2d([[1, -1, -1, -1]])), tf.tensor1d(distances));
      });
    const c = await certify({ n: 20_000, k: 2, targets: [0] }, { model: facing, threshold: 0, numLabels: 4 });
    const truth = (distances[0]! - distances[2]!) / 2;
    const [found] = c.targets;
    expect(found!.radius).toBeLessThanOrEqual(truth);
    // The bounds are within 5 standard deviations of the truth; the quantile has a slope of some 3 here.
    expect(found!.radius).toBeGreaterThan(truth - 0.03);
    expect(found!.lower).toBeLessThanOrEqual(normalCdf(distances[0]! / sigma));
    expect(found!.upper).toBeGreaterThanOrEqual(normalCdf(distances[2]! / sigma));
  });

  it('gives the same in a stream, whatever the batch size, with keys folded with the index', async () => {
    const x = tf.tensor1d(point);
    async function* examples(): AsyncGenerator<StreamExample> {
      for (const index of [3, 4, 9]) yield await Promise.resolve({ x, index });
    }
    const alone: MultiLabelCertificate[] = [];
    for (const i of [3, 4, 9]) alone.push(await certify({ n: 250, key: foldIn(key, i) }));
    for (const batchSize of [7, 64, 1000]) {
      const g = new SmoothedMultiLabel(logits, { noise, numLabels: 5, labelsPerPass: 2, batchSize });
      const found: MultiLabelCertificate[] = [];
      for await (const { certificate } of g.certifyStream(examples(), { key, n: 250, k: 2 })) found.push(certificate);
      expect(found).toEqual(alone);
    }
    x.dispose();
  });

  it('ends with the reason of an abort, and runs on typed arrays', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onSamples = (): void => controller.abort(reason);
    await expect(certify({ n: 100_000, signal: controller.signal, onSamples })).rejects.toBe(reason);
    expect(await certify({}, { labelsPerPass: 2, model: typedTwin(logits) })).toEqual(await certify());
  });
});

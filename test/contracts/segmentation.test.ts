import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  byMargin,
  ClassifierError,
  createKey,
  decodeLabels,
  decodeRadii,
  type ClassTree,
  GaussianNoise,
  type LogitsFn,
  type MarginLevels,
  type Noise,
  type SegmentationCertificate,
  SmoothedSegmenter,
  SoundGaussianNoise,
  UniformNoise,
  verifyCertificate,
} from 'catrs';
import { clopperPearsonLowerBound } from 'catrs/stats';
import { certificateKeys } from '../../src/random/purposes.ts';
import { describeBackends } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';

const CLASSES = 4;
const [HEIGHT, WIDTH] = [5, 7];
const COMPONENTS = HEIGHT * WIDTH;

/** Each pixel is classified by its own value: its four logits are straight lines, exact enough that backends agree. */
const lines: LogitsFn = (x) =>
  tf.tidy(() =>
    tf.concat([tf.zerosLike(x), tf.sub(x, 0.25), tf.sub(tf.mul(x, 2), 0.875), tf.sub(tf.mul(x, 4), 2.5)], -1),
  );

/** The same in JavaScript. */
const classOf = (value: number): number => {
  const logits = [
    0,
    Math.fround(value - 0.25),
    Math.fround(Math.fround(value * 2) - 0.875),
    Math.fround(value * 4 - 2.5),
  ];
  return logits.indexOf(Math.max(...logits));
};

const image = (): tf.Tensor3D =>
  tf.tensor3d(
    Array.from({ length: COMPONENTS }, (_, i) => ((31 * i) % 256) / 255),
    [HEIGHT, WIDTH, 1],
  );

/** Labels of n copies, one after the other, as the noise makes them. */
async function labelsOf(noise: Noise, key: readonly [number, number], n: number): Promise<number[][]> {
  const x = image();
  const copies = noise.perturb(x, { key: [...key], start: 0, count: n });
  const values = await copies.data();
  tf.dispose([x, copies]);
  return Array.from({ length: n }, (_, row) =>
    Array.from(values.slice(row * COMPONENTS, (row + 1) * COMPONENTS), classOf),
  );
}

/** What must come out, the slow and obvious way. */
async function expected(noise: Noise, seed: number, n0: number, n: number) {
  const keys = certificateKeys(createKey(seed));
  const first = await labelsOf(noise, keys.selection as [number, number], n0);
  const second = await labelsOf(noise, keys.estimation as [number, number], n);
  const chosen = Array.from({ length: COMPONENTS }, (_, i) => {
    const votes = Array.from({ length: CLASSES }, (__, c) => first.filter((labels) => labels[i] === c).length);
    return votes.indexOf(Math.max(...votes));
  });
  return { chosen, counts: chosen.map((c, i) => second.filter((labels) => labels[i] === c).length) };
}

/** Counts of a certificate, from its histogram. */
const sortedCounts = ({ histogram }: SegmentationCertificate): number[] =>
  histogram.flatMap(([count, number]) => new Array<number>(number).fill(count));

const tree: ClassTree = [
  [0, 0, 1, 1],
  [0, 0, 0, 0],
];

describeBackends('SmoothedSegmenter', () => {
  describe.each([
    { name: 'gaussian', noise: new GaussianNoise({ sigma: 0.125 }) },
    { name: 'sound gaussian', noise: new SoundGaussianNoise({ sigma: 0.125 }) },
    { name: 'uniform', noise: new UniformNoise({ halfWidth: 0.3 }) },
  ])('with $name noise', ({ noise }) => {
    it('counts what a loop over all copies counts', async () => {
      const g = new SmoothedSegmenter(lines, { noise, numClasses: CLASSES });
      const x = image();
      const before = tf.memory().numTensors;
      const c = await g.certify(x, { key: createKey(3), n0: 12, n: 90, tau: 0.6, alpha: 0.05 });
      expect(tf.memory().numTensors, 'tensors').toBe(before);
      x.dispose();
      const { chosen, counts } = await expected(noise, 3, 12, 90);
      expect(sortedCounts(c)).toEqual(counts.toSorted((a, b) => b - a));
      const least = c.leastCertifiedCount ?? Infinity;
      expect([...decodeLabels(c)]).toEqual(chosen.map((label, i) => (counts[i]! >= least ? label : -1)));
      expect(c.certified).toBeGreaterThan(3);
      expect(c.certified).toBeLessThan(COMPONENTS);
      expect(c.labels.shape).toEqual([HEIGHT, WIDTH]);
      expect(verifyCertificate(c, noise)).toEqual({ valid: true, faults: [], radius: c.radius });
    });

    it('gives each component the radius of its own count', async () => {
      const g = new SmoothedSegmenter(lines, { noise, numClasses: CLASSES });
      const x = image();
      const options = { key: createKey(3), n0: 12, n: 90, alpha: 0.05, radii: 'per component' } as const;
      const c = await g.certify(x, options);
      expect(await g.certify(x, { ...options, batchSize: 7 })).toEqual(c);
      x.dispose();
      const { chosen, counts } = await expected(noise, 3, 12, 90);
      const { norm, dimension } = c;
      const radii = counts.map((count) => {
        const bound = clopperPearsonLowerBound(count, 90, 0.05 / COMPONENTS);
        return bound.p > 0.5 ? noise.radius(bound, { norm, dimension }) : 0;
      });
      const found = decodeRadii(c);
      // The level is rounded down.
      radii.forEach((radius, i) => expect(found[i]).toBeCloseTo(radius, 9));
      expect([...decodeLabels(c)]).toEqual(chosen.map((label, i) => (radii[i]! > 0 ? label : -1)));
      expect(new Set(found).size).toBeGreaterThan(5);
      expect(verifyCertificate(c, noise)).toEqual({ valid: true, faults: [], radius: c.radius });
    });
  });

  const noise = new GaussianNoise({ sigma: 0.125 });
  const certify = async (
    model: ConstructorParameters<typeof SmoothedSegmenter>[0],
    options: Partial<ConstructorParameters<typeof SmoothedSegmenter>[1]> = {},
    more: { levels?: MarginLevels; batchSize?: number; stop?: { share?: number; stalled?: number } } = {},
  ): Promise<SegmentationCertificate> => {
    const g = new SmoothedSegmenter(model, { noise, numClasses: CLASSES, ...options });
    const x = image();
    try {
      return await g.certify(x, { key: createKey(5), n0: 12, n: 100, tau: 0.75, ...more });
    } finally {
      x.dispose();
    }
  };

  it.each([1, 2, 7, 64, 300])('gives the same certificate in batches of %d', async (batchSize) => {
    for (const more of [{}, { levels: byMargin(tree, [0.3, 0.5]) }, { stop: { share: 0.3, stalled: 3 } }]) {
      expect(await certify(lines, {}, { ...more, batchSize })).toEqual(await certify(lines, {}, more));
    }
  });

  it('gives the same certificate for logits in any layout, of tensors and of typed arrays', async () => {
    for (const levels of [undefined, byMargin(tree, [0.3, 0.5])]) {
      const more = levels ? { levels } : {};
      const plain = await certify(lines, {}, more);
      const first: LogitsFn = (x, mode) => tf.transpose(lines(x, mode), [0, 3, 1, 2]);
      expect(await certify(first, { layout: 'nchw' }, more)).toEqual(plain);
      const typed = (layout: 'nhwc' | 'nchw') => ({
        classify: async (inputs: Float32Array, { batch, shape }: { batch: number; shape: readonly number[] }) => {
          const x = tf.tensor(inputs, [batch, ...shape]);
          const logits = layout === 'nhwc' ? lines(x, { training: false }) : first(x, { training: false });
          const values = await logits.data<'float32'>();
          tf.dispose([x, logits]);
          return values;
        },
        outputLayout: layout,
        maskShape: [HEIGHT, WIDTH],
      });
      expect(await certify(typed('nhwc'), {}, more)).toEqual(plain);
      expect(await certify(typed('nchw'), {}, more)).toEqual(plain);
    }
  });

  it('takes a model of one channel by its threshold', async () => {
    const two: LogitsFn = (x) => tf.tidy(() => tf.concat([tf.mul(tf.onesLike(x), 0.5), x], -1));
    const pair = await certify(two, { numClasses: 2 });
    const one = await certify((x) => tf.clone(x), { numClasses: 2, threshold: 0.5 });
    expect(one).toEqual(pair);
    expect(await certify((x) => tf.squeeze(x, [3]), { numClasses: 2, threshold: 0.5 })).toEqual(pair);
    expect(
      await certify({ classify: (v) => v.slice(), maskShape: [HEIGHT, WIDTH] }, { numClasses: 2, threshold: 0.5 }),
    ).toEqual(pair);
  });

  it.each([5, 40, 100])('gives ties to the lowest of %d classes', async (classes) => {
    const low = 2;
    const high = classes - 1;
    const same = tf.tensor1d(Array.from({ length: classes }, (_, c) => (c === low || c === high ? 1 : 0)));
    for (const layout of ['nhwc', 'nchw'] as const) {
      const flat: LogitsFn = (x) =>
        tf.tidy(() => {
          const all = tf.add(tf.zeros([x.shape[0]!, HEIGHT, WIDTH, classes]), same);
          return layout === 'nhwc' ? all : tf.transpose(all, [0, 3, 1, 2]);
        });
      const c = await certify(flat, { numClasses: classes, layout });
      expect(new Set(decodeLabels(c))).toEqual(new Set([low]));
      expect(c.certified).toBe(COMPONENTS);
    }
    same.dispose();
  });

  it.each([
    { value: NaN, shown: 'NaN' },
    { value: Infinity, shown: 'Infinity' },
    { value: -Infinity, shown: '-Infinity' },
  ])('refuses a logit that is $shown in one copy', async ({ value, shown }) => {
    // The first pixel is 0: all copies, or about one in forty.
    for (const above of [-9, 0.25]) {
      const bad: LogitsFn = (x) =>
        tf.tidy(() => {
          const [rows] = x.shape as [number];
          const isBad = tf.cast(tf.greater(tf.slice(x, [0, 0, 0, 0], [rows, 1, 1, 1]), above), 'float32');
          const corner = tf.oneHot(tf.tensor1d([COMPONENTS * CLASSES - 2], 'int32'), COMPONENTS * CLASSES);
          const hit = tf.mul(isBad, tf.reshape(corner, [1, HEIGHT, WIDTH, CLASSES]));
          return tf.where(tf.greater(hit, 0), tf.fill(hit.shape, value), lines(x, { training: false }));
        });
      const before = tf.memory().numTensors;
      const error = await thrownBy(() => certify(bad, {}, { batchSize: 10 }));
      expect(error).toBeInstanceOf(ClassifierError);
      expect((error as Error).message).toBe(
        `SmoothedSegmenter.certify: \`classifier\` must return finite logits, got ${shown} (check the weights and the scale of the inputs)`,
      );
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('takes huge logits, whose sum no float32 holds', async () => {
    const huge: LogitsFn = (x, mode) => tf.tidy(() => tf.mul(lines(x, mode), 1e37));
    const [large, plain] = [await certify(huge), await certify(lines)];
    expect(large).toEqual(plain);
  });

  it('sees rows that depend on their batch', async () => {
    const mixed: LogitsFn = (x, mode) => tf.tidy(() => tf.add(lines(x, mode), tf.mean(x)));
    const shifted: LogitsFn = (x, mode) =>
      tf.tidy(() => tf.mul(lines(x, mode), tf.add(1, tf.mul(tf.range(0, x.shape[0]!), 0.1).reshape([-1, 1, 1, 1]))));
    for (const model of [mixed, shifted]) {
      const error = await thrownBy(() => certify(model));
      expect(error).toBeInstanceOf(ClassifierError);
    }
  });

  it('predicts what has a probability above one half', async () => {
    const g = new SmoothedSegmenter(lines, { noise, numClasses: CLASSES });
    const x = image();
    const p = await g.predict(x, { key: createKey(1), n: 200 });
    const c = await g.certify(x, { key: createKey(1), n: 200, tau: 0.500001 });
    x.dispose();
    expect(p.labels).toEqual(c.labels);
    expect(p).toMatchObject({ decided: c.certified, components: COMPONENTS, n: 200, failures: 0, alpha: 0.001 });
  });
});

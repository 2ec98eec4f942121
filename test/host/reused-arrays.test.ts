import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LogitsFn, TypedClassifier } from '../../src/classifier/types.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import type { Noise } from '../../src/noise/types.ts';
import { createKey } from '../../src/random/key.ts';
import { softTargets } from '../../src/recipes/soft-targets.ts';
import { trainingBatches } from '../../src/recipes/training-batches.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(3);
const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, 1, 1, 1], -2);
const g = new SmoothedClassifier(logits, { noise, numClasses: 2 });
const SIZE = 7;
/** Image i lies on the plane (p = 1/2) for even i, and far from it for odd i. */
const values = (i: number): number[] => (i % 2 === 0 ? [0.5, 0.5, 0.5, 0.5] : [0.9, 0.8, 1, 0.1 * i]);
const fresh: LabelledDataset = {
  size: SIZE,
  shape: [2, 2],
  example: (i) => ({ x: Float32Array.from(values(i)), label: i % 2 }),
};

// The CPU backend computes on the very arrays that tensors were made of; the others copy them, at once or with the first operation.
beforeAll(() => useBackend('cpu'));

/** Data sets with the examples of `fresh`, out of one array, or one object, that every call fills again. */
function reusing(): readonly (readonly [string, LabelledDataset])[] {
  const x = new Float32Array(4);
  const one = { x, label: 0 };
  const answer = (i: number): { x: Float32Array; label: number } => {
    x.set(values(i));
    one.label = i % 2;
    return one;
  };
  const pool = [0, 1, 2].map(() => new Float32Array(4));
  let turn = 0;
  const whole = new Float32Array(12);
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
  const { size, shape } = fresh;
  return [
    ['one array', { size, shape, example: answer }],
    ['one array, by a promise', { size, shape, example: async (i) => Promise.resolve(answer(i)) }],
    ['one array, later', { size, shape, example: (i) => pause().then(() => answer(i)) }],
    [
      'a view of one array, later',
      {
        size,
        shape,
        example: async (i) => {
          await pause();
          whole.set(values(i), 3);
          return { x: whole.subarray(3, 7), label: i % 2 };
        },
      },
    ],
    [
      'three arrays in turn',
      {
        size,
        shape,
        example: async (i) => {
          const one = pool[turn++ % 3]!;
          one.set(values(i));
          await pause();
          return { x: one, label: i % 2 };
        },
      },
    ],
  ];
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of stream) found.push(one);
  return found;
}

const untimed = <T extends object>(row: T): T => ({ ...row, milliseconds: 0 });
const options = { key, n0: 20, n: 200, alpha: 0.01 };

const identity = { perturb: (_: unknown, { x }: { x: tf.Tensor }) => tf.clone(x) };

async function batchesOf(dataset: LabelledDataset): Promise<unknown[]> {
  const batches = await all(trainingBatches(dataset, { batchSize: 3, key }));
  const found = await Promise.all(batches.map(async ({ x, labels }) => [await x.data(), labels].map((a) => [...a])));
  for (const batch of batches) batch.dispose();
  return found;
}

const readers: Readonly<Record<string, (dataset: LabelledDataset) => Promise<unknown>>> = {
  certifyDataset: async (dataset) => (await all(certifyDataset(g, dataset, options))).map(untimed),
  'certifyDataset of soft smoothing': async (dataset) =>
    (await all(certifyDataset(new SoftSmoothedClassifier(logits, { noise, numClasses: 2 }), dataset, options))).map(
      untimed,
    ),
  attackDataset: async (dataset) =>
    (await all(attackDataset(g, identity, dataset, { key, n: 100, clean: true }))).map(untimed),
  softTargets: (dataset) => all(softTargets(g, dataset, { key, n: 50 })),
  trainingBatches: batchesOf,
  'two runs at once': (dataset) => Promise.all([all(softTargets(g, dataset, { key, n: 20 })), batchesOf(dataset)]),
};

describe('a data set that fills an array again', () => {
  it.each(
    reusing().flatMap(([name, dataset]) => Object.keys(readers).map((reader) => [name, reader, dataset] as const)),
  )('%s, read by %s: as with fresh arrays', async (_name, reader, dataset) => {
    const read = readers[reader]!;
    await expectNoLeak(async () => expect(await read(dataset)).toEqual(await read(fresh)));
  });

  it('certifies nothing where every vote is a coin', async () => {
    const [, dataset] = reusing()[0]!;
    const rows = await all(certifyDataset(g, dataset, { ...options, n: 1000 }));
    expect(rows.filter(({ index }) => index % 2 === 0).map(({ abstained }) => abstained)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('answers with the shape of the call, whatever becomes of it', async () => {
    const shape = [2, 2];
    const stream = certifyDataset(g, { ...fresh, shape }, options);
    const batches = trainingBatches({ ...fresh, shape }, { batchSize: 7, key });
    shape.splice(0, 2, 4, 1);
    expect((await stream.next()).value?.certificate.dimension).toBe(4);
    const { value } = await batches.next();
    expect(value?.x.shape).toEqual([7, 2, 2]);
    value?.dispose();
    await stream.return();
  });
});

describe('a stream whose tensors lie over one array', () => {
  it('certifies each as it was when it was handed over', async () => {
    const memory = new Float32Array(4);
    async function* over(): AsyncGenerator<StreamExample> {
      for (let index = 0; index < SIZE; index++) {
        memory.set(values(index));
        const x = tf.tensor(memory, [2, 2], 'float32');
        yield await Promise.resolve({ x, index });
        x.dispose(); // no longer needed
      }
    }
    await expectNoLeak(async () => {
      const rows = await all(g.certifyStream(over(), options));
      const expected = await all(certifyDataset(g, fresh, options));
      expect(rows.map(({ certificate }) => certificate)).toEqual(expected.map(({ certificate }) => certificate));
    });
  });
});

describe('an image over an array of the host', () => {
  const calls: Readonly<Record<string, (x: tf.Tensor) => Promise<unknown>>> = {
    certify: (x) => g.certify(x, options),
    predict: (x) => g.predict(x, { key, n: 100, alpha: 0.01 }),
    probabilities: (x) => g.probabilities(x, { key, n: 100 }),
    sampleCounts: (x) => g.sampleCounts(x, { key, n: 100 }),
    'soft certify': (x) => new SoftSmoothedClassifier(logits, { noise, numClasses: 2 }).certify(x, options),
    'soft predict': (x) => new SoftSmoothedClassifier(logits, { noise, numClasses: 2 }).predict(x, options),
  };

  it.each(Object.entries(calls))('%s answers for the image of the call', async (_name, call) => {
    const memory = Float32Array.from(values(1));
    const [x, same] = [tf.tensor(memory, [2, 2]), tf.tensor(values(1), [2, 2])];
    await expectNoLeak(async () => {
      const answering = call(x);
      memory.fill(NaN);
      expect(await answering).toEqual(await call(same));
    });
    tf.dispose([x, same]);
  });
});

/** A classifier of tensors whose outputs lie over one array, which each call fills again. */
function overOneArray(): LogitsFn {
  const memory = new Float32Array(2 * 256);
  return (x) => {
    const rows = x.shape[0] ?? 0;
    const found = tf.tidy(() => logits(x).dataSync());
    memory.set(found);
    return tf.tensor(memory.subarray(0, 2 * rows), [rows, 2], 'float32');
  };
}

/** A classifier of typed arrays that is allowed to use its output again, and takes its time. */
function typedOverOneArray(wait: () => unknown): TypedClassifier {
  const memory = new Float32Array(2 * 256);
  return {
    classify: async (inputs, { batch, shape }) => {
      const x = tf.tensor(inputs, [batch, ...shape], 'float32');
      const found = tf.tidy(() => logits(x).dataSync().slice());
      x.dispose();
      await wait();
      memory.set(found);
      await wait();
      return memory.subarray(0, 2 * batch);
    },
  };
}

describe('calls that overlap', () => {
  let turn = 0;
  const classifiers: Readonly<Record<string, () => LogitsFn | TypedClassifier>> = {
    'a function of tensors over one array': overOneArray,
    'typed arrays, in the next microtask': () => typedOverOneArray(() => undefined),
    'typed arrays, in the next turn': () => typedOverOneArray(() => new Promise((resolve) => setTimeout(resolve))),
    'typed arrays, sometime': () =>
      typedOverOneArray(() => new Promise((resolve) => setTimeout(resolve, (7 * turn++) % 3))),
  };
  const images = Array.from({ length: SIZE }, (_, i) => values(i));

  it.each(Object.entries(classifiers))('at %s give what they give one after the other', async (_name, make) => {
    const shared = make();
    const own = { noise, numClasses: 2, batchSize: 16 };
    const [a, b] = [new SmoothedClassifier(shared, own), new SmoothedClassifier(shared, { ...own, batchSize: 33 })];
    const soft = new SoftSmoothedClassifier(shared, own);
    const tensors = images.map((image) => tf.tensor(image, [2, 2]));
    const small = { ...options, n: 60, n0: 10 };
    const works = [
      ...tensors.flatMap((x) => [() => a.certify(x, small), () => b.certify(x, small)]),
      () => soft.certify(tensors[0]!, small),
      () => a.predict(tensors[1]!, { key, n: 40, alpha: 0.01 }),
      async () => (await all(certifyDataset(b, fresh, small))).map(untimed),
      async () => (await all(certifyDataset(b, fresh, small))).map(untimed),
    ];
    await expectNoLeak(async () => {
      const inOrder: unknown[] = [];
      for (const work of works) inOrder.push(await work());
      expect(await Promise.all(works.map((work) => work()))).toEqual(inOrder);
    });
    tf.dispose(tensors);
  });

  it('never reach a classifier of typed arrays at the same time, not even after an error or an abort', async () => {
    let [inside, most, calls] = [0, 0, 0];
    const shared: TypedClassifier = {
      classify: async (inputs, { batch }) => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside--;
        if (++calls === 3) throw new Error('once');
        return Float32Array.from({ length: 2 * batch }, (_, i) => inputs[4 * Math.floor(i / 2) + (i % 2)] ?? 0);
      },
    };
    const one = new SmoothedClassifier(shared, { noise, numClasses: 2, batchSize: 8 });
    const x = tf.tensor(values(1), [2, 2]);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 5);
    const answers = await Promise.allSettled([
      one.certify(x, { ...options, signal: stop.signal }),
      one.certify(x, options),
      one.predict(x, { key, n: 100, alpha: 0.01 }),
      one.certify(x, { ...options, signal: stop.signal }),
    ]);
    expect(inside).toBe(0); // nothing goes on behind an answer
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(1);
    await expect(one.certify(x, options)).resolves.toHaveProperty('n', 200);
    expect(most).toBe(1);
    x.dispose();
  });
});

describe('a noise whose copies lie over one array', () => {
  it('gives each example its own copies', async () => {
    const memory = new Float32Array(4 * 256);
    const plain = additiveNoise({
      name: 'plain',
      norms: ['l2'],
      sample: (out, request) => noise.sample(out, request),
      radius: (bound, request) => noise.radius(bound, request),
    });
    const lazy: Noise = {
      ...plain,
      perturb: (x, request) => {
        const copies = plain.perturb(x, request);
        memory.set(copies.dataSync());
        const { shape, size } = copies;
        copies.dispose();
        return tf.tensor(memory.subarray(0, size), shape, 'float32');
      },
    };
    const [own, shared] = [plain, lazy].map((each) => new SmoothedClassifier(logits, { noise: each, numClasses: 2 }));
    const small = { ...options, n0: 10, n: 30 }; // several examples in a batch
    expect((await all(certifyDataset(shared!, fresh, small))).map(untimed)).toEqual(
      (await all(certifyDataset(own!, fresh, small))).map(untimed),
    );
  });
});

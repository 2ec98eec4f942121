import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { stopAtGain } from '../../src/certify/stops.ts';
import type { Certificate } from '../../src/certify/types.ts';
import type { LogitsFn } from '../../src/classifier/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import type { CertifyOptions } from '../../src/smoothed/call-options.ts';
import type { EarlierSamples, SampleNews, SamplePiece } from '../../src/smoothed/earlier-samples.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { useBackend } from '../helpers/backends.ts';
import { counted } from '../helpers/counting-backend.ts';
import { linearClassifier } from '../helpers/linear.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([2, -1], 0.1);
const points = [
  [0.4, 0.3],
  [0.2, 0.5],
  [0.9, 0.1],
  [0.25, 0.6],
];

interface Outcome {
  readonly certificates: readonly Certificate[];
  /** What was told of each image. */
  readonly news: readonly (readonly SampleNews[])[];
}

/** Certifies the points, with what an earlier run has left of each. */
async function run(
  options: CertifyOptions,
  earlier: readonly (EarlierSamples | undefined)[] = [],
  classifier: LogitsFn = logits,
): Promise<Outcome> {
  const news: SampleNews[][] = points.map(() => []);
  const certificates: Certificate[] = [];
  const images = points.map((values) => tf.tensor1d(values));
  const g = new SmoothedClassifier(classifier, { noise, numClasses: 2 });
  const examples = (async function* (): AsyncGenerator<StreamExample> {
    for (const [index, x] of images.entries()) {
      const kept = { earlier: earlier[index], onNews: (one: SampleNews) => void news[index]!.push(one) };
      yield await Promise.resolve({ x, index, kept });
    }
  })();
  for await (const { certificate } of g.certifyStream(examples, options)) certificates.push(certificate);
  tf.dispose(images);
  return { certificates, news };
}

const piecesOf = (news: readonly SampleNews[]): readonly SamplePiece[] => news.flatMap(({ pieces }) => pieces);

/** The first pieces of each image, as a journal would have them. */
const begun = ({ news }: Outcome, share: number): (EarlierSamples | undefined)[] =>
  news.map((own) => {
    const pieces = piecesOf(own);
    const some = pieces.slice(0, Math.ceil(share * pieces.length));
    return some.length === 0 ? undefined : { record: own[0]!.record, pieces: some, milliseconds: 1000 };
  });

const rules = [
  undefined,
  fixedRadius({ radius: [0.05, 0.1] }),
  anytimeRadius({ stops: [stopAtGain({ gain: 0.02, over: 60 })] }),
];

const settings = fc.record({
  seed: fc.nat(1000),
  rule: fc.constantFrom(...rules),
  batchSize: fc.integer({ min: 1, max: 120 }),
  checkEvery: fc.integer({ min: 1, max: 300 }),
  n0: fc.integer({ min: 1, max: 200 }),
  n: fc.integer({ min: 30, max: 500 }),
  otherBatchSize: fc.integer({ min: 1, max: 120 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  onDevice: fc.boolean(),
});

describe('samples of an earlier run', () => {
  beforeAll(() => useBackend('cpu'));

  it('lead to the certificates of one run, for any settings, batches and place of the cut, and are not drawn again', () =>
    fc.assert(
      fc.asyncProperty(settings, async ({ seed, otherBatchSize, share, onDevice, ...rest }) => {
        const options = { ...rest, key: createKey(seed), alpha: 0.05 };
        const whole = await run(options);
        const earlier = begun(whole, share);
        const again = (): Promise<Outcome> => run({ ...options, batchSize: otherBatchSize }, earlier);
        const { certificates, news } = await (onDevice ? counted(again) : again());
        expect(certificates).toEqual(whole.certificates);
        for (const [i, own] of news.entries()) {
          expect(own.every(({ other }) => other === undefined)).toBe(true);
          const all = [...(earlier[i]?.pieces ?? []), ...piecesOf(own)];
          const drawn = all.reduce((sum, piece) => sum + piece.drawn, 0);
          expect(drawn, 'each copy is told of once').toBe(certificates[i]!.n0 + certificates[i]!.nUsed);
        }
      }),
      { numRuns: 60 },
    ));

  it('of another model count for nothing, and the run says so', async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(settings, async ({ seed, otherBatchSize, share, onDevice, ...rest }) => {
        const options = { ...rest, key: createKey(seed), alpha: 0.05 };
        const opposite = await run(options, [], (x) => tf.tidy(() => tf.neg(logits(x))));
        const earlier = begun(opposite, share);
        const again = (): Promise<Outcome> => run({ ...options, batchSize: otherBatchSize }, earlier);
        const { certificates, news } = await (onDevice ? counted(again) : again());
        expect(certificates).toEqual((await run(options)).certificates);
        told += news.flat().filter(({ other }) => other?.kind === 'votes').length;
      }),
      { numRuns: 40 },
    );
    expect(told).toBeGreaterThan(40);
  });

  it('are compared with few copies, whatever there is', async () => {
    let copies = 0;
    const counting: LogitsFn = (x) => {
      copies += x.shape[0]!;
      return logits(x);
    };
    for (const checkEvery of [1, 50, 5000]) {
      const options = { key: createKey(5), n0: 100, n: 5000, alpha: 0.05, checkEvery, batchSize: 64 };
      const earlier = begun(await run(options), 1);
      copies = 0;
      const { certificates } = await run(options, earlier, counting);
      expect(certificates).toHaveLength(points.length);
      expect(copies, `with a check every ${checkEvery} copies`).toBeLessThanOrEqual(
        points.length * (100 + 128 + 64) + 20,
      );
    }
  });

  it('add their time to that of the image', async () => {
    const options = { key: createKey(5), n0: 10, n: 200, alpha: 0.05 };
    const earlier = begun(await run(options), 0.5);
    const { news } = await run(options, earlier);
    for (const own of news) for (const { milliseconds } of own) expect(milliseconds).toBeGreaterThanOrEqual(1000);
  });
});

describe('onSamples', () => {
  beforeAll(() => useBackend('cpu'));
  const options = { key: createKey(8), n0: 30, n: 300, alpha: 0.05, batchSize: 40 };

  it('is told after each batch how far an example is, and changes nothing', async () => {
    const g = new SmoothedClassifier(logits, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.9, 0.1]);
    const seen: number[] = [];
    const certificate = await g.certify(x, {
      ...options,
      onSamples: ({ index, drawn, most }) => {
        expect([index, most]).toEqual([0, 330]);
        seen.push(drawn);
      },
    });
    expect(seen).toEqual([30, 70, 110, 150, 190, 230, 270, 310, 330]);
    expect(certificate).toEqual(await g.certify(x, options));
    x.dispose();
  });

  it('ends the run with what it throws', async () => {
    const g = new SmoothedClassifier(logits, { noise, numClasses: 2 });
    const x = tf.tensor1d([0.9, 0.1]);
    const onSamples = (): void => {
      throw new Error('enough');
    };
    await expect(g.certify(x, { ...options, onSamples })).rejects.toThrow('enough');
    x.dispose();
  });
});

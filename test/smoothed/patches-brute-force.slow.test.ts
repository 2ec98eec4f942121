import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { topClass } from '../../src/certify/vote-counts.ts';
import { BandAblation, type BandAblationOptions, type PatchSize } from '../../src/noise/band-ablation.ts';
import { threefry2x32 } from '../../src/random/threefry.ts';
import { certifyPatches } from '../../src/smoothed/certify-patches.ts';
import { derandomizedCertificate } from '../../src/smoothed/certificates.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { DoubleMasking } from '../../src/smoothed/double-masking.ts';
import { useBackend } from '../helpers/backends.ts';

beforeAll(() => useBackend('cpu'));

const CLASSES = 3;

/** Classes that a random classifier votes for at a copy, written as text: mostly its favourite, sometimes none or two. */
function randomVotes(seed: number, copy: string): number[] {
  let hash = seed;
  for (const letter of copy) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  const [first, second] = threefry2x32([seed, 77], hash, 0);
  const bias = 0.55 + (seed % 5) / 10;
  if (first / 2 ** 32 < bias) return [seed % CLASSES];
  return [[second % CLASSES], [], [0, 2]][seed % 2 === 0 ? 0 : second % 3]!;
}

/** Votes of all copies of an image of zeros and ones, by plain loops. */
function slowCounts(noise: BandAblation, seed: number, image: readonly number[]): number[] {
  const pixels = image.length;
  const kept = noise.keptPositions({ start: 0, count: noise.copies });
  const counts = new Array<number>(CLASSES).fill(0);
  for (let copy = 0; copy < noise.copies; copy++) {
    const shown = image.map((value, p) => (kept[copy * pixels + p] === 1 ? String(value) : '-')).join('');
    for (const vote of randomVotes(seed, shown)) counts[vote]!++;
  }
  return counts;
}

/** All images that one patch of this size makes of another, at all places, with all contents. */
function* changed(
  image: readonly number[],
  [height, width]: readonly number[],
  [h, w]: PatchSize,
): Generator<number[]> {
  for (let top = 0; top + h <= height!; top++)
    for (let left = 0; left + w <= width!; left++)
      for (let content = 0; content < 2 ** (h * w); content++) {
        const other = [...image];
        for (let i = 0; i < h; i++)
          for (let j = 0; j < w; j++) other[(top + i) * width! + left + j] = (content >> (i * w + j)) & 1;
        yield other;
      }
}

const certificateOf = (noise: BandAblation, counts: readonly number[]) =>
  derandomizedCertificate({ counts, threshold: 0.3, noise, norm: 'patch', dimension: 1, inferenceForm: false });

const geometries: readonly (BandAblationOptions & { readonly patches: readonly (readonly PatchSize[])[] })[] = [
  { inputShape: [1, 6, 1], keep: 'columns', size: 2, patches: [[[1, 1]], [[1, 2]], [[1, 1], [1, 1]]] }, // prettier-ignore
  { inputShape: [1, 8, 1], keep: 'columns', size: 2, stride: 3, patches: [[[1, 1]], [[1, 2]], [[1, 3]]] },
  { inputShape: [1, 9, 1], keep: 'columns', size: 3, wrap: false, patches: [[[1, 1]], [[1, 2]]] },
  { inputShape: [3, 3, 1], keep: 'rows+columns', size: 1, patches: [[[1, 1]], [[1, 2]], [[2, 1]], [[1, 1], [1, 1]]] }, // prettier-ignore
  { inputShape: [3, 4, 1], keep: 'blocks', size: [1, 2], patches: [[[1, 1]], [[2, 1]], [[1, 2]]] },
  { inputShape: [4, 3, 1], keep: 'rows', size: 1, patches: [[[1, 1]], [[1, 3]], [[2, 2]]] },
];

it.each(geometries)('no patch turns a certified answer: $inputShape, $keep', ({ patches: lists, ...options }) => {
  const noise = new BandAblation(options);
  const pixels = options.inputShape[0]! * options.inputShape[1]!;
  let [certified, turned] = [0, 0];
  for (let seed = 0; seed < 150; seed++) {
    const image = Array.from({ length: pixels }, (_, p) => (threefry2x32([seed, 5], p, 0)[0] >>> 7) & 1);
    const counts = slowCounts(noise, seed, image);
    const certificate = certificateOf(noise, counts);
    for (const patches of lists) {
      const hits = patches.reduce((sum, patch) => sum + noise.hits(patch), 0);
      if (noise.copies < 2 * hits + (topClass(counts) === 0 ? 0 : 1)) continue; // refused
      const claim = certifyPatches(certificate, noise, { patches }).certified;
      let isTurned = false;
      const others = patches.reduce<number[][]>(
        (images, patch) => images.flatMap((each) => [...changed(each, options.inputShape, patch)]),
        [image],
      );
      for (const other of others) isTurned ||= topClass(slowCounts(noise, seed, other)) !== topClass(counts);
      if (claim) expect(isTurned, `seed ${seed}, patches ${JSON.stringify(patches)}`).toBe(false);
      certified += claim ? 1 : 0;
      turned += isTurned ? 1 : 0;
    }
  }
  expect(certified).toBeGreaterThan(5);
  expect(turned).toBeGreaterThan(5);
});

it('the classifier counts what the loops count', async () => {
  const noise = new BandAblation({ inputShape: [1, 6, 1], keep: 'columns', size: 2, encoding: { fill: -1 } });
  for (let seed = 1; seed < 30; seed += 2) {
    const image = Array.from({ length: 6 }, (_, p) => (threefry2x32([seed, 5], p, 0)[0] >>> 7) & 1);
    const g = new DerandomizedClassifier(
      {
        classify: (inputs, { batch }) => {
          const out = new Float32Array(batch * CLASSES).fill(1 / CLASSES);
          for (let row = 0; row < batch; row++) {
            const shown = Array.from(inputs.subarray(row * 6, row * 6 + 6), (v) => (v === -1 ? '-' : String(v))).join(
              '',
            );
            const votes = randomVotes(seed, shown);
            if (votes.length > 0)
              for (let c = 0; c < CLASSES; c++) out[row * CLASSES + c] = votes.includes(c) ? 1 / votes.length : 0;
          }
          return out;
        },
      },
      { noise, numClasses: CLASSES, output: 'probabilities', votes: { threshold: 0.4 } },
    );
    const x = tf.tensor(image, [1, 6, 1]);
    expect(await g.counts(x)).toEqual(slowCounts(noise, seed, image));
    x.dispose();
  }
});

it('no patch turns an answer that double masking certifies', async () => {
  let [certified, turned] = [0, 0];
  for (let seed = 0; seed < 40; seed++) {
    const bias = 0.8 + (seed % 4) / 20;
    const guard = new DoubleMasking(
      {
        classify: (inputs, { batch }) => {
          const out = new Float32Array(batch * CLASSES);
          for (let row = 0; row < batch; row++) {
            let hash = seed + 1;
            for (const v of inputs.subarray(row * 8, row * 8 + 8)) hash = (Math.imul(hash, 31) + v + 3) >>> 0;
            const [first, second] = threefry2x32([seed, 9], hash, 0);
            out[row * CLASSES + (first / 2 ** 32 < bias ? seed % CLASSES : second % CLASSES)] = 4;
          }
          return out;
        },
      },
      { inputShape: [1, 8, 1], patch: [1, 2], masks: [1, 3], fill: -1, numClasses: CLASSES },
    );
    const image = Array.from({ length: 8 }, (_, p) => (threefry2x32([seed, 6], p, 0)[0] >>> 7) & 1);
    const x = tf.tensor(image, [1, 8, 1]);
    const found = await guard.certify(x);
    x.dispose();
    let isTurned = false;
    for (const other of changed(image, [1, 8], [1, 2])) {
      const moved = tf.tensor(other, [1, 8, 1]);
      isTurned ||= (await guard.predict(moved)) !== found.label;
      moved.dispose();
    }
    if (found.certified) expect(isTurned, `seed ${seed}`).toBe(false);
    certified += found.certified ? 1 : 0;
    turned += isTurned ? 1 : 0;
  }
  expect(certified).toBeGreaterThan(5);
  expect(turned).toBeGreaterThan(2);
});

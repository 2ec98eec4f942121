import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { fixedSample } from '../../src/certify/fixed-sample.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { stopAtWidth } from '../../src/certify/stops.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import { DeletionNoise } from '../../src/noise/deletion-noise.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import type { Noise } from '../../src/noise/types.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { useBackend } from '../helpers/backends.ts';
import { typedTwin } from '../helpers/typed.ts';

beforeAll(() => useBackend('cpu'));

const PAD = 0;
const noise = new DeletionNoise({ length: 64, deletion: 0.85, padId: PAD });
/** Which of three tokens is kept most often, the first among equals. */
const classify = (copies: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const counts = [1, 2, 3].map((token) => tf.sum(tf.cast(tf.equal(copies, token), 'float32'), 1));
    return tf.stack(counts, 1);
  });
const tokens = Array.from({ length: 56 }, (_, at) => (at % 8 < 6 ? 1 : at % 8 === 6 ? 2 : 3));
const key = createKey(31);

const rules: readonly CertificationRule[] = [
  fixedSample(),
  topTwo(),
  topK({ k: 1 }),
  fixedRadius({ radius: [0, 1, 2] }),
  plannedRadius({ radius: [0, 1] }),
  anytimeRadius({ stops: [stopAtWidth({ width: 0.02 })] }),
];

async function certified(rule: CertificationRule, by = new SmoothedClassifier(classify, { noise, numClasses: 3 })) {
  const x = tf.tensor1d(noise.pad(tokens));
  const certificate = await by.certify(x, { key, n0: 50, n: 4000, alpha: 0.01, rule });
  x.dispose();
  return certificate;
}

describe('certificates of edits', () => {
  it.each(rules)(
    '$name: found valid, and refused with a radius or a chance of deletion that is not theirs',
    async (rule) => {
      const certificate = await certified(rule);
      expect(certificate).toMatchObject({ label: 0, abstained: false, norm: 'edit', domain: 'tokens', dimension: 64 });
      expect(certificate.radius).toBeGreaterThanOrEqual(1);
      expect(Number.isInteger(certificate.radius)).toBe(true);
      const logged = JSON.parse(JSON.stringify(certificate)) as typeof certificate;
      const again = noiseOf({ name: logged.noise.name, parameters: logged.noise.parameters }) as Noise;
      expect(verifyCertificate(logged, again)).toEqual({ valid: true, faults: [], radius: certificate.radius });
      expect(verifyCertificate({ ...logged, radius: logged.radius + 1 }, noise).valid).toBe(false);
      for (const change of [{ deletion: 0.86 }, { padId: 4 }, { length: 65 }]) {
        const other = new DeletionNoise({ length: 64, deletion: 0.85, padId: PAD, ...change });
        expect(() => verifyCertificate(logged, other)).toThrow('`noise` must be the one');
      }
      // As if so few tokens were left out that no edit can be certified.
      const weak = new DeletionNoise({ length: 64, deletion: 0.51, padId: PAD });
      const told = { ...logged, noise: { name: weak.name, parameters: weak.parameters } };
      expect(verifyCertificate(told, weak).valid).toBe(false);
    },
  );

  it('keep a class among the k most probable ones for more edits than it leads', async () => {
    const [one, two] = [await certified(topK({ k: 1 })), await certified(topK({ k: 2 }))];
    expect(two).toMatchObject({ label: 0, topK: 2 });
    expect(two.radius).toBeGreaterThanOrEqual(one.radius);
    expect(verifyCertificate(two, noise).valid).toBe(true);
    expect(verifyCertificate({ ...two, radius: two.radius + 1 }, noise).valid).toBe(false);
  });

  it('have the same votes for any batch size, and from typed arrays', async () => {
    const expected = await certified(fixedSample());
    for (const batchSize of [1, 7, 4000]) {
      const other = new SmoothedClassifier(classify, { noise, numClasses: 3, batchSize });
      expect((await certified(fixedSample(), other)).counts).toEqual(expected.counts);
    }
    const typed = new SmoothedClassifier(typedTwin(classify), { noise, numClasses: 3 });
    expect(await certified(fixedSample(), typed)).toEqual(expected);
  });

  it('hold for the sequence as it is, whatever room is left for it: votes do not depend on the pads', async () => {
    const longer = new DeletionNoise({ length: 128, deletion: 0.85, padId: PAD });
    const x = tf.tensor1d(longer.pad(tokens));
    const g = new SmoothedClassifier(classify, { noise: longer, numClasses: 3 });
    const { counts, radius } = await g.certify(x, { key, n0: 50, n: 4000, alpha: 0.01 });
    x.dispose();
    expect({ counts, radius }).toEqual((({ counts, radius }) => ({ counts, radius }))(await certified(fixedSample())));
  });

  it('hold within the radius and not far beyond', async () => {
    const g = new SmoothedClassifier(classify, { noise, numClasses: 3 });
    const ask = async (sequence: readonly number[]): Promise<number> => {
      const x = tf.tensor1d(noise.pad(sequence));
      const { label } = await g.predict(x, { key, n: 2000, alpha: 0.001 });
      x.dispose();
      return label;
    };
    const { label, radius } = await certified(fixedSample());
    expect(await ask(tokens.map((token, at) => (at < radius ? 2 : token)))).toBe(label);
    expect(await ask([...new Array<number>(radius).fill(2), ...tokens])).toBe(label);
    expect(await ask(tokens.slice(radius))).toBe(label);
    expect(await ask(tokens.map((token, at) => (at < 40 ? 2 : token)))).not.toBe(label);
  });
});

describe('how often certificates of edits are wrong', () => {
  // x has one token, and class 0 is the empty copy: p = 3/4 exactly, just too little for one edit. A certificate of it is wrong, which happens
  // with probability at most alpha = 0.05: in 400 runs more than 42 times with at most 1.3e-6, if the keys were drawn at random.
  it('is at most alpha, where the smallest error in p is one', async () => {
    const noise = new DeletionNoise({ length: 1, deletion: 0.75, padId: PAD });
    const isEmpty = (copies: tf.Tensor): tf.Tensor =>
      tf.tidy(() => {
        const empty = tf.cast(tf.equal(tf.reshape(copies, [-1]), PAD), 'float32');
        const margin = tf.sub(tf.mul(4, empty), 2);
        return tf.stack([margin, tf.neg(margin)], 1);
      });
    const g = new SmoothedClassifier(isEmpty, { noise, numClasses: 2 });
    const x = tf.tensor1d([1]);
    let wrong = 0;
    for (let run = 0; run < 400; run++) {
      const { radius, label } = await g.certify(x, { key: foldIn(createKey(77), run), n0: 50, n: 400, alpha: 0.05 });
      if (label === 0 && radius > 0) wrong++;
    }
    x.dispose();
    expect(wrong).toBeLessThanOrEqual(42);
    expect(wrong).toBeGreaterThan(3); // and the bound is no looser than it has to be
  });
});

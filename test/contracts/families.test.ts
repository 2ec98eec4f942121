import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { stopAtRadius, stopAtSamples } from '../../src/certify/stops.ts';
import { topK } from '../../src/certify/top-k.ts';
import { topTwo } from '../../src/certify/top-two.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { checkClassifier } from '../../src/classifier/check-classifier.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import type { DeterministicNoise } from '../../src/noise/types.ts';
import { createKey, foldIn } from '../../src/random/key.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { reproduceCertificate } from '../../src/smoothed/reproduce-certificate.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { SoftSmoothedClassifier } from '../../src/smoothed/soft-smoothed-classifier.ts';
import type { SampleProgress } from '../../src/smoothed/call-options.ts';
import type { StreamExample } from '../../src/smoothed/types.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { describeContract } from '../helpers/backends.ts';
import {
  type EnumeratedFamily,
  enumeratedFamilies,
  modelOf,
  numClasses,
  type SampledFamily,
  sampledFamilies,
} from '../helpers/families.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { typedTwin } from '../helpers/typed.ts';

const key = createKey(5);
const settings = { key, n0: 20, n: 400, alpha: 0.01, checkEvery: 40 };

/** Runs with input i as a tensor, which it disposes. */
async function withInput<T>(
  { input, inputShape }: SampledFamily | EnumeratedFamily,
  i: number,
  use: (x: tf.Tensor) => Promise<T>,
): Promise<T> {
  const x = tf.tensor(input(i), [...inputShape], 'float32');
  try {
    return await use(x);
  } finally {
    x.dispose();
  }
}

async function* examplesOf(
  { input, inputShape }: SampledFamily | EnumeratedFamily,
  count: number,
): AsyncGenerator<StreamExample> {
  for (let index = 0; index < count; index++) {
    const x = tf.tensor(input(index), [...inputShape], 'float32');
    yield await Promise.resolve({ x, index });
    x.dispose();
  }
}

function expectProof(certificate: Certificate, { noise }: SampledFamily | EnumeratedFamily): void {
  expect(certificate.norm).toBe(noise.norms[0]);
  expect(Number.isInteger(certificate.radius)).toBe(true);
  expect(verifyCertificate(certificate, noise).faults).toEqual([]);
  // As it comes back from JSON, with the noise that its record makes.
  const stored = JSON.parse(JSON.stringify(certificate)) as Certificate;
  expect(verifyCertificate(stored, noiseOf(stored.noise)).faults).toEqual([]);
}

const rules: readonly CertificationRule[] = [
  topTwo(),
  topK({ k: 1 }),
  fixedRadius({ radius: [0, 1, 2] }),
  plannedRadius({ radius: [0, 1] }),
  anytimeRadius({ stops: [stopAtRadius({ radius: 1 }), stopAtSamples({ samples: 320 })] }),
];

describeContract('every noise that counts changes and draws copies', sampledFamilies, (family) => {
  const { noise } = family;
  const f = modelOf(family);
  const logits = (x: tf.Tensor): tf.Tensor => f(x, { training: false });
  const g = new SmoothedClassifier(f, { noise, numClasses });
  /** Classes are so close that copies often disagree. */
  const shaky = new SmoothedClassifier((x) => tf.tidy(() => tf.sin(tf.mul(logits(x), 5))), { noise, numClasses });

  it('certifies the class, whatever the batches', async () => {
    for (const i of [0, 1, 2]) {
      await withInput(family, i, async (x) => {
        const certificate = await g.certify(x, settings);
        expect(certificate).toMatchObject({ label: i, abstained: false, reason: 'certified', dimension: x.size });
        expectProof(certificate, family);
        for (const batchSize of [1, 7]) expect(await g.certify(x, { ...settings, batchSize })).toEqual(certificate);
      });
    }
  });

  it('abstains where the votes do not prove a class, and does not call it radius 0', async () => {
    // So few samples that even unanimous votes prove no more than the class, and most votes nothing.
    const few = { ...settings, n0: 3, n: 6, alpha: 0.05, checkEvery: 6 };
    const found = await withInput(family, 1, async (x) => {
      const all: Certificate[] = [];
      for (let seed = 0; seed < 12; seed++) all.push(await shaky.certify(x, { ...few, key: createKey(seed) }));
      return all;
    });
    for (const certificate of found) {
      expectProof(certificate, family);
      expect(certificate.abstained).toBe(!(certificate.pABar > 0.5));
      if (certificate.abstained) expect(certificate).toMatchObject({ label: -1, radius: 0 });
    }
    expect(found.filter(({ abstained }) => abstained).length).toBeGreaterThan(0);
  });

  it('predicts, counts and streams', async () => {
    await withInput(family, 2, async (x) => {
      const counts = await g.sampleCounts(x, { key, n: 100 });
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
      expect(await g.sampleCounts(x, { key, n: 100, batchSize: 9 })).toEqual(counts);
      expect(await g.predict(x, { key, n: 200 })).toMatchObject({ label: 2, domain: noise.domain });
      expect((await g.probabilities(x, { key, n: 100 }))[2]).toBeGreaterThan(0.5);
    });
    let index = 0;
    for await (const { certificate } of g.certifyStream(examplesOf(family, 3), { ...settings, batchSize: 33 })) {
      const own = foldIn(key, index);
      expect(certificate).toEqual(await withInput(family, index++, (x) => g.certify(x, { ...settings, key: own })));
    }
    expect(index).toBe(3);
  });

  it('decides by every rule, and every certificate follows from its votes', async () => {
    await withInput(family, 1, async (x) => {
      for (const rule of rules) {
        const certificate = await g.certify(x, { ...settings, rule });
        expect(certificate, rule.name).toMatchObject({ label: 1, abstained: false });
        expectProof(certificate, family);
        expect(await reproduceCertificate(g, x, certificate)).toMatchObject({ same: true, votesThatDiffer: 0 });
      }
      const alone = await g.certify(x, { ...settings, n0: 0, rule: plannedRadius({ radius: 0 }) });
      expect(alone).toMatchObject({ label: 1, radius: 0, abstained: false, n0: 0 });
      expectProof(alone, family);
    });
  });

  it('certifies a rank, or refuses it by name before the estimation sample', async () => {
    const told: number[] = [];
    const options = {
      ...settings,
      rule: topK({ k: 2 }),
      onSamples: ({ drawn }: SampleProgress) => void told.push(drawn),
    };
    await withInput(family, 1, async (x) => {
      if (noise.domain === 'binary' || noise.name === 'value-flip') {
        await expect(g.certify(x, options)).rejects.toThrow(/radiusAgainst: `k` must be 1, got 2 \(.* AblationNoise\)/);
        expect(Math.max(0, ...told)).toBeLessThanOrEqual(settings.n0);
        return;
      }
      const certificate = await g.certify(x, options);
      expect(certificate).toMatchObject({ label: 1, topK: 2, abstained: false });
      expectProof(certificate, family);
    });
  });

  it('is the same for a classifier of typed arrays', async () => {
    const typed = new SmoothedClassifier(typedTwin(logits), { noise, numClasses });
    await withInput(family, 0, async (x) =>
      expect(await typed.certify(x, settings)).toEqual(await g.certify(x, settings)),
    );
  });

  it('works with scores in place of votes', async () => {
    const soft = new SoftSmoothedClassifier(f, { noise, numClasses, beta: 5 });
    await withInput(family, 0, async (x) => {
      const options = { key, n0: 20, n: 600, alpha: 0.01 };
      const certificate = await soft.certify(x, options);
      expect(certificate.cAHat).toBe(0);
      expect(certificate.abstained).toBe(!(certificate.pABar > 0.5));
      expectProof(certificate, family);
      expect(await soft.predict(x, options)).toMatchObject({ cAHat: 0 });
    });
  });

  it('tells its progress, ends at a signal, and leaves nothing behind', async () => {
    await withInput(family, 0, async (x) => {
      const told: number[] = [];
      await expectNoLeak(() =>
        g.certify(x, { ...settings, batchSize: 50, onSamples: ({ drawn }) => void told.push(drawn) }),
      );
      expect(told.at(-1)).toBe(settings.n0 + settings.n);
      const stop = new AbortController();
      const run = g.certify(x, {
        ...settings,
        batchSize: 10,
        signal: stop.signal,
        onSamples: () => stop.abort(new Error('enough')),
      });
      await expect(run).rejects.toThrow('enough');
    });
  });

  it('has copies that checkClassifier takes', async () => {
    await withInput(family, 0, async (x) => {
      const copies = noise.perturb(x, { key, start: 0, count: 16 });
      await checkClassifier(f, copies, { numClasses });
      copies.dispose();
    });
  });
});

describeContract('every noise that counts changes and enumerates copies', enumeratedFamilies, (family) => {
  const { noise, votes } = family;
  const f = modelOf(family);
  const logits = (x: tf.Tensor): tf.Tensor => f(x, { training: false });
  const options = { noise: noise as DeterministicNoise, numClasses, votes };
  const g = new DerandomizedClassifier(f, options);

  it('certifies every input, and never abstains', async () => {
    for (const i of [0, 1, 2, 3]) {
      await withInput(family, i, async (x) => {
        const certificate = await g.certify(x);
        expect(certificate).toMatchObject({ abstained: false, reason: 'certified', alpha: 0, key: null });
        expect(certificate.label).toBe(await g.predict(x));
        expectProof(certificate, family);
        expect(await g.certify(x, { batchSize: 5 })).toEqual(certificate);
        expect(await reproduceCertificate(g, x, certificate)).toMatchObject({ same: true });
      });
    }
    // Classes are so close that copies disagree.
    const even = new DerandomizedClassifier((x) => tf.tidy(() => tf.sin(tf.mul(logits(x), 5))), options);
    await withInput(family, 0, async (x) => {
      const certificate = await even.certify(x);
      expect(certificate.abstained).toBe(false);
      expectProof(certificate, family);
    });
  });

  it('is the same for a classifier of typed arrays and for streams', async () => {
    const typed = new DerandomizedClassifier(typedTwin(logits), options);
    let index = 0;
    for await (const { certificate } of typed.certifyStream(examplesOf(family, 3)))
      expect(certificate).toEqual(await withInput(family, index++, (x) => g.certify(x)));
    expect(index).toBe(3);
  });

  it('tells its progress, ends at a signal, and leaves nothing behind', async () => {
    await withInput(family, 0, async (x) => {
      const told: number[] = [];
      await expectNoLeak(() => g.certify(x, { batchSize: 4, onSamples: ({ drawn }) => void told.push(drawn) }));
      expect(told.at(-1)).toBe(noise.copies);
      const stop = new AbortController();
      const run = g.certify(x, { batchSize: 2, signal: stop.signal, onSamples: () => stop.abort(new Error('enough')) });
      await expect(run).rejects.toThrow('enough');
    });
  });
});

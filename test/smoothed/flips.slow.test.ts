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
import { OptionError } from '../../src/errors.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { noiseOf } from '../../src/noise/noise-of.ts';
import type { Noise } from '../../src/noise/types.ts';
import { ValueFlipNoise } from '../../src/noise/value-flip-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { typedTwin } from '../helpers/typed.ts';

beforeAll(() => useBackend('cpu'));

/** Three classes: many ones, few ones, and in between. */
const classify = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const ones = tf.sum(tf.cast(tf.notEqual(tf.reshape(x, [x.shape[0]!, -1]), 0), 'float32'), 1);
    return tf.stack([tf.sub(ones, 7), tf.sub(2, ones), tf.zerosLike(ones)], 1);
  });

const bits = [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1];
const key = createKey(31);

const rules: readonly CertificationRule[] = [
  fixedSample(),
  topTwo(),
  topK({ k: 1 }),
  fixedRadius({ radius: [0, 1, 2] }),
  plannedRadius({ radius: [0, 1] }),
  anytimeRadius({ stops: [stopAtWidth({ width: 0.02 })] }),
];

const noises: readonly { readonly noise: Noise; readonly others: readonly Noise[]; readonly weak: Noise }[] = [
  {
    noise: new BitFlipNoise({ addition: 0.05, deletion: 0.3 }),
    others: [new BitFlipNoise({ addition: 0.05, deletion: 0.29 }), new ValueFlipNoise({ values: 2, keep: 0.7 })],
    weak: new BitFlipNoise({ addition: 0.001, deletion: 0.001 }),
  },
  {
    noise: new BitFlipNoise({
      groups: [
        { size: 8, addition: 0.05, deletion: 0.3 },
        { size: 12, addition: 0.1, deletion: 0.2 },
      ],
    }),
    others: [
      new BitFlipNoise({
        groups: [
          { size: 12, addition: 0.05, deletion: 0.3 },
          { size: 8, addition: 0.1, deletion: 0.2 },
        ],
      }),
    ],
    weak: new BitFlipNoise({ groups: [{ size: 20, addition: 0.001, deletion: 0.001 }] }),
  },
  {
    noise: new ValueFlipNoise({ values: 4, keep: 0.6 }),
    others: [new ValueFlipNoise({ values: 5, keep: 0.6 }), new ValueFlipNoise({ values: 4, keep: 0.61 })],
    weak: new ValueFlipNoise({ values: 4, keep: 0.999 }),
  },
];

describe.each(noises)('certificates under $noise.name $noise.parameters', ({ noise, others, weak }) => {
  const g = new SmoothedClassifier(classify, { noise, numClasses: 3 });
  const certified = async (rule: CertificationRule, by = g) => {
    const x = tf.tensor(bits, [4, 5]);
    const certificate = await by.certify(x, { key, n0: 50, n: 4000, alpha: 0.01, rule });
    x.dispose();
    return certificate;
  };

  it.each(rules)('$name: found valid, and refused with a radius or probabilities that are not theirs', async (rule) => {
    const certificate = await certified(rule);
    expect(certificate).toMatchObject({ label: 0, abstained: false, norm: 'l0', domain: noise.domain, dimension: 20 });
    expect(certificate.radius).toBeGreaterThanOrEqual(1);
    expect(Number.isInteger(certificate.radius)).toBe(true);
    const logged = JSON.parse(JSON.stringify(certificate)) as typeof certificate;
    const again = noiseOf({ name: logged.noise.name, parameters: logged.noise.parameters }) as Noise;
    expect(verifyCertificate(logged, again)).toEqual({ valid: true, faults: [], radius: certificate.radius });
    expect(verifyCertificate({ ...logged, radius: logged.radius + 1 }, noise).valid).toBe(false);
    for (const other of others) expect(() => verifyCertificate(logged, other)).toThrow('`noise` must be the one');
    // As if it had been drawn with a noise that flips next to nothing.
    const told = { ...logged, noise: { name: weak.name, parameters: weak.parameters } };
    expect(verifyCertificate(told, weak).valid).toBe(false);
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

  it('refuse ranks beyond the first', async () => {
    const x = tf.tensor(bits, [4, 5]);
    await expectError(
      () => g.certify(x, { key, n0: 50, n: 4000, alpha: 0.01, rule: topK({ k: 2 }) }),
      OptionError,
      `${noise.name === 'bit-flip' ? 'BitFlipNoise' : 'ValueFlipNoise'}.radiusAgainst: \`k\` must be 1, got 2 (for the most probable class take fixedSample or topTwo; for the k most probable ones AblationNoise)`,
    );
    x.dispose();
  });

  it('refuse inputs that are no such values', async () => {
    const x = tf.fill([4, 5], 0.5);
    await expect(g.certify(x, { key, n: 1000 })).rejects.toThrow(/got 0\.5/);
    x.dispose();
  });
});

it('changes within the radius leave the answer, changes far beyond do not', async () => {
  const noise = new BitFlipNoise({ addition: 0.05, deletion: 0.3 });
  const g = new SmoothedClassifier(classify, { noise, numClasses: 3 });
  const ask = async (values: readonly number[]): Promise<number> => {
    const x = tf.tensor1d([...values]);
    const { label } = await g.predict(x, { key, n: 2000, alpha: 0.001 });
    x.dispose();
    return label;
  };
  const x = tf.tensor1d(bits);
  const { label, radius } = await g.certify(x, { key, n: 20_000, alpha: 0.001 });
  x.dispose();
  expect(radius).toBeGreaterThanOrEqual(1);
  const without = (count: number): number[] => bits.map((bit, j) => (j < count ? 0 : bit));
  expect(await ask(without(radius))).toBe(label);
  expect(await ask(without(16))).not.toBe(label);
});

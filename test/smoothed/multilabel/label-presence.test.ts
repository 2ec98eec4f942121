import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKey, decodeMask, GaussianNoise, labelPresence, OptionError, verifyCertificate } from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { expectError } from '../../helpers/errors.ts';
import { typedTwin } from '../../helpers/typed.ts';

const sigma = 0.25;
const noise = new GaussianNoise({ sigma });
/** Label a has the logit x_a: a half-space, whose exact radius is the distance |x_a − t_a|. */
const logits = (x: tf.Tensor): tf.Tensor => tf.clone(x);
const point = [0.9, 0.1, 0.55, 0.15];
const options = { key: createKey(4), n: 2000, n0: 40, tau: 0.75 };

describe('labelPresence', () => {
  beforeAll(() => useBackend('cpu'));

  it('certifies labels as present or absent where they are farther from their threshold than the radius, one for all', async () => {
    const x = tf.tensor1d(point);
    const c = await labelPresence(logits, { noise, threshold: 0.5 }).certify(x, options);
    // The radius is σ Φ⁻¹(0.75) = 0.169: two labels are 0.4 away, the third 0.05, the last 0.35.
    expect(c.radius).toBeCloseTo(0.1686, 4);
    expect([...decodeMask(c.labels)]).toEqual([1, 0, -1, 0]);
    expect(verifyCertificate(c, noise)).toMatchObject({ valid: true });
    x.dispose();
  });

  it('takes a threshold for each label, of models of typed arrays too', async () => {
    const x = tf.tensor1d(point);
    const threshold = [0.5, 0.5, 0.2, 0.9];
    const c = await labelPresence(logits, { noise, threshold }).certify(x, options);
    expect([...decodeMask(c.labels)]).toEqual([1, 0, 1, 0]);
    expect(await labelPresence(typedTwin(logits), { noise, threshold }).certify(x, options)).toEqual(c);
    x.dispose();
  });

  it('refuses thresholds that are none', async () => {
    const text = 'labelPresence: `threshold` must be a finite number, or one for each label, got [NaN]';
    await expectError(() => labelPresence(logits, { noise, threshold: [NaN] }), OptionError, text);
  });
});

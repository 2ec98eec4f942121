import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CertifySegmentationOptions,
  createKey,
  decodeLabels,
  GaussianNoise,
  OptionError,
  SmoothedSegmenter,
} from 'catrs';
import { expectError } from '../../helpers/errors.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const g = new SmoothedSegmenter((x) => tf.clone(x), { noise, numClasses: 2, threshold: 0.5 });

const certifying = (more: object) => () => {
  const x = tf.zeros<tf.Rank.R3>([4, 4, 1]);
  const options = { key: createKey(1), n: 60, radii: 'per component', ...more } as CertifySegmentationOptions;
  return g.certify(x, options).finally(() => x.dispose());
};

describe('options beside radii of components', () => {
  beforeAll(async () => void (await tf.setBackend('cpu')));

  it.each([
    [{ radii: 'each' }, "SmoothedSegmenter.certify: `radii` must be 'together' or 'per component', got \"each\""],
    [
      { tau: 0.75 },
      "SmoothedSegmenter.certify: `tau` must be absent with `radii: 'per component'`, which knows no threshold, got 0.75 (leave it out, or `radii: 'together'`)",
    ],
    [
      { stop: { share: 0.5 } },
      "SmoothedSegmenter.certify: `stop` must be absent with `radii: 'per component'`, whose radii grow with every draw, got an object (Object) (leave it out, or `radii: 'together'`)",
    ],
    [
      { correction: 'holm' },
      "SmoothedSegmenter.certify: `correction` must be 'bonferroni' or 'k-fwer' with `radii: 'per component'`, got \"holm\" (leave it out, or `radii: 'together'`)",
    ],
    [
      { allowedErrors: 1 },
      "SmoothedSegmenter.certify: `allowedErrors` must be 0 with 'bonferroni', got 1 (correction: 'k-fwer' allows some)",
    ],
    [
      { correction: 'k-fwer', allowedErrors: 16 },
      'SmoothedSegmenter.certify: `allowedErrors` must be at most 15, one less than there are components, got 16',
    ],
    [{ n: 40_000 }, "SmoothedSegmenter.certify: `n` must be at most 32767 with `radii: 'per component'`, got 40000"],
    [
      { n: 13 },
      'SmoothedSegmenter.certify: `n` must be at least 14 for 16 components at alpha = 0.001, got 13 (with fewer draws even unanimous votes certify nothing)',
    ],
  ])('%j', async (more, message) => {
    await expectError(certifying(more), OptionError, message);
  });

  it('takes the least number of draws that it names', async () => {
    const c = await certifying({ n: 14 })();
    expect(c.certified).toBeGreaterThan(8);
    expect(c.radius).toBeGreaterThan(0);
  });

  it('decodeLabels refuses a radius below 0', () => {
    expect(() => decodeLabels({ labels: { shape: [1], runs: [0, 1] } }, { radius: -1 })).toThrow(
      'decodeLabels: `radius` must be a finite number of at least 0, got -1',
    );
  });
});

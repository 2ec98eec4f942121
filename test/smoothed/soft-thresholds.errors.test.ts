import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import {
  AblationNoise,
  CauchyNoise,
  createKey,
  GaussianNoise,
  type Noise,
  OptionError,
  SoftSmoothedClassifier,
} from 'catrs';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const { logits } = linearClassifier([1, -1], 0.4);
const CALL = 'SoftSmoothedClassifier.certify';

beforeAll(() => useBackend('cpu'));

async function refused(
  options: Record<string, unknown>,
  text: string,
  noise: Noise = new GaussianNoise({ sigma: 1 }),
): Promise<void> {
  const x = tf.tensor1d([0.9, 0.1]);
  const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2 });
  const asked = { key: createKey(1), n: 200, bound: 'thresholds' as const, ...options };
  await expectError(() => soft.certify(x, asked), OptionError, `${CALL}: ${text}`);
  x.dispose();
}

it.each([
  [{ bound: 'band' }, "`bound` must be 'empirical-bernstein' or 'thresholds', got \"band\""],
  [{ thresholds: 0 }, 0],
  [{ thresholds: 1.5 }, 1.5],
  [{ thresholds: 10_001 }, 10_001],
  [{ thresholds: [] }, '[]'],
  [{ thresholds: [0, 1] }, '[0, 1]'],
  [{ thresholds: [0.5, 1.1] }, '[0.5, 1.1]'],
  [{ thresholds: [0.9, 0.5] }, '[0.9, 0.5]'],
  [{ thresholds: 'many' }, '"many"'],
])('refuses %j', async (options, text) => {
  const must =
    '`thresholds` must be a number of thresholds from 1 to 10 000, or a list of ascending ones in (0, 1], got ';
  await refused(options, 'thresholds' in options ? `${must}${text}` : String(text));
});

it('refuses thresholds for the empirical Bernstein bound', async () => {
  const text = "`thresholds` must be left out for the empirical Bernstein bound, got 5 (ask for bound: 'thresholds')";
  await refused({ bound: undefined, thresholds: 5 }, text);
});

it('refuses thresholds that prove nothing above 1/2', async () => {
  await refused(
    { thresholds: [0.25, 0.5] },
    '`thresholds` must have one above 1/2, to bound the mean score above 1/2, got [0.25, 0.5]',
  );
});

it('refuses an n with which nothing could be certified', async () => {
  const way = '(with fewer samples even unanimous scores abstain: raise n or alpha, or ask for fewer thresholds)';
  await refused(
    { n: 10, thresholds: 2 },
    `\`n\` must be at least 11 for a bound above 1/2 by 2 thresholds at level 0.001, got 10 ${way}`,
  );
});

it('refuses noises that shift no probability, and norms that count changes', async () => {
  const way =
    '(it knows only what stays above 1/2; GaussianNoise, SoundGaussianNoise, UniformNoise and LaplaceNoise shift any probability)';
  await refused({}, `\`noise\` must have shiftDown, got "cauchy" ${way}`, new CauchyNoise({ scale: 1 }));
  const counting = new AblationNoise({ inputShape: [2], keep: 1, positions: 'values', encoding: 'mask' });
  await refused(
    {},
    '`bound` must be \'empirical-bernstein\' in norm l0, got "thresholds" (radii of thresholds are lengths)',
    counting,
  );
});

it('knows no bound for predictions', async () => {
  const x = tf.tensor1d([0.9, 0.1]);
  const soft = new SoftSmoothedClassifier(logits, { noise: new GaussianNoise({ sigma: 1 }), numClasses: 2 });
  const options = { key: createKey(1), n: 200, bound: 'thresholds' };
  const text = 'SoftSmoothedClassifier.predict: unknown option `bound`; known options: ';
  await expect(soft.predict(x, options)).rejects.toThrow(text);
  x.dispose();
});

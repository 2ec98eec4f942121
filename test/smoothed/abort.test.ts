import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { expectNoLeak } from '../helpers/leaks.ts';
import { linearClassifier } from '../helpers/linear.ts';

const key = createKey(0);
const { logits } = linearClassifier([1, -1], 0.3);

describe('a run of the smoothed classifier', () => {
  let forwards = 0;
  let onForward = (): void => undefined;
  const classifier = (x: tf.Tensor): tf.Tensor => {
    forwards++;
    onForward();
    return logits(x);
  };
  const g = new SmoothedClassifier(classifier, {
    noise: new GaussianNoise({ sigma: 0.5 }),
    numClasses: 2,
    batchSize: 100,
  });
  beforeAll(() => useBackend('cpu'));

  it.each(['sampleCounts', 'probabilities', 'predict', 'certify'] as const)(
    'is not begun by %s when it was aborted before',
    async (method) => {
      const x = tf.tensor1d([0.5, 0.5]);
      const reason = new Error('enough');
      forwards = 0;
      await expectNoLeak(async () => {
        expect(await thrownBy(() => g[method](x, { key, n: 100, signal: AbortSignal.abort(reason) }))).toBe(reason);
      });
      expect(forwards).toBe(0);
      x.dispose();
    },
  );

  it('ends with the reason when it is aborted on the way, and leaves no tensor', async () => {
    const x = tf.tensor1d([0.5, 0.5]);
    const controller = new AbortController();
    const reason = new Error('enough');
    forwards = 0;
    onForward = () => void (forwards === 5 && controller.abort(reason));
    await expectNoLeak(async () => {
      const run = () => g.certify(x, { key, n: 100_000, signal: controller.signal });
      expect(await thrownBy(run)).toBe(reason);
    });
    onForward = () => undefined;
    expect(forwards, 'no batch is begun after the abort').toBe(5);
    x.dispose();
  });

  it('lets the event loop of the host turn', async () => {
    const x = tf.tensor1d([0.5, 0.5]);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const started = performance.now();
    let finished = false;
    const controller = new AbortController();
    const run = g.certify(x, { key, n: 100_000_000, signal: controller.signal }).catch(() => (finished = true));
    while (ticks < 3 && performance.now() - started < 20_000) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(finished).toBe(false);
    expect(ticks).toBeGreaterThanOrEqual(3);
    controller.abort();
    clearInterval(timer);
    await run;
    x.dispose();
  });

  it('comes to its result when nobody aborts', async () => {
    const x = tf.tensor1d([0.5, 0.5]);
    const { signal } = new AbortController();
    expect((await g.certify(x, { key, n0: 100, n: 500, alpha: 0.1, signal })).label).toBe(1);
    x.dispose();
  });
});

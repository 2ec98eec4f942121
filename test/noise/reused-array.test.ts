import * as tf from '@tensorflow/tfjs';
import { createKey, GaussianNoise } from 'catrs';
import { expect, it } from 'vitest';
import { describeBackends } from '../helpers/backends.ts';

describeBackends('noisy copies drawn one after the other', () => {
  it('do not share their memory, whatever their size', async () => {
    const noise = new GaussianNoise({ sigma: 1 });
    const x = tf.zeros([5]);
    const draw = (start: number, count: number): tf.Tensor => noise.perturb(x, { key: createKey(0), start, count });
    const [first, second, third] = [draw(0, 40), draw(40, 10), draw(0, 60)];
    const whole = Array.from(await third.data());
    expect(Array.from(await first.data())).toEqual(whole.slice(0, 200));
    expect(Array.from(await second.data())).toEqual(whole.slice(200, 250));
    expect(new Set(whole).size).toBe(300);
    tf.dispose([x, first, second, third]);
  });
});

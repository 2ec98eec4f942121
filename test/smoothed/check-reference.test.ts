import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LogitsFn, TypedClassifier } from '../../src/classifier/types.ts';
import { BackendError, OptionError } from '../../src/errors.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { checkBackend } from '../../src/smoothed/check-backend.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';

const reference: LogitsFn = (x) => tf.tidy(() => tf.concat([x, tf.neg(x)], 1));
/** The same of typed arrays, the second logit off by some. */
const typed = (off: number): TypedClassifier => ({
  classify: (x, { batch }) =>
    Float32Array.from({ length: 2 * batch }, (_, i) => (i % 2 ? off - x[i >> 1]! : x[i >> 1]!)),
});
const drawn = { noise: new GaussianNoise({ sigma: 0.25 }), key: createKey(3) };

describe('checkBackend with a reference', () => {
  let x: tf.Tensor;
  beforeAll(async () => {
    await useBackend('cpu');
    x = tf.tensor([[0.25], [0.75]]);
  });

  it.each(['cpu', 'wasm'] as const)('holds a runtime against the model on cpu, beside %s', async (backend) => {
    await useBackend(backend);
    const check = await checkBackend(typed(0), x, { ...drawn, reference });
    expect(check).toMatchObject({ backend: null, comparedWith: 'cpu', copies: 3 });
    expect(await checkBackend(typed(0.5), x, drawn)).toMatchObject({ comparedWith: 'single rows' });
    const error = await thrownBy(() => checkBackend(typed(0.5), x, { ...drawn, reference }));
    expect(error).toBeInstanceOf(BackendError);
    expect((error as Error).message).toMatch(
      /^checkBackend: `classifier` must compute what cpu computes of its reference, got outputs that differ by 0\.5 in a batch of 2, where the largest is .* \(take the model itself\)$/,
    );
    await useBackend('cpu');
  });

  it('refuses one where there is nothing to compare, and one that is not of tensors', async () => {
    await expectError(
      () => checkBackend(reference, x, { ...drawn, reference }),
      OptionError,
      'checkBackend: `classifier` must be of typed arrays with `reference`, got a classifier of tensors, which cpu computes itself (leave `reference` out)',
    );
    await expectError(
      () => checkBackend(typed(0), x, { ...drawn, reference: typed(0) as never }),
      OptionError,
      'checkBackend: `reference` must be a function to logits, a tf.LayersModel or a tf.GraphModel, got an object (Object)',
    );
  });
});

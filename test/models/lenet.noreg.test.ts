import { expect, it } from 'vitest';
import { lenet } from '../../src/models/lenet.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';

// Only there to notice a change: trained models are reproducible from a seed as long as these numbers stay.
it('the initial weights of a seed do not change', async () => {
  await useBackend('cpu');
  const model = lenet({ key: createKey(2023) });
  const firstOfEach = await Promise.all(model.getWeights().map(async (weight) => (await weight.data())[0]));
  expect(firstOfEach).toMatchInlineSnapshot(`
    [
      0.15868738293647766,
      -0.15849585831165314,
      0.030506670475006104,
      -0.03388526663184166,
      0.013474545441567898,
      -0.004095114301890135,
      -0.039195068180561066,
      -0.03533481806516647,
    ]
  `);
  model.dispose();
});

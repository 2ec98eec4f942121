import { expect, it } from 'vitest';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';

// Only there to notice a change: trained models are reproducible from a seed as long as these numbers stay.
it('the initial weights of a seed do not change', async () => {
  await useBackend('cpu');
  const model = cifarResnet({ key: createKey(2023), depth: 8 });
  const drawn = model.weights.filter(({ originalName }) => /kernel|fc/.test(originalName));
  const entries = drawn.map(async (weight) => [weight.originalName, (await weight.read().data())[0]] as const);
  const firstOfEach = Object.fromEntries(await Promise.all(entries));
  expect(firstOfEach).toMatchInlineSnapshot(`
    {
      "conv1/kernel": -0.000550184806343168,
      "fc/bias": 0.04797831177711487,
      "fc/kernel": -0.08139291405677795,
      "layer1/0/conv1/kernel": 0.24040891230106354,
      "layer1/0/conv2/kernel": 0.0475417859852314,
      "layer2/0/conv1/kernel": 0.1520732045173645,
      "layer2/0/conv2/kernel": 0.029394252225756645,
      "layer2/0/downsample/0/kernel": 0.045041460543870926,
      "layer3/0/conv1/kernel": -0.07191618531942368,
      "layer3/0/conv2/kernel": -0.094915010035038,
      "layer3/0/downsample/0/kernel": 0.20744688808918,
    }
  `);
  model.dispose();
});

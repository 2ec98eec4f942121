import { describe, expect, it } from 'vitest';
import { createKey } from 'catrs';
import { makeNetwork } from '../../src/cli/torch-model.ts';

const plan = { key: createKey(0), inputShape: [32, 32, 3], numClasses: 10 } as const;

describe('the names of --arch', () => {
  it.each([
    ['lenet', 'lenet', 0],
    ['resnet20', 'cifar_resnet20', 16],
    ['cifar-resnet20', 'cifar_resnet20', 16],
    ['cifar-resnet50', 'cifar_resnet50', 16],
    ['resnet18', 'resnet18', 64],
    ['resnet50', 'resnet50', 64],
  ])('%s makes %s', (name, made, filters) => {
    const model = makeNetwork(name, plan);
    const [kernel] = model.getLayer('conv1').getWeights();
    if (filters > 0) expect([model.name, kernel?.shape.at(-1)]).toEqual([made, filters]);
    else expect(kernel?.shape).toEqual([5, 5, 3, 20]);
    model.dispose();
  });

  it.each(['vgg', 'resnet', 'cifar-resnet', 'resnet20x'])('%s is refused', (name) => {
    expect(() => makeNetwork(name, plan)).toThrow(`--arch must be lenet or resnet<depth>, got ${name}`);
  });
});

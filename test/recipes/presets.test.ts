import { describe, expect, it } from 'vitest';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { methods as table } from '../../src/recipes/methods.ts';
import type { PublishedMethod, MethodPresets } from '../../src/recipes/preset-types.ts';
import { presets } from '../../src/recipes/presets.ts';
import { rateDrop, stepDecay } from '../../src/recipes/schedules.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import { linearClassifier } from '../helpers/linear.ts';

const { logits } = linearClassifier([1, -1], 0);

type AnyPreset = MethodPresets[keyof MethodPresets];
const all = Object.entries(presets).flatMap(([dataset, bySigma]) =>
  Object.entries(bySigma as Record<string, Record<string, AnyPreset>>).flatMap(([sigma, methods]) =>
    Object.entries(methods).map(([method, preset]) => ({
      name: `${dataset} ${sigma} ${method}`,
      sigma,
      method,
      preset,
    })),
  ),
);

describe('presets', () => {
  it.each(all)('$name makes its loss, its optimizer and its schedule', ({ sigma, method, preset }) => {
    const { loss, training } = preset;
    const attack = 'attack' in preset ? preset.attack : undefined;
    const noise = new GaussianNoise({ sigma: Number(sigma) });
    expect(table[method as PublishedMethod].make(logits, { noise, loss, attack } as never).prepare).toBeTypeOf(
      'function',
    );
    const { learningRate, momentum, weightDecay, stepEpochs, gamma, rateDropEpoch, epochs } = training;
    new Sgd({ learningRate, momentum, weightDecay }).dispose();
    const steps = stepDecay({ initial: learningRate, every: stepEpochs, gamma, timing: 'published' });
    const rate = rateDropEpoch === undefined ? steps : rateDrop(steps, { epoch: rateDropEpoch, timing: 'published' });
    expect(rate(epochs - 1)).toBeCloseTo(learningRate / 100, 12);
    expect(JSON.parse(JSON.stringify(preset)), 'plain data').toEqual(preset);
    // Copies of the loss and of its attack are the same ones, and cut the batch, where the method is cut at all.
    const copies = preset.loss.numNoise!;
    if ('attack' in preset && 'numNoise' in preset.attack) expect(preset.attack.numNoise).toBe(copies);
    const whole = ['gaussian', 'stability', 'macer'].includes(method);
    expect(training.microBatches).toBe(whole ? 1 : copies);
  });

  it('are the numbers of the commands of EXPERIMENTS.MD, CIFAR-10', () => {
    const of = <T>(pick: (methods: (typeof presets.cifar10)[0.25]) => T): T[] =>
      [presets.cifar10[0.25], presets.cifar10[0.5], presets.cifar10[1]].map(pick);
    expect(of(({ stability }) => stability.loss.lambda)).toEqual([2, 2, 1]);
    expect(of(({ smoothadv }) => [smoothadv.loss.numNoise, 256 * smoothadv.attack.epsilon])).toEqual([[4, 256], [8, 256], [2, 512]]); // prettier-ignore
    expect(of(({ macer }) => [macer.loss.lambda, macer.loss.deferredEpochs])).toEqual([[12, 0], [6, 0], [12, 51]]); // prettier-ignore
    expect(of(({ consistency }) => consistency.loss.lambda)).toEqual([20, 10, 10]);
    expect(of(({ smoothmix }) => [smoothmix.attack.stepSize, smoothmix.attack.mixStep])).toEqual([[0.5, 0], [1, 1], [2, 1]]); // prettier-ignore
    expect(of(({ catrs }) => catrs.loss.lambda)).toEqual([0.5, 1, 2]);
    expect(of(({ macer, gaussian }) => [macer.training.batchSize, gaussian.training.batchSize])).toEqual(Array(3).fill([64, 256])); // prettier-ignore
  });

  it('cover what is published', () => {
    const count = (dataset: string): number => all.filter(({ name }) => name.startsWith(`${dataset} `)).length;
    expect(['cifar10', 'cifar100', 'mnist', 'fmnist', 'imagenet'].map(count)).toEqual([21, 1, 19, 1, 2]);
  });
});

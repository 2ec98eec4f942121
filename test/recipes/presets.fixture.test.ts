import { describe, expect, it } from 'vitest';
import { presets } from '../../src/recipes/presets.ts';
import { type PublishedRun, publishedModels, publishedRuns, publishedSchedules } from './published-settings.ts';

type AnyPreset = { readonly source: string; readonly notes: readonly string[] };
const bySigma = presets as unknown as Record<string, Record<string, Record<string, AnyPreset>>>;

/** The options of catrs that a published run means: the names of the papers, lengths in input units. */
function expected(run: PublishedRun): object {
  const { dataset, method, copies = 1, lbd, steps, alpha, mixStep, deferred, epsilon256 = NaN } = run;
  const schedule = publishedSchedules[`${dataset} ${method}`] ?? publishedSchedules[dataset];
  const [learningRate, stepEpochs, epochs] = schedule!;
  const isCut = method !== 'gaussian' && method !== 'stability' && method !== 'macer';
  const epsilon = epsilon256 / 256;
  const crops = { cifar10: 'crop-and-flip', cifar100: 'crop-and-flip', imagenet: 'resized-crop-and-flip' };
  const onImageNet = dataset === 'imagenet' && method === 'catrs';
  const training = {
    epochs,
    batchSize: method === 'macer' && dataset === 'cifar10' ? 64 : 256,
    learningRate,
    momentum: 0.9,
    weightDecay: 1e-4,
    stepEpochs,
    gamma: 0.1,
    ...(onImageNet && { rateDropEpoch: 85 }),
    microBatches: isCut ? copies : 1,
    augmentation: (crops as Record<string, string>)[dataset] ?? 'none',
  };
  const parts = {
    gaussian: { loss: { numNoise: 1 } },
    stability: { loss: { lambda: lbd, numNoise: 1 } },
    smoothadv: {
      loss: { numNoise: copies, warmupEpochs: 10 },
      attack: { epsilon, steps, numNoise: copies },
    },
    // --deferred: λ is 0 up to and including the epoch --lr_step_size.
    macer: {
      loss: { lambda: lbd, gamma: 8, beta: 16, numNoise: 16, deferredEpochs: deferred ? stepEpochs + 1 : 0 },
    },
    consistency: { loss: { lambda: lbd, eta: 0.5, mode: 'default', numNoise: copies } },
    smoothmix: {
      loss: { eta: 5, numNoise: copies, warmupEpochs: 10 },
      attack: { stepSize: alpha, steps, mixStep, numNoise: copies },
    },
    catrs: {
      loss: {
        lambda: lbd,
        numNoise: copies,
        ...(onImageNet && { confidenceMask: true, epsilonSchedule: [{ epoch: 80, factor: 2 }] }),
      },
      attack: { epsilon, steps },
      softTargets: { sigma: 0.25, n: 10_000 },
    },
  };
  return { training, model: publishedModels[dataset], ...parts[method] };
}

describe('presets against the published settings', () => {
  it.each(publishedRuns)('$dataset, sigma $sigma, $method', (run) => {
    const preset = bySigma[run.dataset]?.[run.sigma]?.[run.method];
    const { source, notes, ...numbers } = preset!;
    expect(numbers).toEqual(expected(run));
    expect(source).toMatch(run.dataset === 'mnist' && run.method !== 'catrs' ? /smoothmix/ : /smoothing-catrs/);
    expect(Array.isArray(notes)).toBe(true);
  });

  it('and there is no preset without a published run', () => {
    const names = Object.entries(bySigma).flatMap(([dataset, sigmas]) =>
      Object.entries(sigmas).flatMap(([sigma, methods]) => Object.keys(methods).map((m) => `${dataset} ${sigma} ${m}`)),
    );
    expect(names.sort()).toEqual(publishedRuns.map((run) => `${run.dataset} ${run.sigma} ${run.method}`).sort());
  });
});

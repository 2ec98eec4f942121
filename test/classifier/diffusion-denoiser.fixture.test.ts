import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { diffusionDenoiser, type DiffusionPrediction, diffusionStep, type TypedDenoiser } from 'catrs';
import golden from '../fixtures/families/extended-denoised.json' with { type: 'json' };

type Schedule = 'linear' | 'cosine';
const relative = (value: number, exact: string): number => Math.abs(value - Number(exact)) / Number(exact);

describe('the step of a diffusion', () => {
  it.each(golden.schedule)('is the golden one: $kind, $steps steps, sigma $sigma', (row) => {
    const schedule = row.kind as Schedule;
    const rescaleTime = row.conditioning === row.t ? undefined : 1000;
    const step = diffusionStep({ schedule, steps: row.steps, sigma: row.sigma, rescaleTime });
    expect([step.t, step.time]).toEqual([row.t, row.conditioning]);
    expect(relative(step.alphaBar, row.alphaBar)).toBeLessThan(1e-11);
    expect(relative(step.inputScale, row.inputScale)).toBeLessThan(1e-11);
    expect(relative(step.noise, row.noise)).toBeLessThan(1e-11);
    expect(step.noise / 2).toBeGreaterThanOrEqual(row.sigma);
  });

  it.each(golden.last)('reaches sigma $sigma with $kind, $steps steps, and no more', ({ kind, steps, sigma }) => {
    const options = { schedule: kind as Schedule, steps };
    expect(diffusionStep({ ...options, sigma: Number(sigma) * (1 - 1e-9) }).t).toBe(steps - 1);
    expect(() => diffusionStep({ ...options, sigma: Number(sigma) * (1 + 1e-9) })).toThrow(
      'diffusionStep: `sigma` must be one that the schedule reaches',
    );
  });
});

describe('denoising in one step', () => {
  it.each(golden.oneShot)('gives the golden pixels: $kind, $predicts, t = $t', async (row) => {
    // Sigma of the step itself.
    const schedule = row.kind as Schedule;
    const all = sigmasOf(schedule, row.steps);
    const sigma = (all[row.t - 1]! + all[row.t]!) / 2;
    const options = { schedule, steps: row.steps, sigma, predicts: row.predicts as DiffusionPrediction };
    const seen: unknown[] = [];
    const network: TypedDenoiser = {
      denoise: (_, { time }) => {
        seen.push(time);
        return Float32Array.from(row.output);
      },
    };
    const typed = await diffusionDenoiser(network, options).denoise(Float32Array.from(row.z), { batch: 1, shape: [4] });
    const x = tf.tensor2d([row.z]);
    const images = diffusionDenoiser((_, { time }) => {
      seen.push(time);
      return tf.tensor2d([row.output]);
    }, options)(x, { training: false });
    const tensors = await images.data();
    tf.dispose([x, images]);
    expect(seen).toEqual([row.t, row.t]);
    row.result.forEach((exact, i) => {
      expect(Math.abs(typed[i]! - Number(exact))).toBeLessThan(1e-6);
      expect(Math.abs(tensors[i]! - Number(exact))).toBeLessThan(1e-6);
    });
  });
});

/** Sigma of each step, by the definition of the schedules. */
function sigmasOf(schedule: Schedule, steps: number): number[] {
  let product = 1;
  const cosine = (u: number): number => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  return Array.from({ length: steps }, (_, t) => {
    const linear = ((1e-4 + ((0.02 - 1e-4) * t) / (steps - 1)) * 1000) / steps;
    product *= 1 - (schedule === 'linear' ? linear : Math.min(1 - cosine((t + 1) / steps) / cosine(t / steps), 0.999));
    return Math.sqrt((1 - product) / product) / 2;
  });
}

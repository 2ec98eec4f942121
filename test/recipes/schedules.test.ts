import { describe, expect, it } from 'vitest';
import { linearWarmup, rateDrop, type Schedule, stepDecay } from '../../src/recipes/schedules.ts';

const step = { initial: 0.1, every: 50 };

/**
 * The official loop with torch 1.13: one epoch at the current rate, the log line with get_lr(), then StepLR.step(epoch), whose closed form
 * sets the rate. Gives what each epoch trains with, and what its log line prints.
 */
function officialLoop(initial: number, every: number, epochs: number, drop = Infinity) {
  const gamma = 0.1;
  const trained: number[] = [];
  const printed: number[] = [];
  let rate = initial;
  let last = 0; // last_epoch after the scheduler is made
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (epoch === drop) rate *= gamma;
    trained.push(rate);
    printed.push(last === 0 || last % every !== 0 ? rate : rate * gamma);
    last = epoch;
    rate = initial * gamma ** Math.floor(epoch / every);
  }
  return { trained, printed };
}

/** The epochs in which a list changes, and its value from there on. */
function changes(values: readonly number[]): [epoch: number, value: number][] {
  const found = values.map((value, epoch): [number, number] => [epoch, Number(value.toPrecision(3))]);
  return found.filter(([epoch, value]) => epoch === 0 || value !== Number(values[epoch - 1]!.toPrecision(3)));
}
const table = (rate: Schedule, epochs: number): number[] => Array.from({ length: epochs }, (_, e) => rate(e));

describe('stepDecay', () => {
  it.each([
    ['published', 49, 0.1],
    ['published', 50, 0.1],
    ['published', 51, 0.1 * 0.1],
    ['published', 100, 0.1 * 0.1],
    ['published', 101, 0.1 * 0.1 ** 2],
    ['published', 0, 0.1],
    ['intended', 49, 0.1],
    ['intended', 50, 0.1 * 0.1],
    ['intended', 99, 0.1 * 0.1],
    ['intended', 100, 0.1 * 0.1 ** 2],
  ] as const)('%s, epoch %i: %d', (timing, epoch, rate) => {
    expect(stepDecay({ ...step, timing })(epoch)).toBe(rate);
  });

  it.each([
    [0.1, 50, 150],
    [0.01, 30, 90],
    [0.1, 1, 6],
  ])('published is what the official loop trains with: %d, every %i', (initial, every, epochs) => {
    const { trained } = officialLoop(initial, every, epochs);
    expect(table(stepDecay({ initial, every, timing: 'published' }), epochs)).toEqual(trained);
  });

  it('explains the column of the published logs: get_lr has one factor more in the epoch of a drop', () => {
    // data/cifar10/noise_0.25/cat-rs/log.txt and data/fmnist/noise_0.5/cohen/log.txt: epochs in which the column changes.
    const cifar = [[0, 0.1], [51, 0.001], [52, 0.01], [101, 1e-4], [102, 1e-3]]; // prettier-ignore
    const fmnist = [[0, 0.01], [31, 1e-4], [32, 1e-3], [61, 1e-5], [62, 1e-4]]; // prettier-ignore
    expect(changes(officialLoop(0.1, 50, 150).printed)).toEqual(cifar);
    expect(changes(officialLoop(0.01, 30, 90).printed)).toEqual(fmnist);
  });

  it('takes another factor', () => {
    expect(table(stepDecay({ initial: 8, every: 2, gamma: 0.5, timing: 'intended' }), 6)).toEqual([8, 8, 4, 4, 2, 2]);
  });
});

describe('rateDrop', () => {
  const steps = stepDecay({ initial: 0.1, every: 30, timing: 'published' });

  it('published is the lr_drop of the official loop: one epoch', () => {
    const rate = rateDrop(steps, { epoch: 85, timing: 'published' });
    expect(table(rate, 90)).toEqual(officialLoop(0.1, 30, 90, 85).trained);
    expect(changes(table(rate, 90))).toEqual([[0, 0.1], [31, 0.01], [61, 0.001], [85, 1e-4], [86, 1e-3]]); // prettier-ignore
  });

  it('intended lasts', () => {
    const rate = rateDrop(steps, { epoch: 85, timing: 'intended' });
    expect(changes(table(rate, 90))).toEqual([[0, 0.1], [31, 0.01], [61, 0.001], [85, 1e-4]]); // prettier-ignore
    expect(rateDrop(() => 1, { epoch: 2, gamma: 0.25, timing: 'intended' })(7)).toBe(0.25);
  });
});

describe('linearWarmup', () => {
  it('grows to 1', () => {
    expect(table(linearWarmup({ epochs: 4 }), 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    expect(linearWarmup({ epochs: 1 })(0)).toBe(1);
  });
});

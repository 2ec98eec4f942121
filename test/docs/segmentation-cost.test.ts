import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
const guide = read('guide/segmentation.md').replaceAll(/\s+/g, ' ');
const { results, memories, machine, rounds, ...setting } = JSON.parse(read('results/segmentation/cost.json')) as {
  readonly machine: { readonly processor: string; readonly cores: number; readonly node: string };
  readonly rounds: number;
  readonly batch: number;
  readonly size: number;
  readonly classes: number;
  readonly results: readonly { readonly engine: string; readonly share: number }[];
  readonly memories: readonly { readonly n: number; readonly mebibytesOfTensors: number }[];
};

describe('what the guide says of the cost of masks', () => {
  it.each(results)('is that of the saved run: $engine', ({ engine, share }) => {
    expect(guide).toContain(`**${(100 * share).toFixed(1)} %**`);
    expect(guide).toContain(engine.startsWith('Web') ? engine.slice(engine.indexOf('(')) : engine);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(0.05);
  });

  it('names the machine and what was counted', () => {
    expect(setting).toEqual({ batch: 256, size: 128, classes: 19 });
    const { processor, cores, node } = machine;
    expect(guide).toContain(`(processor ${processor}, ${cores} cores, Node ${node}; medians of ${rounds} rounds`);
  });

  it('has memory that does not grow with n', () => {
    expect(memories.map(({ n }) => n)).toEqual([100, 1000, 10_000]);
    const tensors = new Set(memories.map(({ mebibytesOfTensors }) => Math.round(mebibytesOfTensors)));
    expect([...tensors].map((size) => `${size} MiB of tensors`).every((text) => guide.includes(text))).toBe(true);
    expect(tensors.size).toBe(1);
  });
});

import { expect } from 'vitest';
import type { TorchTensor } from '../../src/models/torch-weights.ts';
import type { WeightEntry } from '../helpers/fixtures.ts';

/** A weight of a golden file, which says also how PyTorch has it. */
export interface TorchWeightEntry extends WeightEntry {
  readonly torch_name: string;
  readonly torch_shape: readonly number[];
  readonly layout: string;
}

/** A golden weight as PyTorch has it: the inverse of what the makers of the golden file did, written down index by index. */
export function torchTensor(
  { shape, torch_shape, layout }: TorchWeightEntry,
  data: ArrayLike<number>,
  image?: readonly [height: number, width: number, channels: number],
): { shape: readonly number[]; data: Float32Array } {
  const torch = new Float32Array(data.length);
  const at = (index: readonly number[], within: readonly number[]): number =>
    index.reduce((offset, i, axis) => offset * within[axis]! + i, 0);
  for (let i = 0; i < data.length; i++) {
    const index = indexOf(i, shape);
    if (layout === 'HWIO') {
      const [y, x, input, output] = index as [number, number, number, number];
      torch[at([output, input, y, x], torch_shape)] = data[i]!;
    } else if (shape.length === 2) {
      const [input, output] = index as [number, number];
      torch[at([output, image ? flattenedByTorch(input, image) : input], torch_shape)] = data[i]!;
    } else torch[i] = data[i]!;
  }
  return { shape: torch_shape, data: torch };
}

function flattenedByTorch(i: number, image: readonly [number, number, number]): number {
  const [y, x, channel] = indexOf(i, image) as [number, number, number];
  return (channel * image[0] + y) * image[1] + x;
}

function indexOf(i: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = i;
  for (const length of [...shape].reverse()) {
    index.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return index;
}

/** Fails unless both hold the same tensors; `toEqual` takes seconds for a kernel. */
export function expectSameTensors(
  actual: ReadonlyMap<string, TorchTensor>,
  expected: ReadonlyMap<string, TorchTensor>,
): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { shape, data }] of actual) {
    const other = expected.get(name)!;
    expect(shape, name).toEqual(other.shape);
    expect(data.length, name).toBe(other.data.length);
    expect(
      Array.prototype.findIndex.call(data, (value, i) => value !== other.data[i]),
      name,
    ).toBe(-1);
  }
}

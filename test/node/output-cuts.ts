import { readFile, rm, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { DataError, OptionError } from '../../src/errors.ts';
import { outputFamilyOf } from '../helpers/output-families.ts';
import { outputsWithoutTimes, readOutputs, runOutputs } from './output-runs.ts';

const regression = outputFamilyOf('regression');

/** A log that ends at every `step`-th byte of its header or its last line is gone on with, to the same bytes. */
export async function expectCutsGoneOnWith(file: string, step: number): Promise<void> {
  const change = { select: { start: 1, max: 2 }, recheck: false };
  await runOutputs(regression, file, change);
  const whole = await readFile(file);
  const expected = outputsWithoutTimes(whole.toString());
  const last = whole.subarray(0, -1).lastIndexOf('\n') + 1;
  const header = whole.indexOf('\n') + 1;
  const from = (begin: number, end: number): number[] =>
    Array.from({ length: Math.floor((end - begin) / step) + 1 }, (_, i) => begin + i * step);
  for (const length of [...from(0, header), ...from(last, whole.length), whole.length - 1, whole.length]) {
    await writeFile(file, whole.subarray(0, length));
    const { resumed } = await runOutputs(regression, file, change);
    const ends = whole.subarray(0, length).filter((byte) => byte === 10).length;
    expect(resumed, `after ${length} bytes`).toBe(Math.max(0, ends - 1));
    if ((await readOutputs(file)) !== expected) expect.fail(`other bytes after a cut at ${length}`);
    await rm(file);
  }
}

/** A log in which one byte of every `step` is another one is refused, and left as it is. */
export async function expectBytesHeld(file: string, step: number): Promise<void> {
  const change = { select: { max: 2 } };
  await runOutputs(regression, file, change);
  const whole = await readFile(file);
  // The time follows from nothing, and numbers are held against each other to 1e-12.
  const free = /"milliseconds":[\d.]+|(?<=\.\d{10})\d+(e-\d+)?/g;
  const parts = [...whole.toString().matchAll(free)].map(
    ({ index, 0: { length } }) => [index, index + length] as const,
  );
  let tried = 0;
  for (let at = 0; at < whole.length - 1; at += step) {
    if (parts.some(([begin, end]) => at >= begin && at < end)) continue;
    const bytes = Buffer.from(whole);
    bytes[at] = whole[at] === 0x37 ? 0x33 : 0x37; // a digit for anything, another digit for a 7
    await writeFile(file, bytes);
    const error: unknown = await runOutputs(regression, file, change).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const around = bytes.toString('latin1', Math.max(0, at - 40), at + 20);
    expect(error instanceof DataError || error instanceof OptionError, `byte ${at}: ${around}`).toBe(true);
    expect(await readFile(file), 'left as it is').toEqual(bytes);
    tried++;
  }
  expect(tried).toBeGreaterThan(20);
}

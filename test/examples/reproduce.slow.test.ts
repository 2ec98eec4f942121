import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCertificationLog } from 'catrs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadDigits } from '../../examples/load-digits.ts';

const PIXELS = 28 * 28;

// Real digits in the files of Fashion-MNIST, which no npm package has: the chain is the same. The report holds the labels of the test
// images against the official logs, so the digits are put into their order.
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-reproduce-'));
  const training = await loadDigits({ perClass: 110 });
  await writeImages('train', training.labels, ofClass(training.values));
  const log = await decodeCertificationLog(await readFile('test/fixtures/logs/fmnist/cohen__0.25.tsv.gz'));
  const test = await loadDigits({ from: 110, perClass: 100 });
  await writeImages('t10k', log.slice(0, 400).map(({ label }) => label), ofClass(test.values)); // prettier-ignore
});
afterAll(() => rm(folder, { recursive: true }));

/** Gives the next image of a class; every tenth image is of the same. */
function ofClass(values: Float32Array): (label: number) => Float32Array {
  const taken = new Map<number, number>();
  return (label) => {
    const before = taken.get(label) ?? 0;
    taken.set(label, before + 1);
    const begin = (10 * before + label) * PIXELS;
    return values.subarray(begin, begin + PIXELS);
  };
}

async function writeImages(
  part: string,
  labels: readonly number[],
  next: (label: number) => Float32Array,
): Promise<void> {
  const images = new Uint8Array(labels.length * PIXELS);
  labels.forEach((label, i) =>
    images.set(
      next(label).map((value) => Math.round(255 * value)),
      i * PIXELS,
    ),
  );
  await writeFile(join(folder, `${part}-images-idx3-ubyte`), idx(images, [labels.length, 28, 28]));
  await writeFile(join(folder, `${part}-labels-idx1-ubyte`), idx(Uint8Array.from(labels), [labels.length]));
}

function idx(values: Uint8Array, shape: readonly number[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  shape.forEach((size, i) => header.setUint32(4 + 4 * i, size));
  return new Uint8Array([...new Uint8Array(header.buffer), ...values]);
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function reproduce(...args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/reproduce/main.ts', ...args]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

it('trains, certifies, reports and checks from one command; a second run has nothing to do', async () => {
  const results = join(folder, 'results');
  const places = ['--quick', '--data', folder, '--runs', join(folder, 'runs'), '--results', results];
  const run = [...places, '--methods', 'gaussian,consistency,catrs'];
  const first = await reproduce(...run);
  expect(first.code, first.stderr).toBe(0);
  for (const name of ['Gaussian', 'Consistency', 'CAT-RS']) expect(first.stdout).toContain(`| ${name} `);
  for (const file of ['gaussian.tsv', 'catrs-100k.tsv', 'training/teacher.tsv', 'certified-accuracy.svg']) {
    expect((await readFile(join(results, file))).length, file).toBeGreaterThan(100);
  }
  const log = await readFile(join(results, 'catrs.tsv'), 'utf8');
  const checked = await reproduce('--check', '--results', results);
  expect(checked, checked.stderr).toMatchObject({ code: 0, stdout: `${results}.md: the logs give its tables\n` });

  const second = await reproduce(...run);
  expect(second.stdout).toBe(first.stdout);
  expect(await readFile(join(results, 'catrs.tsv'), 'utf8')).toBe(log);

  await rm(join(results, 'catrs.tsv'));
  const broken = await reproduce('--check', '--results', results);
  expect(broken.code).toBe(1);
  expect(broken.stderr).toMatch(/results\.md, line \d+: the logs give/);
});

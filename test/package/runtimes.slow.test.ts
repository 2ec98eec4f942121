import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import { lenet } from '../../src/models/lenet.ts';
import { toOnnx } from '../../src/onnx/to-onnx.ts';
import { fillUniforms } from '../../src/random/fill-bits.ts';
import { createKey } from '../../src/random/key.ts';
import packageJson from '../../package.json' with { type: 'json' };
import guests from '../guests/package.json' with { type: 'json' };
import { guestFile } from '../helpers/guests.ts';
import { type Host, makeBareHost } from './host.ts';
import { lastLine, stepProbe } from './probe.ts';
import { subPaths } from './source-files.ts';

/** What runs JavaScript: the file that starts it, and what stands before the script. */
interface Runtime {
  readonly name: string;
  readonly file: string;
  readonly before?: readonly string[];
}

const runtimes: readonly Runtime[] = [
  ...[20, 22, 24, 26].map((major) => ({ name: `Node ${major}`, file: `node-${major}/bin/node` })),
  { name: 'Bun', file: '@oven/bun-linux-x64/bin/bun' },
  { name: 'Deno', file: '@deno/linux-x64-glibc/deno', before: ['run', '-A'] },
];

/** Has really installed the tarball, and TensorFlow.js alone beside it: none of the optional peers. */
let bare: Host;
/** Has the optional peers too. */
let full: Host;
let whyNot: string | undefined;
/** What the Node of this test finds. */
let stepHere: unknown;
let logHere: readonly object[];

beforeAll(async () => {
  bare = makeBareHost();
  full = makeBareHost();
  const installs = [
    [bare, []],
    [full, ['@tensorflow/tfjs-backend-wasm', 'onnxruntime-node']],
  ] as const;
  for (const [{ folder, tarball }, peers] of installs) {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    whyNot ??= npmInstall(folder, tarball, ...['@tensorflow/tfjs', ...peers].map(versioned));
  }
  writeFileSync(join(full.folder, 'step.mjs'), stepProbe);
  await writeRun(full.folder);
  if (whyNot !== undefined) return;
  stepHere = lastLine(start(full, [process.execPath], 'step.mjs'));
  expect(stepHere).toMatchObject({ metrics: { mask: 0.75 }, certificate: { n: 500 } });
  logHere = certifiedLog('here', [process.execPath]);
  expect(logHere).toHaveLength(6);
});

afterAll(() => {
  bare.dispose();
  full.dispose();
});

/** A package in the version that the tests of catrs have. */
function versioned(name: string): string {
  const versions: Readonly<Record<string, string>> = { ...packageJson.devDependencies, ...guests.dependencies };
  return `${name}@${versions[name]}`;
}

/** Installs packages without their scripts; says why where it could not. */
function npmInstall(folder: string, ...packages: string[]): string | undefined {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  try {
    const options = { cwd: folder, timeout: 240_000, stdio: 'pipe' } as const;
    execFileSync('npm', ['install', ...flags, '--prefix', folder, ...packages], options);
    return undefined;
  } catch (error) {
    return `npm install ${packages.at(-1)} failed: ${(error as Error).message.split('\n')[0]}`;
  }
}

const key = createKey(3);

/** Six images, their labels and an ONNX model of them. */
async function writeRun(folder: string): Promise<void> {
  const images = new Float32Array(6 * 28 * 28);
  fillUniforms(images, { key, start: 0, dimension: 28 * 28 });
  writeFileSync(join(folder, 'x.npy'), encodeNpy({ dtype: 'float32', shape: [6, 28, 28, 1], data: images }));
  writeFileSync(join(folder, 'y.npy'), encodeNpy({ dtype: 'uint8', shape: [6], data: new Uint8Array(6) }));
  const model = lenet({ key });
  writeFileSync(join(folder, 'lenet.onnx'), await toOnnx(model));
  model.dispose();
}

/** The rows of a log, without the time that each took. */
function rowsOf(file: string): object[] {
  return parseCertificationLog(readFileSync(file, 'utf8')).map((row) => ({ ...row, milliseconds: 0 }));
}

/** That two results are equal: whole numbers exactly, others to the last digits, since `Math.exp` and its like belong to the engine. */
function expectEqual(actual: unknown, expected: unknown): void {
  const rounded = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_, cell: unknown) =>
      typeof cell === 'number' && !Number.isInteger(cell) ? Number(cell.toPrecision(14)) : cell,
    );
  expect(rounded(actual)).toEqual(rounded(expected));
}

/** Runs a script of a host, and gives what it printed. */
function start({ folder }: Host, [file = '', ...before]: readonly string[], ...script: string[]): string {
  return execFileSync(file, [...before, ...script], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

const command = 'node_modules/catrs/dist/cli/main.js';

/** The rows that the command writes in two threads of a runtime. */
function certifiedLog(name: string, runtime: readonly string[]): object[] {
  const out = `${name.replaceAll(' ', '-')}.tsv`;
  const data = ['--data', 'x.npy', '--labels', 'y.npy', '--model', 'lenet.onnx'];
  start(full, runtime, command, 'certify', ...data, '--sigma', '0.5', '--n', '300', '--workers', '2', '--out', out);
  return rowsOf(join(full.folder, out));
}

describe.each(runtimes)('$name', (runtime) => {
  /** The words that start the runtime; skips the test where it is not there. */
  const started = (context: TestContext): readonly string[] => {
    const binary = guestFile(runtime.file);
    if ('reason' in binary) return context.skip(binary.reason);
    if (whyNot !== undefined) return context.skip(whyNot);
    return [binary.found, ...(runtime.before ?? [])];
  };

  it('imports and requires every sub-path without the optional peers, and starts the command', (context) => {
    const file = started(context);
    const doors = JSON.stringify([...Object.keys(subPaths), 'catrs/browser']);
    const script = (load: string): string =>
      `const seen = {}; for (const door of ${doors}) seen[door] = Object.keys(${load}).length; console.log(JSON.stringify(seen));`;
    writeFileSync(join(bare.folder, 'doors.mjs'), script('await import(door)'));
    writeFileSync(join(bare.folder, 'doors.cjs'), script('require(door)'));
    const imported = lastLine(start(bare, file, 'doors.mjs')) as Record<string, number>;
    for (const [door, names] of Object.entries(imported)) expect(names, door).toBeGreaterThan(0);
    expect(lastLine(start(bare, file, 'doors.cjs'))).toEqual(imported);
    expect(start(bare, file, command, '--help')).toContain('catrs');
  });

  it('certifies and takes a step of CAT-RS on wasm as this Node does', (context) => {
    expectEqual(lastLine(start(full, started(context), 'step.mjs')), stepHere);
  });

  it('certifies an ONNX model from the command line, in two threads, as this Node does', (context) => {
    expectEqual(certifiedLog(runtime.name, started(context)), logHere);
  });
});

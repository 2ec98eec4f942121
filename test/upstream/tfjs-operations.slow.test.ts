import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleForBrowser, bundleForNode } from './bundle.ts';
import { knownFailures, NEVER_ENDS, surprises } from './known-failures.ts';
import { runInChromium } from './run-in-chromium.ts';
import { runInNode } from './run-in-node.ts';
import type { SpecReport } from './run-specs.ts';

/**
 * TensorFlow.js's own tests, which `@tensorflow/tfjs-core` ships, on each backend with our kernels. What a backend lacks is listed
 * in known-failures/; its last groups are values that are wrong without an error.
 */

/** All of them, without those of files and storage. */
const TESTS = 4_150;

let folder: string;
let bundle: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-upstream-'));
  bundle = await bundleForNode(join(folder, 'node'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const failures = (reports: readonly SpecReport[]): string[] =>
  reports.filter(({ messages }) => messages.length > 0).map(({ name }) => name);

describe("TensorFlow.js's tests of its operations", () => {
  it('pass on cpu', async () => {
    const reports = await runInNode(bundle, 'cpu');
    expect(reports.length).toBeGreaterThan(TESTS);
    expect(failures(reports)).toEqual([]);
  });

  it('pass on wasm with our kernels, but for the list, and wherever they pass without our kernels', async () => {
    const reports = await runInNode(bundle, 'wasm');
    expect(reports.length).toBeGreaterThan(TESTS);
    expect(surprises(reports, knownFailures('wasm'))).toEqual([]);
    const shipped = failures(await runInNode(bundle, 'wasm-shipped'));
    expect(failures(reports).filter((name) => !shipped.includes(name))).toEqual([]);
    expect(shipped.length).toBeGreaterThan(failures(reports).length);
  });

  it('pass on wasm without SIMD, but for the list', async () => {
    const reports = await runInNode(bundle, 'wasm-without-simd');
    expect(reports.length).toBeGreaterThan(TESTS);
    expect(surprises(reports, knownFailures('wasm-without-simd'))).toEqual([]);
  });

  it('pass on webgpu, but for the list', async () => {
    const site = join(folder, 'webgpu');
    await bundleForBrowser(site);
    const known = knownFailures('webgpu');
    const endless = known.filter(({ message }) => message === NEVER_ENDS);
    const reports = await runInChromium(
      site,
      endless.flatMap(({ tests }) => tests),
    );
    expect(reports.length).toBeGreaterThan(4_000);
    expect(
      surprises(
        reports,
        known.filter((group) => !endless.includes(group)),
      ),
    ).toEqual([]);
  });
});

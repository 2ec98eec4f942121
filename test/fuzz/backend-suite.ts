import { describe, expect, it } from 'vitest';
import { TOLERANCE } from './networks/compare.ts';
import { fuzzLayerType, layerTypes } from './networks/fuzz-networks.ts';
import { fuzzOperation, operations } from './operations/fuzz-operations.ts';

/** How much is tried on a backend, and what is known of it. Names are those of layer types and operations. */
export interface BackendFuzz {
  readonly backend: string;
  readonly seed: number;
  /** Networks of up to five layers, for each layer type. */
  readonly networks: number;
  /** Single layers with NaN, infinities, -0 and subnormal numbers among the inputs, for each layer type; 0 leaves them out. */
  readonly special: number;
  /** Calls of each operation. */
  readonly calls: number;
  /** @defaultValue {@link TOLERANCE} */
  readonly tolerance?: number;
  /** What the backend throws for all that it cannot do; any other error is a failure. */
  readonly lacking?: Readonly<Record<string, RegExp>>;
  /** What it computes wrongly, and why; what is listed must be seen to be wrong. */
  readonly wrong?: Readonly<Record<string, string>>;
  /** What must not run there, and why. */
  readonly notRun?: Readonly<Record<string, string>>;
}

/**
 * Compares a backend with cpu on random networks over every layer type and on random calls of the operations that graphs use. A
 * failure prints seed and index: `tryNetwork(type, index, { backend, seed, neighbours })` makes that network again.
 */
export function describeBackendFuzz(fuzz: BackendFuzz): void {
  const { backend, seed, networks, special, calls, lacking = {}, wrong = {}, notRun = {} } = fuzz;
  const shared = { backend, seed, tolerance: fuzz.tolerance ?? TOLERANCE };
  const without = Object.keys(notRun);
  const running = (names: readonly string[]): string[] => names.filter((name) => !(name in notRun));

  function expectFindings(name: string, findings: readonly string[]): void {
    const pattern = lacking[name];
    if (pattern !== undefined) expect(findings.filter((finding) => !pattern.test(finding))).toEqual([]);
    if (pattern !== undefined || name in wrong) expect(findings.length).toBeGreaterThan(0);
    else expect(findings).toEqual([]);
  }

  it('knows only layers and operations that exist', () => {
    const known = [lacking, wrong, notRun].flatMap(Object.keys);
    expect(known.filter((name) => !layerTypes.includes(name) && !(name in operations))).toEqual([]);
  });

  describe(`networks with a layer of type, on ${backend} as on cpu`, () => {
    it.each(running(layerTypes))('%s', async (type) => {
      expectFindings(type, await fuzzLayerType(type, { ...shared, without, count: networks, neighbours: 2 }));
    });
  });

  if (special > 0) {
    describe(`NaN stays NaN and a number stays the same, on ${backend}, in`, () => {
      it.each(running(layerTypes))('%s', async (type) => {
        const options = { ...shared, count: special, neighbours: 0, special: true };
        expectFindings(type, await fuzzLayerType(type, options));
      });
    });
  }

  describe(`operations on ${backend} as on cpu`, () => {
    it.each(running(Object.keys(operations)))('%s', async (name) => {
      expectFindings(name, await fuzzOperation(name, { ...shared, count: calls }));
    });
  });
}

/**
 * Certified radii in a plane: with little noise everywhere, with much noise everywhere, and with a router that chooses.
 *
 * Run it with `npx tsx examples/routed/main.ts` after `npm run build`; it takes seconds. `--fast` draws little, for the tests. `--out FOLDER` says where the picture goes
 * (default `build/routed`): plane.svg. It needs no backend, since the classifier is a function of typed arrays.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { createKey, foldIn, GaussianNoise, RoutedClassifier, SmoothedClassifier, verifyCertificate } from 'catrs';
import { planePicture } from './picture.ts';

/** A point with what is certified there. */
export interface PlanePoint {
  readonly x: number;
  readonly y: number;
  /** Certified class, or −1. */
  readonly label: number;
  /** Radius of the open ball (L2). */
  readonly radius: number;
  /** True where the router proved less than the expert. */
  readonly isOfRouter: boolean;
}

/** The same points, certified in one way. */
export interface PlaneResult {
  readonly name: string;
  /** Whether a router chooses: its boundary is x = 0. */
  readonly isRouted: boolean;
  readonly points: readonly PlanePoint[];
}

const STRIPE = 1.2;
const LITTLE = 0.25;
const MUCH = 1;

/** Two classes: narrow stripes on the left, two half-planes on the right. */
export function classAt(x: number, y: number): 0 | 1 {
  const isUpper = x < 0 ? Math.floor(y / STRIPE) % 2 === 0 : y >= 0;
  return isUpper ? 0 : 1;
}

const XS = [-3.4, -2.4, -1.4, -0.3, 0.4, 1.3, 2.5, 3.5];
const YS = [-1.75, -0.65, 0.55, 1.8];

/** Certifies all points in three ways. */
export async function main({
  fast,
  folder,
}: {
  readonly fast: boolean;
  readonly folder: string;
}): Promise<PlaneResult[]> {
  const key = createKey(22);
  const n = fast ? 1000 : 10_000;
  const one = smoothed(classAt, LITTLE);
  const two = smoothed(classAt, MUCH);
  // The left half is expert 0, the right one expert 1; by symmetry the smoothed choice changes at x = 0, too.
  const router = smoothed((x) => (x < 0 ? 0 : 1), 0.5);
  const routed = new RoutedClassifier({ router, experts: [one, two] });

  const ways = [
    { name: `σ = ${LITTLE} everywhere`, certifier: one, isRouted: false },
    { name: `σ = ${MUCH} everywhere`, certifier: two, isRouted: false },
    {
      name: `routed: an expert with σ = ${LITTLE} left of the boundary of the router, one with σ = ${MUCH} right of it`,
      certifier: routed,
      isRouted: true,
    },
  ];
  const results: PlaneResult[] = [];
  for (const { name, certifier, isRouted } of ways) {
    const points: PlanePoint[] = [];
    for (const [i, [x, y]] of XS.flatMap((x) => YS.map((y) => [x, y] as const)).entries()) {
      const at = tf.tensor1d([x, y]);
      const c = await certifier.certify(at, { key: foldIn(key, i), n });
      at.dispose();
      assert.ok(verifyCertificate(c, certifier.noise).valid);
      const isOfRouter = 'limitedBy' in c && c.limitedBy === 'router';
      points.push({ x, y, label: c.label, radius: c.radius, isOfRouter });
    }
    const mean = (half: readonly PlanePoint[]): string =>
      (half.reduce((sum, { radius }) => sum + radius, 0) / half.length).toFixed(2);
    const [left, right] = [points.filter(({ x }) => x < 0), points.filter(({ x }) => x >= 0)];
    console.log(`${name}: mean radius ${mean(left)} on the left, ${mean(right)} on the right`);
    results.push({ name, isRouted, points });
  }
  // No circle of the router reaches over its boundary.
  for (const { x, radius } of results.at(-1)?.points ?? []) assert.ok(radius <= Math.abs(x));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'plane.svg'), planePicture(results, { classAt, stripe: STRIPE }));
  return results;
}

/** A function of the plane, smoothed. */
function smoothed(classOf: (x: number, y: number) => 0 | 1, sigma: number): SmoothedClassifier {
  const classify = (inputs: Float32Array, { batch }: { readonly batch: number }): Float32Array => {
    const shares = new Float32Array(2 * batch);
    for (let i = 0; i < batch; i++) shares[2 * i + classOf(inputs[2 * i] ?? 0, inputs[2 * i + 1] ?? 0)] = 1;
    return shares;
  };
  return new SmoothedClassifier(
    { classify },
    { noise: new GaussianNoise({ sigma }), numClasses: 2, output: 'probabilities', inputRange: [-4, 4] },
  );
}

const [, started] = process.argv;
if (started !== undefined && pathToFileURL(started).href === import.meta.url) {
  const at = process.argv.indexOf('--out');
  const folder = at < 0 ? 'build/routed' : (process.argv[at + 1] ?? '');
  await main({ fast: process.argv.includes('--fast'), folder });
}

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import {
  AgreedClassifier,
  type AgreedCertificate,
  certifyDataset,
  classOutcomes,
  createKey,
  foldIn,
  formatOutputLog,
  GaussianNoise,
  outputFigures,
  parseOutputLog,
  plannedRadius,
  reproduceCertificate,
  RoutedClassifier,
  SmoothedClassifier,
  verifyCertificate,
} from 'catrs';
import { normalQuantile } from 'catrs/stats';
import { arrayDataset } from '../../../src/data/index.ts';
import { split } from '../../../src/random/key.ts';
import { fillUniforms } from '../../../src/random/fill-bits.ts';
import { agreedCertificate, candidateRadius, candidatesOf } from '../../../src/smoothed/routed/agreed-certificate.ts';
import { normalCdf } from '../../../src/stats/normal.ts';
import { useBackend } from '../../helpers/backends.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';
import { linearClassifier } from '../../helpers/linear.ts';
import { goldenFamily } from '../../noise/golden-family.ts';

const gaussian = (sigma: number): GaussianNoise => new GaussianNoise({ sigma });
const inputRange = [-Infinity, Infinity] as const;
const smoothed = (logits: (x: tf.Tensor) => tf.Tensor, sigma: number, numClasses = 2): SmoothedClassifier =>
  new SmoothedClassifier(logits, { noise: gaussian(sigma), numClasses, inputRange });

// The router looks at the first coordinate: expert 0 below -1, 1 up to 1, 2 above. The experts look at the second.
const SIGMA = 0.5;
const slabs = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const [first] = tf.unstack(x, 1) as [tf.Tensor];
    return tf.stack([tf.sub(-1, first), tf.sub(1, tf.abs(first)), tf.sub(first, 1)], 1);
  });
const planes = [linearClassifier([0, 1], 0), linearClassifier([0, 1], 0.1), linearClassifier([0, 1], -0.6)] as const;
const sigmas = [0.25, 0.5, 1] as const;
const experts = planes.map(({ logits }, k) => smoothed(logits, sigmas[k]!));
const router = smoothed(slabs, SIGMA, 3);
const whichever = new AgreedClassifier({ experts: experts.slice(0, 2) });
const g = new AgreedClassifier({ experts, router });
const key = createKey(6);
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What the smoothed router gives the experts at a first coordinate. */
const shares = (at: number): number[] => {
  const [low, high] = [normalCdf((-1 - at) / SIGMA), normalCdf((1 - at) / SIGMA)];
  return [low, high - low, 1 - high];
};
/** How far the choice is one of the candidates, from a fine grid, rounded up. */
const exitOf = (at: number, candidates: readonly number[]): number => {
  for (let r = 0; r < 5; r += 0.001) {
    for (const there of [at - r, at + r]) {
      const p = shares(there);
      if (!candidates.includes(p.indexOf(Math.max(...p)))) return r;
    }
  }
  return 5;
};

let edge: tf.Tensor; // at the boundary of the router between experts 0 and 1, which agree; expert 2 does not
let sure: tf.Tensor;
beforeAll(async () => {
  await useBackend('cpu');
  edge = tf.tensor1d([-1, 0.4]);
  sure = tf.tensor1d([-1, -0.5]);
});
afterAll(() => tf.dispose([edge, sure]));

describe('AgreedClassifier.certify', () => {
  it('certifies at the boundary of a router, of which the router alone proves nothing', async () => {
    const c = await g.certify(edge, { key, n: 2000 });
    expect(c).toMatchObject({ task: 'agreed', label: 1, abstained: false, limitedBy: 'experts', alpha: 0.001 });
    expect(c).toMatchObject({ numExperts: 3, numCandidates: 2, norm: 'l2', noise: { parameters: { sigma: SIGMA } } });
    expect([...c.router!.candidates].sort()).toEqual([0, 1]);
    expect(c.radius).toBe(Math.min(...c.experts.map((one) => one.radius)));
    expect(c.radius).toBeGreaterThan(0.3);
    expect(c.radius).toBeLessThan(0.4);
    const routed = await new RoutedClassifier({ router, experts }).certify(edge, { key, n: 2000 });
    expect(routed.radius).toBeLessThan(0.1);
    expect(verifyCertificate(stored(c), router.noise)).toMatchObject({ valid: true, faults: [], radius: c.radius });
  });

  it('is made of the certificates that the experts give by themselves, and of samples of the router', async () => {
    const c = await g.certify(edge, { key, n: 600 });
    const keys = split(key, 4);
    for (const [i, k] of c.router!.candidates.entries())
      expect(await experts[k]!.certify(edge, { key: keys[k]!, n: 600 })).toEqual(c.experts[i]);
    const [selection, estimation] = split(keys[3]);
    expect(await router.sampleCounts(edge, { key: selection, n: 100 })).toEqual(c.router!.selection);
    expect(await router.sampleCounts(edge, { key: estimation, n: 600 })).toEqual(c.router!.counts);
  });

  it('is limited by the router where an expert outside is near', async () => {
    const x = tf.tensor1d([-0.1, 3]);
    const c = await new AgreedClassifier({ experts, router, candidates: 1 }).certify(x, { key, n: 1000 });
    expect(c).toMatchObject({ label: 1, limitedBy: 'router', numCandidates: 1 });
    expect(c.radius).toBe(c.router!.radius);
    expect(c.radius).toBeLessThan(exitOf(-0.1, [1]));
    expect(c.radius).toBeGreaterThan(0.7);
    x.dispose();
  });

  it('needs no router where all agree, and stops at the first that does not', async () => {
    const c = await whichever.certify(edge, { key, n: 600 });
    expect(c).toMatchObject({ label: 1, limitedBy: 'experts', numExperts: 2, numCandidates: 2, router: null });
    expect(c.noise).toEqual(c.experts[0]!.noise);
    expect(verifyCertificate(stored(c), whichever.noise).faults).toEqual([]);
    const all = new AgreedClassifier({ experts: [...experts].reverse() });
    const apart = await all.certify(edge, { key, n: 600 });
    expect(apart).toMatchObject({ label: -1, abstained: true, radius: 0, limitedBy: 'none', router: null });
    expect(apart.experts.map(({ label }) => label)).toEqual([0, 1]);
    expect(verifyCertificate(stored(apart), all.noise).faults).toEqual([]);
    const agreed = await all.certify(sure, { key, n: 600 });
    expect(agreed).toMatchObject({ label: 0, abstained: false });
    expect(agreed.experts).toHaveLength(3);
    const withRouter = new AgreedClassifier({ router: smoothed(slabs, SIGMA, 3), experts: [experts[2]!, experts[1]!, experts[0]!] }); // prettier-ignore
    const cut = await withRouter.certify(edge, { key, n: 600 });
    expect(cut).toMatchObject({ abstained: true, router: { counts: null, radius: null } });
    expect(verifyCertificate(stored(cut), router.noise).faults).toEqual([]);
  });

  it('never exceeds the true radius on 16 inputs (false alarm below 0.02)', async () => {
    let certified = 0;
    for (let i = 0; i < 16; i++) {
      const at = [1.5 * Math.sin(3 * i), Math.cos(7 * i)] as const;
      const x = tf.tensor1d([...at]);
      const c = await g.certify(x, { key: foldIn(key, i), n: 300 });
      x.dispose();
      if (c.abstained) continue;
      certified++;
      const { candidates } = c.router!;
      for (const k of candidates) {
        expect(planes[k]!.label(at)).toBe(c.label);
        expect(c.radius).toBeLessThanOrEqual(planes[k]!.distance(at));
      }
      expect(c.radius).toBeLessThanOrEqual(exitOf(at[0], candidates));
    }
    expect(certified).toBeGreaterThan(5);
  });

  it('fails in at most alpha of 100 runs where one part decides (alpha = 0.05, false alarm below 1e-4)', async () => {
    let failures = 0;
    const x = tf.tensor1d([0, 0.2]);
    for (let i = 0; i < 100; i++) {
      const c = await whichever.certify(x, { key: foldIn(key, i), n0: 5, n: 60, alpha: 0.05 });
      if (c.radius > planes[0].distance([0, 0.2])) failures++;
    }
    x.dispose();
    expect(failures).toBeLessThanOrEqual(15);
    expect(failures).toBeGreaterThan(0);
  });

  it('takes rules that stop early, and does not depend on batches', async () => {
    const rule = plannedRadius({ radius: 0.2 });
    const c = await g.certify(edge, { key, n: 1000, rule, routerN: 500 });
    expect(c).toMatchObject({ radius: 0.2, limitedBy: 'experts' });
    expect(c.experts.every(({ nUsed }) => nUsed < 1000)).toBe(true);
    expect(verifyCertificate(stored(c), router.noise).faults).toEqual([]);
    expect(await g.certify(edge, { key, n: 1000, rule, routerN: 500, batchSize: 7 })).toEqual(c);
    expect(await reproduceCertificate(g, edge, stored(c))).toMatchObject({ same: true, differences: [] });
    await expectNoLeak(async () => void (await g.certify(edge, { key, n: 100 })));
  });
});

describe('AgreedClassifier.predict', () => {
  it('answers with the class of all experts, each at the full alpha', async () => {
    const c = await g.predict(sure, { key, n: 400 });
    expect(c).toMatchObject({ label: 0, abstained: false, alpha: 0.001 });
    expect(c.experts.map(({ alpha }) => alpha)).toEqual([0.001, 0.001, 0.001]);
    expect(await g.predict(edge, { key, n: 400 })).toMatchObject({ label: -1, abstained: true });
  });
});

it('runs over a data set, and writes a log that is read and checked', async () => {
  const values = Float32Array.from([-1, 0.4, -1, -0.5, -0.5, 0.9]);
  const data = arrayDataset({ values, labels: [1, 0, 1], shape: [2] });
  const rows = [];
  for await (const row of certifyDataset(g, data, { key, n: 300 })) rows.push(row);
  expect(rows[0]!.certificate).toEqual(await g.certify(edge, { key: foldIn(key, 0), n: 300 }));
  const log = parseOutputLog(formatOutputLog('agreed', rows));
  for (const { certificate } of log.rows) expect(verifyCertificate(certificate, router.noise).faults).toEqual([]);
  expect(classOutcomes(rows).map(({ correct }) => correct)).toEqual([true, true, true]);
  expect(outputFigures(log.rows).figures).toMatchObject({ 'share certified': 1 });
});

describe('verifyCertificate', () => {
  it('finds every edit that claims more or otherwise', async () => {
    const c = await g.certify(edge, { key, n: 400 });
    const votes = c.router!;
    const [one, two] = c.experts as [AgreedCertificate['experts'][0], AgreedCertificate['experts'][0]];
    const edits: readonly (readonly [keyof AgreedCertificate | 'extra', unknown])[] = [
      ['radius', c.radius * 1.0001],
      ['label', 0],
      ['limitedBy', 'router'],
      ['abstained', true],
      ['numExperts', 2],
      ['numExperts', 4],
      ['numCandidates', 1],
      ['n0', 99],
      ['alpha', 0.0005],
      ['key', createKey(9)],
      ['key', null],
      ['norm', 'linf'],
      ['dimension', 1],
      ['noise', one.noise],
      ['assumptions', []],
      ['router', null],
      ['router', { ...votes, noise: { name: 'gaussian', parameters: { sigma: 5 } } }],
      ['router', { ...votes, noise: { name: 'unheard of', parameters: {} } }],
      ['router', { ...votes, assumptions: [] }],
      ['router', { ...votes, selection: [...votes.selection].reverse() }],
      ['router', { ...votes, selection: [50, 50] }],
      ['router', { ...votes, candidates: [...votes.candidates].reverse() }],
      ['router', { ...votes, counts: [400, 0, 0] }],
      ['router', { ...votes, counts: [400, 1, 0] }],
      ['router', { ...votes, counts: null }],
      ['router', { ...votes, radius: votes.radius! * 1.01 }],
      ['router', { ...votes, n: 4000 }],
      ['experts', [one]],
      ['experts', [two, one]],
      ['experts', [one, one]],
      ['experts', [one, two, two]],
      ['experts', [one, { ...two, radius: 9 }]],
      ['experts', [{ ...one, counts: [0, 400] }, two]],
      ['experts', [{ ...one, alpha: 0.01 }, two]],
      ['experts', [one, { ...two, abstained: true, label: -1, radius: 0 }]],
      ['extra', 1],
    ];
    for (const [name, value] of edits) {
      const edited = stored({ ...c, [name]: value }) as AgreedCertificate;
      const known =
        edited.noise.parameters.sigma === SIGMA ? router.noise : gaussian(Number(one.noise.parameters.sigma));
      expect(verifyCertificate(edited, known).valid, `${name} ${JSON.stringify(value).slice(0, 80)}`).toBe(false);
    }
  });
});

describe('how far the choice is one of the candidates', () => {
  const request = { norm: 'l2', dimension: 2 } as const;

  it('takes the experts with most votes, the lower place among equals', () => {
    expect(candidatesOf([3, 7, 7, 0], 2)).toEqual([1, 2]);
    expect(candidatesOf([5, 5, 5], 2)).toEqual([0, 1]);
    expect(candidatesOf([0, 1, 9], 1)).toEqual([2]);
  });

  it('exceeds the true radius in at most alpha of 2000 runs (alpha = 0.05, false alarm below 1e-4)', () => {
    const p = [0.4, 0.3, 0.15, 0.15];
    const truth = 0.5 * (normalQuantile({ p: 0.4, q: 0.6 }) - normalQuantile({ p: 0.15, q: 0.85 }));
    const n = 200;
    const [uniforms, noise] = [new Float32Array(n), gaussian(1)];
    let failures = 0;
    for (let i = 0; i < 2000; i++) {
      fillUniforms(uniforms, { key: foldIn(key, i), start: 0, dimension: n });
      const counts = [0, 0, 0, 0];
      for (const u of uniforms) counts[u < p[0]! ? 0 : u < 0.7 ? 1 : u < 0.85 ? 2 : 3]!++;
      if (candidateRadius({ counts, candidates: [0, 1], n, alpha: 0.05, noise, ...request }) > truth) failures++;
    }
    expect(failures).toBeLessThanOrEqual(138);
  });

  it('counts missing votes for an expert outside, and proves nothing for a set that is not ahead', () => {
    const noise = gaussian(1);
    const of = (counts: number[], n: number): number =>
      candidateRadius({ counts, candidates: [0, 1], n, alpha: 0.05, noise, ...request });
    expect(of([60, 30, 5], 100)).toBe(of([60, 30, 10], 100));
    expect(of([60, 30, 5], 100)).toBeLessThan(of([60, 35, 5], 100));
    expect(of([20, 50, 30], 100)).toBe(0);
  });
});

interface Golden {
  readonly agreement: readonly {
    readonly candidates: number;
    readonly setRadius: number | null;
    readonly radii: readonly number[];
    readonly radius: number;
  }[];
}
const rows = goldenFamily<Golden>('extended-dual').agreement.map((row, i) => [i, row] as const);
test.for(rows)('the least of all radii, row %i', ([, { candidates: m, setRadius, radii, radius }]) => {
  const shared = { norm: 'l2', dimension: 1, domain: 'real', alpha: 0.001, n0: 1, noise: {}, assumptions: [] };
  const parts = radii.map((one) => ({ ...shared, label: one === 0 ? -1 : 2, abstained: one === 0, radius: one }));
  const candidates = radii.map((_, k) => k);
  const votes = { noise: {}, assumptions: [], selection: [], candidates, n: 1, counts: [], radius: setRadius };
  const router = setRadius === null ? null : votes;
  const evidence = { key, numExperts: router === null ? m : m + 1, router, experts: parts };
  const c = agreedCertificate(evidence as never);
  expect(c).toMatchObject({ radius, label: radius === 0 ? -1 : 2, abstained: radius === 0 });
});

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  certifyDataset,
  classOutcomes,
  createKey,
  fixedRadius,
  foldIn,
  formatOutputLog,
  GaussianNoise,
  parseOutputLog,
  plannedRadius,
  reproduceCertificate,
  RoutedClassifier,
  type RoutedClassifierOptions,
  type RoutedCertificate,
  SmoothedClassifier,
  topK,
  verifyCertificate,
} from 'catrs';
import { arrayDataset } from '../../../src/data/index.ts';
import { split } from '../../../src/random/key.ts';
import { useBackend } from '../../helpers/backends.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';
import { linearClassifier } from '../../helpers/linear.ts';

const gaussian = (sigma: number): GaussianNoise => new GaussianNoise({ sigma });
const smoothed = (plane: { logits: (x: tf.Tensor) => tf.Tensor }, sigma: number): SmoothedClassifier =>
  new SmoothedClassifier(plane.logits, { noise: gaussian(sigma), numClasses: 2, inputRange: [-Infinity, Infinity] });

// The router looks at the first coordinate, the experts at the second: the true radius is the distance to the nearer plane.
const routing = linearClassifier([1, 0], 0);
const planes = [linearClassifier([0, 1], 0), linearClassifier([0, 1], 0.1)] as const;
const router = smoothed(routing, 0.5);
const experts = [smoothed(planes[0], 0.25), smoothed(planes[1], 1)];
const g = new RoutedClassifier({ router, experts });
const key = createKey(4);
const truth = (at: readonly number[]): number =>
  Math.min(routing.distance(at), planes[routing.label(at) as 0 | 1].distance(at));
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

let far: tf.Tensor; // far from the router's plane, near the expert's
let near: tf.Tensor;
beforeAll(async () => {
  await useBackend('cpu');
  far = tf.tensor1d([0.9, 0.4]);
  near = tf.tensor1d([-0.2, 0.5]);
});
afterAll(() => tf.dispose([far, near]));

describe('RoutedClassifier.certify', () => {
  it('certifies the expert that the router chooses, and the router as far as that', async () => {
    const c = await g.certify(far, { key, n: 4000 });
    expect(c).toMatchObject({ task: 'routed', label: 1, abstained: false, chosen: 1, limitedBy: 'both', alpha: 0.001 });
    expect(c.radius).toBe(c.expert.radius);
    expect(c.router!.radius).toBe(c.expert.radius);
    expect(c.radius).toBeLessThan(truth([0.9, 0.4]));
    expect(c.expert.noise.parameters).toEqual({ sigma: 1 });
    expect(c.router!.nUsed).toBeLessThan(4000);
    expect([c.router!.key, c.expert.key]).toEqual(split(key));
    expect(c.router!.countsSelection).toEqual(c.selection);
    // Each part is the certificate that it gives by itself.
    expect(await experts[1]!.certify(far, { key: split(key)[1], n: 4000 })).toEqual(c.expert);
    const { rule } = c.router!;
    const alone = await router.certify(far, {
      key: split(key)[0],
      n: 4000,
      rule: fixedRadius(rule.parameters as never),
    });
    expect(alone).toEqual(c.router);
  });

  it('is limited by a router that is near its boundary', async () => {
    const c = await g.certify(near, { key, n: 4000 });
    expect(c).toMatchObject({ label: 1, chosen: 0, limitedBy: 'router' });
    expect(c.radius).toBeLessThan(c.expert.radius);
    expect(c.radius).toBeLessThan(truth([-0.2, 0.5]));
    expect(verifyCertificate(stored(c), router.noise)).toMatchObject({ valid: true, faults: [], radius: c.radius });
  });

  it('asks the router for nothing where the expert abstains', async () => {
    const x = tf.tensor1d([0.9, -0.1]);
    const c = await g.certify(x, { key, n: 500 });
    expect(c).toMatchObject({ label: -1, abstained: true, radius: 0, limitedBy: 'none', router: null });
    expect(verifyCertificate(stored(c), router.noise).faults).toEqual([]);
    x.dispose();
  });

  it('takes a planned rule for a radius that is fixed, and a fixed sample for what is out of reach', async () => {
    const rule = plannedRadius({ radius: 0.3 });
    const c = await g.certify(far, { key, n: 1000, rule, routerRule: rule });
    expect(c).toMatchObject({ radius: 0.3, limitedBy: 'both' });
    expect(c.router!.nUsed + c.expert.nUsed).toBeLessThan(2000);
    expect(verifyCertificate(stored(c), router.noise).faults).toEqual([]);
    const small = new RoutedClassifier({ router: smoothed(routing, 0.06), experts });
    const most = await small.certify(far, { key, n: 500 });
    expect(most.limitedBy).toBe('router');
    expect(most.router!.rule.name).toBe('fixed-sample');
    expect(most.router!.counts).toEqual([0, 500]);
  });

  it('does not depend on batches, leaves no tensor and tells how far it is', async () => {
    const told: number[] = [];
    const onSamples = ({ drawn, most }: { drawn: number; most: number }): void => {
      expect(drawn).toBeLessThanOrEqual(most);
      told.push(drawn);
    };
    const c = await g.certify(near, { key, n: 600, onSamples, batchSize: 50 });
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(await g.certify(near, { key, n: 600, batchSize: 7 })).toEqual(c);
    await expectNoLeak(async () => void (await g.certify(near, { key, n: 300 })));
    expect(await reproduceCertificate(g, near, stored(c))).toMatchObject({ same: true, differences: [] });
  });

  it('never exceeds the true radius on 40 inputs (false alarm below 0.04)', async () => {
    for (let i = 0; i < 40; i++) {
      const at = [Math.sin(3 * i), Math.cos(7 * i)] as const;
      const x = tf.tensor1d([...at]);
      const c = await g.certify(x, { key: foldIn(key, i), n: 400, alpha: 0.001 });
      expect(c.radius).toBeLessThanOrEqual(truth(at));
      if (!c.abstained) expect(c.label).toBe(planes[routing.label(at) as 0 | 1].label(at));
      x.dispose();
    }
  });
});

describe('RoutedClassifier.predict', () => {
  it('gives each part half of alpha', async () => {
    const c = await g.predict(far, { key, n: 1000, alpha: 0.002 });
    expect(c).toMatchObject({ label: 1, abstained: false, alpha: 0.002 });
    expect([c.router.alpha, c.expert!.alpha]).toEqual([0.001, 0.001]);
    const edge = tf.tensor1d([0, 0.5]);
    expect(await g.predict(edge, { key, n: 100 })).toMatchObject({ label: -1, abstained: true, expert: null });
    edge.dispose();
  });
});

describe('a run over a data set', () => {
  it('gives the certificates of each example, and a log that is read and checked', async () => {
    const values = Float32Array.from([0.9, 0.4, -0.2, 0.5, -0.7, -0.8]);
    const data = arrayDataset({ values, labels: [1, 1, 0], shape: [2] });
    const rows = [];
    for await (const row of certifyDataset(g, data, { key, n: 500 })) rows.push(row);
    expect(rows[1]!.certificate).toEqual(await g.certify(near, { key: foldIn(key, 1), n: 500 }));
    const log = parseOutputLog(formatOutputLog('routed', rows));
    for (const { certificate } of log.rows) expect(verifyCertificate(certificate, router.noise).faults).toEqual([]);
    expect(classOutcomes(rows).map(({ correct }) => correct)).toEqual([true, true, true]);
  });
});

describe('verifyCertificate', () => {
  it('finds every edit that claims more or otherwise', async () => {
    const c = await g.certify(near, { key, n: 1000 });
    const { expert } = c;
    const routerPart = c.router!;
    const edits: readonly (readonly [keyof RoutedCertificate | 'extra', unknown])[] = [
      ['radius', expert.radius],
      ['radius', c.radius * 1.0001],
      ['label', 0],
      ['limitedBy', 'expert'],
      ['chosen', 1],
      ['selection', [...c.selection].reverse()],
      ['n0', 99],
      ['alpha', 0.0005],
      ['key', createKey(9)],
      ['norm', 'linf'],
      ['dimension', 1],
      ['abstained', true],
      ['router', null],
      ['router', { ...routerPart, radius: expert.radius }],
      ['router', { ...routerPart, key: expert.key }],
      ['router', { ...routerPart, n0: 50 }],
      ['router', expert],
      ['expert', { ...expert, counts: [0, 1000] }],
      ['expert', { ...expert, alpha: 0.01 }],
      ['expert', { ...expert, key: routerPart.key }],
      ['expert', { ...expert, dimension: 3 }],
      ['extra', 1],
    ];
    for (const [name, value] of edits) {
      const edited = stored({ ...c, [name]: value }) as RoutedCertificate;
      expect(verifyCertificate(edited, router.noise).valid, `${name} ${JSON.stringify(value).slice(0, 60)}`).toBe(
        false,
      );
    }
  });
});

describe('RoutedClassifier refuses', () => {
  it('parts that do not fit, with the reason', () => {
    const refused = (options: object, text: string): void =>
      expect(() => new RoutedClassifier({ router, experts, ...options } as RoutedClassifierOptions)).toThrow(text);
    // A scale that follows the input by a plain function.
    refused(
      { router: (x: tf.Tensor) => x },
      'a choice that sees the input without noise may change with it, and certifies nothing',
    );
    refused({ experts: [experts[0]] }, '`experts` must be a list of at least two SmoothedClassifiers');
    refused({ experts: [...experts, experts[0]] }, '`router` must have a class for each of the 3 experts');
    const unit = new SmoothedClassifier(planes[0].logits, { noise: gaussian(1), numClasses: 2 });
    refused({ experts: [experts[0], unit] }, 'must have one input range');
  });

  it('norm scaled, of parts whose scales differ: the least of two such radii says nothing', async () => {
    const part = (plane: (typeof planes)[0], sigma: number[]): SmoothedClassifier =>
      new SmoothedClassifier(plane.logits, { noise: new GaussianNoise({ sigma }), numClasses: 2, inputRange: [-9, 9] });
    const [own, other] = [
      [0.5, 0.25],
      [0.25, 0.5],
    ] as const;
    const apart = new RoutedClassifier({
      router: part(routing, [...own]),
      experts: planes.map((one) => part(one, [...other])),
    });
    await expect(apart.certify(far, { key, n: 1000 })).rejects.toThrow(
      /`norm` must be a length, as router and experts measure changes in other scales, got "scaled" \(take norm 'l2'/,
    );
    await expect(g.certify(far, { key, n: 1000, norm: 'scaled' })).rejects.toThrow(/other scales/);
    expect(await apart.certify(far, { key, n: 1000, norm: 'l2' })).toMatchObject({ norm: 'l2', label: 1 });
    const alike = new RoutedClassifier({
      router: part(routing, [...own]),
      experts: planes.map((one) => part(one, [...own])),
    });
    const c = await alike.certify(far, { key, n: 1000 });
    expect(c).toMatchObject({ norm: 'scaled', label: 1 });
    expect(verifyCertificate(stored(c), alike.noise).faults).toEqual([]);
    const noise = { name: 'gaussian', parameters: { sigma: other } };
    const edited: RoutedCertificate = { ...stored(c), expert: { ...stored(c).expert, noise } };
    expect(verifyCertificate(edited, alike.noise).faults).toContain(
      'norm is scaled, but router and expert measure changes in other scales',
    );
  });

  it('rules and norms that do not fit', async () => {
    await expect(g.certify(far, { key, n: 100, rule: topK({ k: 1 }) })).rejects.toThrow('must be a rule of one class');
    await expect(g.certify(far, { key, n: 100, n0: 0 })).rejects.toThrow('`n0` must');
    await expect(g.certify(far, { key, n: 100, norm: 'l0' })).rejects.toThrow(/`norm` must be one that gaussian/);
  });
});

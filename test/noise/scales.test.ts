import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ConsistencyLoss,
  createKey,
  fillUniforms,
  GaussianLoss,
  gaussianRegion,
  GaussianNoise,
  LaplaceNoise,
  linearRadii,
  MacerLoss,
  noiseOf,
  perChannel,
  SmoothedClassifier,
  SoundGaussianNoise,
  StabilityLoss,
  UniformNoise,
  verifyCertificate,
} from 'catrs';
import { normalCdf, normalQuantile } from 'catrs/stats';
import { useBackend } from '../helpers/backends.ts';

beforeAll(() => useBackend('cpu'));

const key = createKey(22);
const sigma = [0.5, 16, 0.0625, 2];

/** Numbers in [0, 1) of a seed. */
function uniformDoubles(seed: number, count: number): number[] {
  const out = new Float32Array(count);
  fillUniforms(out, { key: createKey(seed), start: 0, dimension: count });
  return Array.from(out);
}

/** A classifier of rows whose classes are the sides of a plane w x = c. */
const halfSpace =
  (w: readonly number[], c: number) =>
  (x: tf.Tensor): tf.Tensor =>
    tf.tidy(() => {
      const side = tf.sub(c, tf.matMul(x as tf.Tensor2D, tf.tensor2d([...w], [w.length, 1])));
      return tf.concat([side, tf.neg(side)], 1);
    });

describe('noise with a scale for each coordinate', () => {
  it('draws the standard noise times the scales, to the bit', () => {
    for (const [scaled, standard] of [
      [new GaussianNoise({ sigma }), new GaussianNoise({ sigma: 1 })],
      [new LaplaceNoise({ scale: sigma }), new LaplaceNoise({ scale: 1 })],
      [new UniformNoise({ halfWidth: Float32Array.from(sigma) }), new UniformNoise({ halfWidth: 1 })],
    ] as const) {
      const [own, other] = [new Float32Array(40), new Float32Array(40)];
      scaled.sample(own, { key, start: 3, dimension: 4 });
      standard.sample(other, { key, start: 3, dimension: 4 });
      expect(Array.from(own)).toEqual(Array.from(other, (value, i) => value * sigma[i % 4]!));
      const copies = new Float32Array(40);
      const x = Float32Array.of(1, -2, 3, 0.25);
      scaled.fillCopies!(copies, x, { key, start: 3, dimension: 4 });
      expect(Array.from(copies)).toEqual(Array.from(own, (value, i) => Math.fround(x[i % 4]! + value)));
    }
  });

  it('has the votes of scale 1 on the model of scaled inputs, where scales are powers of two', async () => {
    const w = [1.5, 0.1, -8, 0.3];
    const f = halfSpace(w, 0.2);
    const x = tf.tensor1d([0.25, 4, 0.125, -1]);
    const own = new SmoothedClassifier(f, { noise: new GaussianNoise({ sigma }), numClasses: 2, inputRange: [-9, 9] });
    const scaled = new SmoothedClassifier((y) => tf.tidy(() => f(tf.mul(y, sigma))), {
      noise: new GaussianNoise({ sigma: 1 }),
      numClasses: 2,
      inputRange: [-9, 9],
    });
    const settings = { key, n0: 50, n: 500, alpha: 0.01 };
    const certificate = await own.certify(x, settings);
    const other = await scaled.certify(tf.div(x, sigma), settings);
    expect(certificate.counts).toEqual(other.counts);
    expect(certificate).toMatchObject({ norm: 'scaled', radius: other.radius, label: other.label });
    expect(certificate.noise).toEqual({ name: 'gaussian', parameters: { sigma } });
    const stored = JSON.parse(JSON.stringify(certificate)) as typeof certificate;
    expect(verifyCertificate(stored, noiseOf(stored.noise)).faults).toEqual([]);
    const edited = { ...stored, noise: { name: 'gaussian', parameters: { sigma: [0.5, 16, 0.0625, 4] } } };
    expect(() => verifyCertificate(edited, own.noise)).toThrow(/`noise` must be the one that the certificate names/);
    expect(verifyCertificate({ ...stored, radius: stored.radius * 1.001 }, own.noise).faults).not.toEqual([]);
    expect(verifyCertificate({ ...stored, norm: 'l2' }, own.noise).faults).not.toEqual([]);
    x.dispose();
  });

  it('trains as scale 1 does on the model of scaled inputs, MACER for the scaled radius', () => {
    const w = tf.tensor2d([[0.3, -0.2], [0.01, 0.02], [5, -4], [-0.1, 0.3]]); // prettier-ignore
    const f = (y: tf.Tensor): tf.Tensor => tf.tidy(() => tf.matMul(y as tf.Tensor2D, w));
    const scaled = (y: tf.Tensor): tf.Tensor => tf.tidy(() => f(tf.mul(y, sigma)));
    const x = tf.tensor2d([[0.25, 4, 0.125, -1], [1, 2, 0, 0.5]]); // prettier-ignore
    const [own, unit] = [{ noise: new GaussianNoise({ sigma }), numNoise: 4 }, { noise: new GaussianNoise({ sigma: 1 }), numNoise: 4 }]; // prettier-ignore
    for (const make of [
      (model: typeof f, given: typeof own) => new GaussianLoss(model, given),
      (model: typeof f, given: typeof own) => new StabilityLoss(model, { ...given, lambda: 2 }),
      (model: typeof f, given: typeof own) => new ConsistencyLoss(model, { ...given, lambda: 2, eta: 0.5 }),
      (model: typeof f, given: typeof own) => new MacerLoss(model, { ...given, lambda: 12 }),
    ]) {
      const batch = { labels: [0, 1], key };
      const value = tf.tidy(
        () =>
          make(f, own)
            .prepare({ ...batch, x })
            .value()
            .dataSync()[0],
      );
      const twin = tf.tidy(
        () =>
          make(scaled, unit)
            .prepare({ ...batch, x: tf.div(x, sigma) })
            .value()
            .dataSync()[0],
      );
      expect(value).toBeGreaterThan(0);
      expect(value).toBe(twin);
    }
    tf.dispose([x, w]);
  });

  it('is tight for a half-space: the shortest change that reaches it is along S Sᵀ w', () => {
    const scales = [0.7, 3, 0.02, 11];
    const noise = new GaussianNoise({ sigma: scales });
    const certified = scales.map((one) => Math.min(one, Math.fround(one)));
    for (let i = 0; i < 50; i++) {
      const w = uniformDoubles(i, 4).map((u) => 2 * u - 1);
      // The half-space w x < c has probability Φ(c/|S w|) at 0; p falls to 1/2 at δ = S Sᵀ w c/|S w|².
      const spread = Math.hypot(...w.map((one, j) => one * certified[j]!));
      const c = (0.2 + 3 * uniformDoubles(100 + i, 1)[0]!) * spread;
      const q = 1 - normalCdf(c / spread);
      const bound = { p: 1 - q, q };
      const worst = w.map((one, j) => (one * certified[j]! ** 2 * c) / spread ** 2);
      expect(w.reduce((sum, one, j) => sum + one * worst[j]!, 0)).toBeCloseTo(c, 9);
      const radius = noise.radius(bound, { norm: 'scaled', dimension: 4 });
      expect(radius).toBeCloseTo(normalQuantile(bound), 9);
      expect(Math.abs(noise.scaledNorm(worst) / radius - 1)).toBeLessThan(1e-9);
      expect(
        noise.covers(
          worst.map((one) => one * (1 - 1e-8)),
          bound,
        ),
      ).toBe(true);
      expect(
        noise.covers(
          worst.map((one) => one * (1 + 1e-8)),
          bound,
        ),
      ).toBe(false);
      // Whatever has a length below a radius is covered in units of the scales.
      for (const norm of ['l2', 'l1', 'linf'] as const) {
        const r = noise.radius(bound, { norm, dimension: 4 });
        const size = { l2: Math.hypot(...w), l1: w.reduce((s, one) => s + Math.abs(one), 0), linf: Math.max(...w.map(Math.abs)) }[norm]; // prettier-ignore
        expect(
          noise.covers(
            w.map((one) => (one / size) * r * (1 - 1e-15)),
            bound,
          ),
        ).toBe(true);
      }
    }
  });

  it('covers changes of uniform noise exactly, and all within its radii', () => {
    const halfWidth = [0.5, 2, 0.1];
    const noise = new UniformNoise({ halfWidth });
    const bound = { p: 0.9, q: 0.1 };
    const share = (change: readonly number[]): number =>
      1 - change.reduce((left, one, i) => left * Math.max(0, 1 - Math.abs(one) / (2 * halfWidth[i]!)), 1);
    let covered = 0;
    for (let i = 0; i < 400; i++) {
      const u = uniformDoubles(i, 3);
      const change = u.map((one, j) => (2 * one - 1) * halfWidth[j]! * 0.6);
      expect(noise.covers(change, bound)).toBe(share(change) < 0.4);
      covered += Number(share(change) < 0.4);
      const length = Math.hypot(...change);
      const l2 = noise.radius(bound, { norm: 'l2', dimension: 3 });
      expect(share(change.map((one) => (one / length) * l2))).toBeLessThan(0.4 + 1e-12);
      const most = Math.max(...change.map(Math.abs));
      const linf = noise.radius(bound, { norm: 'linf', dimension: 3 });
      expect(share(change.map((one) => (one / most) * linf))).toBeLessThan(0.4 + 1e-12);
    }
    expect(covered).toBeGreaterThan(50);
    expect(covered).toBeLessThan(350);
    expect(noise.covers([0, 0, 0], { p: 0.5, q: 0.5 })).toBe(false);
    expect(noise.covers([0, 0, 0], { pABar: 0.9, qABar: 0.1, abstained: true })).toBe(false);
  });

  it('leaves of a probability what the scaled length takes, and nothing where a coordinate without noise moves', () => {
    const bound = { p: 0.9, q: 0.1 };
    const still = [1, 0, 2];
    for (const [noise, standard] of [
      [new GaussianNoise({ sigma: still }), new GaussianNoise({ sigma: 1 })],
      [new LaplaceNoise({ scale: still }), new LaplaceNoise({ scale: 1 })],
      [new UniformNoise({ halfWidth: still }), new UniformNoise({ halfWidth: 1 })],
    ] as const) {
      const unit = noise instanceof GaussianNoise ? 'l2' : 'l1';
      const scaled = { norm: 'scaled', dimension: 3 } as const;
      expect(noise.shiftDown(bound, 0.3, scaled)).toEqual(standard.shiftDown(bound, 0.3, { norm: unit, dimension: 3 }));
      expect(noise.radius(bound, scaled)).toBe(standard.radius(bound, { norm: unit, dimension: 3 }));
      expect(noise.scaledNorm([1, 1e-30, 0])).toBe(Infinity);
      expect(noise.covers([0.1, 1e-30, 0], bound)).toBe(false);
      expect(noise.covers([0.1, 0, -0.1], bound)).toBe(true);
      for (const norm of ['l1', 'l2', 'linf'] as const) {
        expect(noise.radius({ p: 1, q: 0 }, { norm, dimension: 3 })).toBe(0);
        expect(noise.shiftDown(bound, 1e-9, { norm, dimension: 3 })).toEqual({ p: 0, q: 1 });
        expect(noise.shiftDown(bound, 0, { norm, dimension: 3 })).toEqual(bound);
      }
    }
    const noise = new GaussianNoise({ sigma: still });
    expect(noise.radiusBetween(bound, { p: 0.2, q: 0.8 }, { norm: 'l2', dimension: 3 })).toBe(0);
    expect(noise.radiusAgainst(bound, [{ p: 0.05, q: 0.95 }], 1, { norm: 'l2', dimension: 3 })).toBe(0);
    const region = gaussianRegion({ radius: 1.5, norm: 'scaled', dimension: 3, noise }, noise);
    expect(region).toMatchObject({ scaled: 1.5, l2: 0, l1: 0, linf: 0, meanRadius: 0, lnVolume: -Infinity });
    expect(region.axes.map((one) => Math.round(one * 1e9) / 1e9)).toEqual([1.5, 0, 3]);
  });

  it('copies the list that it is given', () => {
    const list = [1, 2];
    const noise = new GaussianNoise({ sigma: list });
    list[0] = 5;
    expect(noise.parameters).toEqual({ sigma: [1, 2] });
    expect(() => ((noise.sigma as number[])[0] = 5)).toThrow(TypeError);
  });

  it('rounds to the 8-bit lattice with a table for each deviation', async () => {
    const scales = perChannel([0.25, 0, 1], [2, 2, 3]);
    const noise = new SoundGaussianNoise({ sigma: scales, headroom: 1 });
    const x = tf.fill([2, 2, 3], Math.fround(100 / 255));
    const copies = await noise.perturb(x, { key, start: 0, count: 50 }).data();
    for (const [channel, one] of [0.25, 0, 1].entries()) {
      const alone = one === 0 ? undefined : new SoundGaussianNoise({ sigma: one, headroom: 1 });
      const expected = await (alone?.perturb(x, { key, start: 0, count: 50 }) ?? tf.tile(x.flatten(), [50])).data();
      const of = (values: ArrayLike<number>): number[] => Array.from(values).filter((_, i) => i % 3 === channel);
      expect(of(copies)).toEqual(of(expected));
    }
    expect(noise.norms[0]).toBe('scaled');
    expect(noise.parameters).toEqual({ sigma: scales, clip: 1 });
    expect(noiseOf(noise).parameters).toEqual(noise.parameters);
    expect(noise.radius({ p: 0.9, q: 0.1 }, { norm: 'scaled', dimension: 12 })).toBe(
      new GaussianNoise({ sigma: 1 }).radius({ p: 0.9, q: 0.1 }, { norm: 'l2', dimension: 12 }),
    );
    x.dispose();
  });
});

describe('linearRadii', () => {
  it('is that of scales where the map is diagonal', () => {
    const noise = new GaussianNoise({ sigma: [0.5, 16, 0.0625] });
    const bound = { p: 0.99, q: 0.01 };
    const z = noise.radius(bound, { norm: 'scaled', dimension: 3 });
    const radii = linearRadii([[0.5, 0, 0], [0, 16, 0], [0, 0, 0.0625]], z); // prettier-ignore
    for (const norm of ['l2', 'l1', 'linf'] as const) {
      const exact = noise.radius(bound, { norm, dimension: 3 });
      expect(Math.abs(radii[norm] / exact - 1)).toBeLessThan(1e-11);
    }
  });

  it('holds every change below it, of random maps: none is longer in units of the noise', () => {
    for (const size of [2, 5, 24]) {
      const map = Array.from({ length: size }, (_, i) =>
        uniformDoubles(1000 * size + i, size).map((u, j) => 2 * u - 1 + (i === j ? 2 : 0)),
      );
      const { l2, l1, linf } = linearRadii(map, 1);
      // ‖S⁻¹δ‖ for δ = S v is ‖v‖: directions v of length 1 reach the radii and no sooner.
      let least = { l2: Infinity, l1: Infinity, linf: Infinity };
      for (let i = 0; i < 300; i++) {
        const v = uniformDoubles(7000 + i, size).map((u) => 2 * u - 1);
        const length = Math.hypot(...v);
        const delta = map.map((row) => row.reduce((sum, one, j) => sum + (one * v[j]!) / length, 0));
        least = {
          l2: Math.min(least.l2, Math.hypot(...delta)),
          l1: Math.min(
            least.l1,
            delta.reduce((sum, one) => sum + Math.abs(one), 0),
          ),
          linf: Math.min(least.linf, Math.max(...delta.map(Math.abs))),
        };
      }
      expect(l2).toBeLessThan(least.l2);
      expect(l1).toBeLessThan(least.l1);
      expect(linf).toBeLessThan(least.linf);
      if (size > 2) continue;
      expect(least.l2 / l2).toBeLessThan(1.01); // two dimensions are searched densely
      expect(least.linf / linf).toBeLessThan(1.05);
    }
  });
});

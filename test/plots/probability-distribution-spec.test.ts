import { describe, expect, it, vi } from 'vitest';
import type { ProbabilityPoint } from '../../src/evaluate/probability-distribution.ts';
import { probabilityDistributionSpec } from '../../src/plots/probability-distribution-spec.ts';
import { renderSvg, type VegaLiteSpec } from '../../src/plots/render-svg.ts';
import { expectCorners } from './corners.ts';

const points: ProbabilityPoint[] = [
  { probability: 0.5, share: 0.8, radius: 0 },
  { probability: 0.75, share: 0.6, radius: 1 },
  { probability: 1, share: 0.25, radius: Infinity },
];
const curves = [{ name: 'CAT-RS', points }];
const xDomain = (spec: VegaLiteSpec): unknown =>
  (spec as unknown as { encoding: { x: { scale: { domain: unknown } } } }).encoding.x.scale.domain;

describe('probabilityDistributionSpec', () => {
  it('is plain JSON, also where a radius is infinite', () => {
    for (const axis of ['probability', 'radius'] as const) {
      const spec = probabilityDistributionSpec(curves, { axis, title: 'digits' });
      expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
      expect(spec).toMatchObject({ title: { text: 'digits' } });
    }
  });

  it('takes its axis from the points: from the least probability to 1, or to the largest radius', () => {
    expect(xDomain(probabilityDistributionSpec(curves))).toEqual([0.5, 1]);
    expect(xDomain(probabilityDistributionSpec(curves, { axis: 'radius' }))).toEqual([0, 1.02]);
    expect(xDomain(probabilityDistributionSpec(curves, { axis: 'radius', maxRadius: 3 }))).toEqual([0, 3]);
    const one = [{ name: 'a', points: points.slice(0, 1) }];
    expect(xDomain(probabilityDistributionSpec(one, { axis: 'radius' }))).toEqual([0, 1]);
    expect(xDomain(probabilityDistributionSpec([{ name: 'a', points: points.slice(2) }]))).toEqual([0, 1]);
  });

  it('draws the staircase: up to each probability the share at that probability', async () => {
    const svg = await renderSvg(probabilityDistributionSpec(curves, { width: 200, height: 100 }));
    // x = 400 · (p − 0.5), y = 100 · (1 − share)
    expectCorners(svg, [
      [0, 20],
      [0, 40],
      [100, 40],
      [100, 75],
      [200, 75],
    ]);
  });

  it('draws the share at an infinite radius up to the right end', async () => {
    const svg = await renderSvg(
      probabilityDistributionSpec(curves, { axis: 'radius', maxRadius: 2, width: 200, height: 100 }),
    );
    expectCorners(svg, [
      [0, 20],
      [0, 40],
      [100, 40],
      [100, 75],
      [200, 75],
    ]);
  });

  it('names its axes, without complaints from Vega', async () => {
    const complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error'), vi.spyOn(console, 'log')];
    for (const axis of ['probability', 'radius'] as const) {
      const svg = await renderSvg(probabilityDistributionSpec(curves, { axis, title: 'digits, σ = 0.5' }));
      const title = axis === 'radius' ? 'radius σ Φ⁻¹(p)' : 'class probability p';
      for (const text of ['digits, σ = 0.5', title, 'share of images, correct with at least p', 'CAT-RS'])
        expect(svg).toContain(`>${text}<`);
      expect(svg).not.toContain('NaN');
      expect(svg).not.toContain('Infinity');
    }
    for (const complaint of complaints) expect(complaint).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});

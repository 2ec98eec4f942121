import { afterEach, describe, expect, it, vi } from 'vitest';
import { certifiedAccuracySpec } from '../../src/plots/certified-accuracy-spec.ts';
import { renderSvg } from '../../src/plots/render-svg.ts';
import { expectCorners } from './corners.ts';

afterEach(() => vi.restoreAllMocks());

const gaussian = {
  name: 'Gaussian',
  points: [
    { radius: 0, accuracy: 0.8 },
    { radius: 0.5, accuracy: 0.4 },
    { radius: 1, accuracy: 0.2 },
  ],
};
const catrs = {
  name: 'CAT-RS',
  points: [
    { radius: 0, accuracy: 0.75 },
    { radius: 1.5, accuracy: 0.5 },
  ],
};

describe('certifiedAccuracySpec', () => {
  it('is plain JSON with the names of the field on its axes', () => {
    const spec = certifiedAccuracySpec([gaussian, catrs], { title: 'digits' });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(spec).toMatchObject({
      title: { text: 'digits' },
      encoding: {
        x: { scale: { domain: [0, 1.53] }, axis: { title: 'radius' } },
        y: { scale: { domain: [0, 1] }, axis: { title: 'certified accuracy' } },
        color: { scale: { domain: ['Gaussian', 'CAT-RS'] } },
      },
    });
  });

  it('ends the axis where it is told, and at 1 when nothing is certified', () => {
    const domain = (spec: object): unknown =>
      (spec as { encoding: { x: { scale: { domain: unknown } } } }).encoding.x.scale.domain;
    const nothing = { name: 'Gaussian', points: [{ radius: 0, accuracy: 0 }] };
    expect(domain(certifiedAccuracySpec([gaussian], { maxRadius: 0.7 }))).toEqual([0, 0.7]);
    expect(domain(certifiedAccuracySpec([nothing]))).toEqual([0, 1]);
  });
});

describe('numbers of changes', () => {
  it('have whole ticks and their unit on the axis', () => {
    const points = [
      { radius: 0, accuracy: 0.9 },
      { radius: 3, accuracy: 0.5 },
    ];
    const spec = certifiedAccuracySpec([{ name: 'ablation', points }], { unit: 'pixels' });
    expect(spec).toMatchObject({
      mark: { interpolate: 'step-before' },
      encoding: { x: { axis: { title: 'radius, in pixels', format: 'd', tickMinStep: 1 } } },
    });
    expect(JSON.stringify(certifiedAccuracySpec([gaussian]))).not.toContain('tickMinStep');
  });
});

describe('many curves', () => {
  interface Styled {
    readonly encoding: Record<'color' | 'strokeDash', { scale: { range: unknown[] }; legend: { columns: number } }>;
  }
  const specOf = (count: number, name: (i: number) => string): Styled => {
    const curves = Array.from({ length: count }, (_, i) => ({ ...gaussian, name: name(i) }));
    return certifiedAccuracySpec(curves) as unknown as Styled;
  };

  it('of 21 no two have the same colour and the same dashes', () => {
    const { color, strokeDash } = specOf(21, String).encoding;
    const pairs = color.scale.range.map((colour, i) => JSON.stringify([colour, strokeDash.scale.range[i]]));
    expect(new Set(pairs).size).toBe(21);
    expect(new Set(color.scale.range).size).toBe(7);
  });

  it('the legend has as many columns as fit', () => {
    expect(specOf(4, String).encoding.color.legend.columns).toBe(3);
    expect(specOf(4, (i) => `a longer name, number ${i}`).encoding.color.legend.columns).toBe(2);
    expect(specOf(4, (i) => `${'a very long name '.repeat(5)}${i}`).encoding.color.legend.columns).toBe(1);
  });
});

describe('renderSvg', () => {
  it('draws an SVG with title, axis titles and a legend, without complaints from Vega', async () => {
    const complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error'), vi.spyOn(console, 'log')];
    const svg = await renderSvg(certifiedAccuracySpec([gaussian, catrs], { title: 'digits, σ = 0.5' }));
    expect(svg).toMatch(/^<svg /);
    for (const text of ['digits, σ = 0.5', 'radius', 'certified accuracy', 'Gaussian', 'CAT-RS'])
      expect(svg).toContain(`>${text}<`);
    expect(svg).not.toContain('NaN');
    for (const complaint of complaints) expect(complaint).not.toHaveBeenCalled();
  });

  it('draws the staircase: up to each radius the accuracy at that radius, then the fall to 0', async () => {
    const svg = await renderSvg(certifiedAccuracySpec([gaussian], { maxRadius: 2, width: 200, height: 100 }));
    // x = 100 · radius, y = 100 · (1 − accuracy)
    const staircase = [
      [0, 20],
      [0, 60],
      [50, 60],
      [50, 80],
      [100, 80],
      [100, 100],
      [100, 100],
      [100, 100],
      [200, 100],
    ];
    expectCorners(svg, staircase);
  });
});

import { loadPeer } from './load-peer.ts';
import type { VegaLiteSpec } from './vega-lite-spec.ts';

/**
 * Renders a Vega-Lite specification as the text of an SVG file.
 *
 * Needs no browser. The packages `vega` and `vega-lite` are optional peers and are loaded at the first call.
 *
 * @throws CatrsError if `vega` or `vega-lite` is not installed.
 * @example
 * ```ts
 * await writeFile('curve.svg', await renderSvg(certifiedAccuracySpec(curves)));
 * ```
 */
export async function renderSvg(spec: VegaLiteSpec): Promise<string> {
  const vega = await loadPeer('renderSvg', 'vega', () => import('vega'));
  const vegaLite = await loadPeer('renderSvg', 'vega-lite', () => import('vega-lite'));
  const compiled = vegaLite.compile(spec as unknown as Parameters<typeof vegaLite.compile>[0]).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

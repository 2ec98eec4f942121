import { CatrsError, refusal } from '../errors.ts';

/**
 * A Vega-Lite specification: plain JSON that any Vega-Lite tool can show.
 *
 * catrs does not use the types of `vega-lite` in its own, because that package is an optional peer.
 */
export interface VegaLiteSpec {
  /** Which version of Vega-Lite the specification is written for. */
  readonly $schema: string;
  /** The other parts of the specification. */
  readonly [part: string]: unknown;
}

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

/** Imports an optional peer, or says how to install it. @internal */
export async function loadPeer<T>(call: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    const details = { call, field: name, value: cause, got, way: 'npm install vega vega-lite' };
    throw refusal(CatrsError, details, 'must be installed');
  }
}

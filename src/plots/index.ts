/**
 * Pictures of results: Vega-Lite specifications, and SVG from them.
 *
 * @module catrs/plots
 */
export { certifiedAccuracySpec } from './certified-accuracy-spec.ts';
export type { CertifiedAccuracyCurve, CertifiedAccuracySpecOptions } from './certified-accuracy-spec.ts';
export type { PlotOptions } from './curve-plot.ts';
export { outputCurvesSpec } from './output-curves-spec.ts';
export type { OutputCurvesSpecOptions } from './output-curves-spec.ts';
export { probabilityDistributionSpec } from './probability-distribution-spec.ts';
export type {
  ProbabilityDistributionCurve,
  ProbabilityDistributionSpecOptions,
} from './probability-distribution-spec.ts';
export { renderSvg } from './render-svg.ts';
export type { VegaLiteSpec } from './render-svg.ts';

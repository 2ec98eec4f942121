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

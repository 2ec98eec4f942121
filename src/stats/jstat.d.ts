/** The part of jstat that catrs uses. jstat is one CommonJS object, so it has a default import in Node and in bundlers. */
declare module 'jstat' {
  const jstat: {
    /** Quantile of the beta distribution: x with I_x(a, b) = probability. */
    ibetainv(probability: number, a: number, b: number): number;
    /** Student's t distribution. */
    readonly studentt: { inv(probability: number, degreesOfFreedom: number): number };
  };
  export = jstat;
}

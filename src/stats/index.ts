/**
 * The statistics under the certificates, numbers to numbers in float64: confidence bounds, sequences, tests, quantiles, and how many samples
 * they need. Each bound is rounded to its safe side.
 *
 * @module catrs/stats
 */
export type { ProbabilityBound, UpperProbabilityBound } from '../types.ts';

// bounds for a fixed number of samples
export {
  clopperPearsonLowerBound,
  clopperPearsonUpperBound,
  randomizedClopperPearsonLowerBound,
} from './clopper-pearson.ts';
export { empiricalBernsteinLowerBound } from './empirical-bernstein.ts';
export type { EmpiricalBernsteinSample } from './empirical-bernstein.ts';
export { meanInterval, studentTQuantile } from './mean-interval.ts';
export type { MeanInterval } from './mean-interval.ts';
export { dkwScoreBound, thresholdScoreBound } from './score-bounds.ts';
export type { ScoreBoundRequest } from './score-bounds.ts';

// bounds and evidence that hold at any time
export { logMixtureEvidence } from './beta-mixture.ts';
export type { BetaPrior } from './beta-mixture.ts';
export { bettingLowerBound, mixtureLowerBound, mixtureUpperBound } from './mixture-bounds.ts';

// tests, distributions and numbers of samples
export { binomialQuantile, binomialTest } from './binomial.ts';
export { minimumCountToCertify, minimumSamplesToCertify, minimumSamplesToPredict } from './minimum-samples.ts';
export { anytimeOrderStatistic, lowerOrderStatistic } from './order-statistic.ts';
export { shiftDown } from './shift-down.ts';
export { normalCdf, normalQuantile, normalQuantileLower, normalSurvival } from './normal.ts';

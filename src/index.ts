/**
 * Randomized smoothing for TensorFlow.js: noise, smoothed classifiers, certificates, attacks and training objectives.
 *
 * @packageDocumentation
 */
export { CatrsError, ClassifierError, DataError, OptionError, TensorError } from './errors.ts';
export type { ErrorDetails } from './errors.ts';
export type { InputRange, Key, Norm, ProbabilityBound } from './types.ts';
export type { Labels } from './tensors/labels.ts';

// keys and draws
export { createKey } from './random/create-key.ts';
export { fillBits } from './random/fill-bits.ts';
export { fillNormals } from './random/fill-normals.ts';
export type { FillNormalsOptions } from './random/fill-normals.ts';
export { fillUniforms } from './random/fill-uniforms.ts';
export { foldIn } from './random/fold-in.ts';
export { split } from './random/split.ts';
export { threefry2x32 } from './random/threefry2x32.ts';
export type { DrawPosition } from './random/draw-position.ts';

// noise
export { additiveNoise } from './noise/additive-noise.ts';
export type { AdditiveNoiseOptions } from './noise/additive-noise.ts';
export { GaussianNoise } from './noise/gaussian-noise.ts';
export type { GaussianNoiseOptions } from './noise/gaussian-noise.ts';
export { gaussianRadius } from './noise/gaussian-radius.ts';
export type {
  AdditiveNoise,
  BatchDrawRequest,
  Domain,
  DrawRequest,
  FillRequest,
  Noise,
  RadiusRequest,
} from './noise/types.ts';

// base classifiers
export { checkClassifier } from './classifier/check-classifier.ts';
export type { CheckClassifierOptions } from './classifier/check-classifier.ts';
export { toLogitsFn, trainableVariables } from './classifier/to-logits-fn.ts';
export type { ToLogitsFnOptions } from './classifier/to-logits-fn.ts';
export type {
  Classifier,
  ClassifierOutput,
  ClassifyOptions,
  GraphModelLike,
  LayersModelLike,
  LogitsFn,
  ModelInput,
  ModelWeight,
} from './classifier/types.ts';

// smoothed classifiers and certificates
export { SmoothedClassifier } from './smoothed/smoothed-classifier.ts';
export type { CertifyOptions, PredictOptions, SampleOptions, SmoothedClassifierOptions } from './smoothed/types.ts';
export { certifyCounts } from './certify/certify-counts.ts';
export type { CertifyCountsRequest, CountsCertificate } from './certify/certify-counts.ts';
export { predictCounts } from './certify/predict-counts.ts';
export { ABSTAIN } from './certify/types.ts';
export type { Certificate, CertificateReason, NoiseRecord, Prediction } from './certify/types.ts';

// attacks
export { NoisePgd } from './attacks/noise-pgd.ts';
export type { NoisePgdOptions } from './attacks/noise-pgd.ts';
export { SmoothedPgd } from './attacks/smoothed-pgd.ts';
export type { SmoothedPgdOptions, SmoothedPgdRequest } from './attacks/smoothed-pgd.ts';
export type { NoiseAttack, NoiseAttackRequest } from './attacks/types.ts';

// training objectives
export { ConfidenceAwareLoss } from './losses/confidence-aware-loss.ts';
export type {
  ConfidenceAwareBatch,
  ConfidenceAwareLossOptions,
  ConfidenceAwareTerms,
  PreparedConfidenceAware,
} from './losses/confidence-aware-loss.ts';
export { GaussianLoss } from './losses/gaussian-loss.ts';
export type { GaussianLossBatch, GaussianLossOptions, PreparedGaussian } from './losses/gaussian-loss.ts';
export { bottomKCrossEntropy } from './losses/bottom-k-cross-entropy.ts';
export { sampleK } from './losses/sample-k.ts';
export { voteFrequency } from './losses/vote-frequency.ts';
export { worstCaseKl } from './losses/worst-case-kl.ts';
export type { Prepared, TrainingLoss } from './losses/types.ts';

// runs over a data set and their figures
export { abstentionRate } from './evaluate/abstention-rate.ts';
export { averageCertifiedRadius } from './evaluate/average-certified-radius.ts';
export { certificationLog, certificationLogHeader, formatCertificationRow } from './evaluate/certification-log.ts';
export type { LoggedCertificate, LoggedOutcome } from './evaluate/certification-log.ts';
export { certifiedAccuracy, certifiedAccuracyCurve } from './evaluate/certified-accuracy.ts';
export type { CertifiedAccuracyPoint } from './evaluate/certified-accuracy.ts';
export type { CertifiedOutcome } from './evaluate/certified-outcome.ts';
export { certifyDataset } from './evaluate/certify-dataset.ts';
export type { CertifiedRow, CertifyDatasetOptions } from './evaluate/certify-dataset.ts';
export { markdownTable } from './evaluate/markdown-table.ts';
export type { MethodAccuracies } from './evaluate/markdown-table.ts';
export { pairedRadiusDifference } from './evaluate/paired-radius-difference.ts';
export type {
  PairedRadiusDifference,
  PairedRadiusDifferenceOptions,
  PairedRow,
} from './evaluate/paired-radius-difference.ts';
export type { LabelledDataset, LabelledExample } from './data/labelled-dataset.ts';

// statistics
export { binomialTest } from './stats/binomial-test.ts';
export { clopperPearsonLowerBound } from './stats/clopper-pearson-lower-bound.ts';
export { clopperPearsonUpperBound } from './stats/clopper-pearson-upper-bound.ts';
export type { UpperProbabilityBound } from './stats/clopper-pearson-upper-bound.ts';
export { meanInterval } from './stats/mean-interval.ts';
export type { MeanInterval } from './stats/mean-interval.ts';
export { minimumCountToCertify } from './stats/minimum-count-to-certify.ts';
export { minimumSamplesToCertify } from './stats/minimum-samples-to-certify.ts';
export { minimumSamplesToPredict } from './stats/minimum-samples-to-predict.ts';
export { normalCdf, normalSurvival } from './stats/normal-distribution.ts';
export { normalQuantile } from './stats/normal-quantile.ts';
export { normalQuantileLower } from './stats/normal-quantile-lower.ts';

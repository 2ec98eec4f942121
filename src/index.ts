/**
 * Randomized smoothing for TensorFlow.js: noise, smoothed classifiers, certificates, attacks and training objectives.
 *
 * @module catrs
 */
export { BackendError, CatrsError, ClassifierError, DataError, OptionError, TensorError } from './errors.ts';
export type { ErrorDetails } from './errors.ts';
export type { InputRange, Json, Key, LengthNorm, Norm, ProbabilityBound, UpperProbabilityBound } from './types.ts';
export type { Labels } from './tensors/labels.ts';

// keys and draws
export { createKey, foldIn, split } from './random/key.ts';
export type { KeyTuple } from './random/key.ts';
export { freshSecretKey } from './random/fresh-secret-key.ts';
export { fillBits, fillUniforms } from './random/fill-bits.ts';
export { fillNormals } from './random/fill-normals.ts';
export type { FillNormalsOptions } from './random/fill-normals.ts';
export { threefry2x32 } from './random/threefry.ts';
export type { DrawPosition } from './random/draw-position.ts';

// noise
export { additiveNoise } from './noise/additive-noise.ts';
export type { AdditiveNoiseOptions } from './noise/additive-noise.ts';
export { SampledNoise } from './noise/sampled-noise.ts';
export { GaussianNoise } from './noise/gaussian-noise.ts';
export type { GaussianNoiseOptions } from './noise/gaussian-noise.ts';
export { gaussianRegion } from './noise/gaussian-region.ts';
export type { GaussianRegion, RegionCertificate } from './noise/gaussian-region.ts';
export { linearRadii } from './noise/linear-radii.ts';
export type { LinearRadii } from './noise/linear-radii.ts';
export { ScaledNoise } from './noise/scaled-noise.ts';
export { perChannel } from './noise/scales.ts';
export type { Scale } from './noise/scales.ts';
export { SoundGaussianNoise } from './noise/sound-gaussian-noise.ts';
export type { SoundGaussianNoiseOptions } from './noise/sound-gaussian-noise.ts';
export {
  gaussianRadius,
  gaussianRadiusAgainst,
  gaussianRadiusBetween,
  gaussianShift,
} from './noise/gaussian-radius.ts';
export type { GaussianRadiusAgainstRequest } from './noise/gaussian-radius.ts';
export { LaplaceNoise, laplaceRadius, laplaceShift } from './noise/laplace-noise.ts';
export type { LaplaceNoiseOptions } from './noise/laplace-noise.ts';
export { UniformNoise, uniformRadius, uniformShift } from './noise/uniform-noise.ts';
export type { UniformNoiseOptions } from './noise/uniform-noise.ts';
export { CauchyNoise, cauchyRadius } from './noise/cauchy-noise.ts';
export type { CauchyNoiseOptions } from './noise/cauchy-noise.ts';
export { SplittingNoise } from './noise/splitting-noise.ts';
export type { SplittingNoiseOptions } from './noise/splitting-noise.ts';
export { DeletionNoise } from './noise/deletion-noise.ts';
export type { DeletionNoiseOptions, EditCounts } from './noise/deletion-noise.ts';
export type { EditKind } from './noise/deletion-radius.ts';
export { DeterministicSplittingNoise, deterministicSplittingRadius } from './noise/deterministic-splitting-noise.ts';
export type { DeterministicSplittingNoiseOptions } from './noise/deterministic-splitting-noise.ts';
export { BandAblation } from './noise/band-ablation.ts';
export type { BandAblationOptions, PatchSize, PerAxis } from './noise/band-ablation.ts';
export type { BandKind } from './noise/band-geometry.ts';
export { AblationNoise } from './noise/ablation-noise.ts';
export { AllAblations } from './noise/all-ablations.ts';
export type { AblatedPositions, AblationNoiseOptions } from './noise/ablation-layout.ts';
export type { AblationEncoding } from './noise/ablated-copies.ts';
export { BitFlipNoise } from './noise/bit-flip-noise.ts';
export type { BitFlipNoiseOptions, BitFlipRates, BitGroup, StaircaseOptions } from './noise/bit-flip-noise.ts';
export { BlurNoise, blurRadius } from './noise/transformations/blur-noise.ts';
export type { BlurLaw, BlurNoiseOptions } from './noise/transformations/blur-noise.ts';
export { ChainNoise, coversChain } from './noise/transformations/chain-noise.ts';
export type { ChainChange, ChainNoiseOptions } from './noise/transformations/chain-noise.ts';
export { cosineBlur } from './noise/transformations/cosine-blur.ts';
export { brightnessWithin, coversLight, LightNoise } from './noise/transformations/light-noise.ts';
export type { LightChange, LightNoiseOptions, LightScales } from './noise/transformations/light-noise.ts';
export type { CoveredBy } from './noise/covered-by.ts';
export type { ParameterNoise, TransformationParameter } from './noise/transformations/parameter-noise.ts';
export { ShiftNoise } from './noise/transformations/shift-noise.ts';
export type { ShiftChange, ShiftNoiseOptions } from './noise/transformations/shift-noise.ts';
export { ValueFlipNoise } from './noise/value-flip-noise.ts';
export type { ValueFlipNoiseOptions } from './noise/value-flip-noise.ts';
export type { BitChanges } from './noise/bit-flip-radius.ts';
export type {
  AdditiveNoise,
  BatchDrawRequest,
  DeterministicNoise,
  Domain,
  DrawRequest,
  Noise,
  NoiseParameters,
  NoiseRecord,
  RadiusRequest,
} from './noise/types.ts';

// base classifiers
export { currentEngine } from './tensors/engine.ts';
export { checkBackend } from './smoothed/check-backend.ts';
export type { BackendCheck, CheckBackendOptions } from './smoothed/check-backend.ts';
export { checkClassifier } from './classifier/check-classifier.ts';
export type { CheckClassifierOptions } from './classifier/check-classifier.ts';
export { diffusionDenoiser } from './classifier/diffusion-denoiser.ts';
export type { DiffusionDenoiserOptions, DiffusionFn, DiffusionPrediction } from './classifier/diffusion-denoiser.ts';
export { diffusionStep } from './classifier/diffusion-schedule.ts';
export type { DiffusionSchedule, DiffusionStep, DiffusionStepOptions } from './classifier/diffusion-schedule.ts';
export { denoised, standardizeInput } from './classifier/input-adapters.ts';
export { adjacencyOfPairs, pairsOfEdges } from './classifier/pair-adjacency.ts';
export type { StandardizeInputOptions } from './classifier/input-adapters.ts';
export { binary } from './classifier/binary.ts';
export type { BinaryOptions } from './classifier/binary.ts';
export { normalizeInput } from './classifier/normalize-input.ts';
export type { NormalizeInputOptions } from './classifier/normalize-input.ts';
export { reshapeInput } from './classifier/reshape-input.ts';
export type { ReshapeInputOptions } from './classifier/reshape-input.ts';
export { ensemble } from './classifier/ensemble.ts';
export type { EnsembleAverage, EnsembleOptions } from './classifier/ensemble.ts';
export { kConsensus } from './classifier/k-consensus.ts';
export type { KConsensusOptions } from './classifier/k-consensus.ts';
export { toLogitsFn, trainableVariables } from './classifier/to-logits-fn.ts';
export type { ToLogitsFnOptions } from './classifier/to-logits-fn.ts';
export type {
  Classifier,
  ClassifierOutput,
  ClassifyOptions,
  DenoiseFn,
  Denoiser,
  GraphModelLike,
  ImageLayout,
  LayersModelLike,
  LogitsFn,
  ModelTensor,
  ModelWeight,
  TypedBatch,
  TensorClassifier,
  TypedClassifier,
  TypedSegmenter,
  TypedDenoiser,
} from './classifier/types.ts';

// detectors and their boxes
export { boxIou, worstIou } from './detection/box-geometry.ts';
export type { Box, CoordinateBounds } from './detection/box-geometry.ts';
export { SLOT_SIZE } from './detection/box-layout.ts';
export type { BoxBins, BoxLayout, BoxSort } from './detection/box-layout.ts';
export { boxSlots } from './detection/box-slots.ts';
export type { BoxSlots, BoxSlotsOptions } from './detection/box-slots.ts';
export type { DetectorHead, DetectorHeadOptions } from './detection/detector-heads.ts';
export { graphDetector } from './detection/graph-detector.ts';
export type { DetectorGraphLike, GraphDetectorOptions } from './detection/graph-detector.ts';
export type { DetectorOutputNames } from './detection/head-names.ts';
export { nonMaxSuppression } from './detection/non-max-suppression.ts';
export type { NonMaxSuppressionOptions } from './detection/non-max-suppression.ts';
export type {
  BoxFormat,
  BoxTensors,
  BoxUnits,
  Detector,
  FoundBoxes,
  TensorDetector,
  TypedDetector,
} from './detection/types.ts';

// smoothed classifiers and certificates
export { SmoothedClassifier } from './smoothed/smoothed-classifier.ts';
export type {
  CertifyOptions,
  PredictOptions,
  SampleOptions,
  SmoothedClassifierOptions,
  SampleProgress,
} from './smoothed/call-options.ts';
export type { Certifier, StreamExample, TimedCertificate, TimedOutput } from './smoothed/types.ts';
export { SoftSmoothedClassifier } from './smoothed/soft-smoothed-classifier.ts';
export type {
  SoftPrediction,
  SoftPredictOptions,
  SoftSmoothedClassifierOptions,
} from './smoothed/soft-smoothed-classifier.ts';
export type { SoftBound } from './smoothed/soft-bound.ts';
export type { SoftCertifyOptions } from './smoothed/soft-options.ts';
export { DerandomizedClassifier } from './smoothed/derandomized-classifier.ts';
export type { DerandomizedCertifyOptions, DerandomizedClassifierOptions } from './smoothed/derandomized-classifier.ts';
export { certifyOneSample } from './smoothed/certify-one-sample.ts';
export type { OneSampleRequest } from './smoothed/certify-one-sample.ts';
export type { CopyVotes } from './smoothed/count-votes.ts';
export { certifyShifts } from './smoothed/certify-shifts.ts';
export type { CertifyShiftsOptions, ShiftBorder, ShiftCertificate } from './smoothed/certify-shifts.ts';
export { certifyPatches } from './smoothed/certify-patches.ts';
export type { CertifyPatchesOptions, PatchCertificate } from './smoothed/certify-patches.ts';
export { DoubleMasking } from './smoothed/double-masking.ts';
export type {
  DoubleMaskingCertificate,
  DoubleMaskingOptions,
  DoubleMaskingRunOptions,
} from './smoothed/double-masking.ts';
export { verifyCertificate } from './smoothed/verify-certificate.ts';
export type { VerifyCertificateOptions } from './smoothed/verify-certificate.ts';
export type { Verification } from './smoothed/verify-votes.ts';
export { reproduceCertificate } from './smoothed/reproduce-certificate.ts';
export type { ReproduceCertificateOptions, Reproduction } from './smoothed/reproduce-certificate.ts';
export { RoutedClassifier } from './smoothed/routed/routed-classifier.ts';
export type { RoutedCertifyOptions, RoutedClassifierOptions } from './smoothed/routed/routed-classifier.ts';
export { composedRadius } from './smoothed/routed/routed-certificate.ts';
export type { PartRadius } from './smoothed/routed/routed-certificate.ts';
export { AgreedClassifier } from './smoothed/routed/agreed-classifier.ts';
export type { AgreedCertifyOptions, AgreedClassifierOptions } from './smoothed/routed/agreed-classifier.ts';
export type {
  AgreedCertificate,
  AgreedLimit,
  AgreedPrediction,
  CandidateVotes,
} from './smoothed/routed/agreed-types.ts';
export { agreedRadius } from './smoothed/routed/agreed-radius.ts';
export type { ExpertClaim } from './smoothed/routed/agreed-radius.ts';
export { CascadeClassifier } from './smoothed/routed/cascade-classifier.ts';
export type { CascadeCertifyOptions, CascadeClassifierOptions } from './smoothed/routed/cascade-classifier.ts';
export type { CascadeCertificate, StageVotes } from './smoothed/routed/cascade-types.ts';
export { cascadeRadius } from './smoothed/routed/cascade-radius.ts';
export type { CascadeRadiusRequest, CascadeVotes } from './smoothed/routed/cascade-radius.ts';
export type { LimitedBy, RoutedCertificate, RoutedPrediction } from './smoothed/routed/types.ts';
export { Recertifier } from './smoothed/incremental/recertifier.ts';
export type { RecertifierOptions, RecertifierRunOptions } from './smoothed/incremental/recertifier.ts';
export type { RecertifyOptions, VoteSource } from './smoothed/incremental/recertify-options.ts';
export { incrementalBound, lossFreeSamples } from './smoothed/incremental/incremental-bound.ts';
export type { IncrementalBoundRequest } from './smoothed/incremental/incremental-bound.ts';
export type { IncrementalBasis, IncrementalCertificate } from './smoothed/incremental/types.ts';
export { certifyCounts, predictCounts } from './certify/counts.ts';
export type {
  CertifyCountsRequest,
  CountsCertificate,
  CountsPrediction,
  PredictCountsRequest,
} from './certify/counts.ts';
export { fixedSample } from './certify/fixed-sample.ts';
export type { FixedSampleOptions } from './certify/fixed-sample.ts';
export { topTwo } from './certify/top-two.ts';
export type { TopTwoOptions } from './certify/top-two.ts';
export { topK } from './certify/top-k.ts';
export type { TopKOptions } from './certify/top-k.ts';
export { plannedRadius } from './certify/planned-radius.ts';
export type { PlannedRadiusOptions } from './certify/planned-radius.ts';
export { fixedRadius } from './certify/fixed-radius.ts';
export type { FixedRadiusOptions } from './certify/fixed-radius.ts';
export { anytimeRadius } from './certify/anytime-radius.ts';
export type { AnytimeRadiusOptions } from './certify/anytime-radius.ts';
export { ladder } from './certify/ladder.ts';
export type { LadderOptions } from './certify/ladder.ts';
export { oracleTest } from './certify/oracle-test.ts';
export type { OracleTestOptions } from './certify/oracle-test.ts';
export { allOf, stopAtDeadline, stopAtGain, stopAtRadius, stopAtSamples, stopAtWidth } from './certify/stops.ts';
export type {
  AllOfOptions,
  Stop,
  StopAtDeadlineOptions,
  StopAtGainOptions,
  StopAtRadiusOptions,
  StopAtSamplesOptions,
  StopAtWidthOptions,
  StopState,
  StopTest,
} from './certify/stops.ts';
export { ruleOf } from './certify/rule-of.ts';
export { certifiedBoxes } from './smoothed/regression/certified-boxes.ts';
export type { CertifiedBoxes, CertifiedSlot } from './smoothed/regression/certified-boxes.ts';
export { intervalMetrics } from './evaluate/interval-metrics.ts';
export type { IntervalMetrics } from './evaluate/interval-metrics.ts';
export { SmoothedRegressor } from './smoothed/regression/smoothed-regressor.ts';
export type {
  IntervalEnd,
  RadiusStopOptions,
  RegressionCertifyOptions,
  RegressionIntervalOptions,
  RegressionPredictOptions,
  RegressionRunOptions,
  SmoothedRegressorOptions,
  WidthStopOptions,
} from './smoothed/regression/regressor-options.ts';
export type {
  BoundedSides,
  BoundsCertificate,
  BoundsWithin,
  IntervalCounts,
  OrderStatistic,
  OutputBounds,
  QuantileEvidence,
  QuantileLook,
  RadiusCertificate,
  RegressionCertificate,
  RegressionPrediction,
  RegressionRecord,
  ValueGap,
} from './smoothed/regression/types.ts';
export type { Ball } from './smoothed/regression/percentile-levels.ts';
export type { GridOptions } from './smoothed/regression/value-grid.ts';
export type { SmoothedModelOptions } from './smoothed/outputs/model-rows.ts';
export { multiLabelMetrics } from './evaluate/multi-label-figures.ts';
export type { MultiLabelMetrics, MultiLabelRow } from './evaluate/multi-label-figures.ts';
export { SmoothedMultiLabel } from './smoothed/multilabel/smoothed-multi-label.ts';
export type { MultiLabelCertifyOptions, SmoothedMultiLabelOptions } from './smoothed/multilabel/multi-label-options.ts';
export { labelPresence } from './smoothed/multilabel/label-presence.ts';
export type { LabelPresenceOptions } from './smoothed/multilabel/label-presence.ts';
export { labelRadii } from './smoothed/multilabel/label-radii.ts';
export type { LabelRadiiRequest } from './smoothed/multilabel/label-radii.ts';
export type { LabelRadius, LabelSetRule, MultiLabelCertificate } from './smoothed/multilabel/types.ts';
export { SmoothedScores } from './smoothed/confidence/smoothed-scores.ts';
export type { CertifiedScore, SmoothedScoresOptions } from './smoothed/confidence/smoothed-scores.ts';
export type { ScoreCertifyOptions } from './smoothed/confidence/score-options.ts';
export { scoreRadius } from './smoothed/confidence/score-certificate.ts';
export type {
  ScoreBound,
  ScoreCertificate,
  ScoreEvidence,
  ScoreName,
  ScoreTally,
} from './smoothed/confidence/types.ts';
export { classOutcomes } from './evaluate/class-figures.ts';
export type { ClassClaim, ClassClaimRow } from './evaluate/class-figures.ts';
export type { OutputReproduction, ReproducibleCertifier } from './smoothed/outputs/reproduce-output.ts';
export type { OutputCertifier, OutputRecord, OutputTask } from './smoothed/outputs/types.ts';
export { CenterSmoothed } from './smoothed/center/center-smoothed.ts';
export type {
  CenterCertifyOptions,
  CenterPredictOptions,
  CenterSearchOptions,
  CenterSmoothedOptions,
  CenterStreamOptions,
} from './smoothed/center/center-options.ts';
export type {
  CenterBound,
  CenterCertificate,
  CenterPrediction,
  CenterReason,
  CenterSearch,
} from './smoothed/center/center-certificate.ts';
export type { GivenCenter } from './smoothed/center/given-center.ts';
export { coveringIndex, planCenter } from './smoothed/center/center-statistics.ts';
export type {
  CenterCandidates,
  CenterPlan,
  CenterPlanRequest,
  CoveringRequest,
} from './smoothed/center/center-statistics.ts';
export { angular, chebyshev, distanceOf, euclidean, hamming, jaccard, manhattan } from './smoothed/center/distances.ts';
export type { OutputDistance } from './smoothed/center/distances.ts';
export { SmoothedSegmenter } from './smoothed/segmentation/smoothed-segmenter.ts';
export type { SmoothedSegmenterOptions } from './smoothed/segmentation/smoothed-segmenter.ts';
export type { SegmentationPrediction } from './smoothed/segmentation/segmentation-process.ts';
export type { CertifySegmentationOptions, SegmentOptions } from './smoothed/segmentation/segment-options.ts';
export {
  type CertifiedMask,
  decodeLabels,
  type DecodeLabelsOptions,
  decodeRadii,
} from './smoothed/segmentation/decode-certificate.ts';
export type { ComponentRadii, RadiusOfVotes } from './smoothed/segmentation/component-radii.ts';
export type {
  SegmentationCertificate,
  SegmentationStop,
  SegmentationStopReason,
} from './smoothed/segmentation/certificate.ts';
export { byMargin, classesOf, informationGain } from './smoothed/segmentation/class-tree.ts';
export type { ClassTree, MarginLevels } from './smoothed/segmentation/class-tree.ts';
export { decodeMask, encodeMask } from './smoothed/segmentation/masks.ts';
export type { Mask, MaskLike, NestedNumbers } from './smoothed/segmentation/masks.ts';
export { stepDown } from './certify/step-down.ts';
export type {
  Correction,
  CountHistogram,
  StepDownEvidence,
  StepDownOptions,
  StepDownResult,
} from './certify/step-down.ts';
// outputs: conformal sets
export { calibrateRobustSets } from './evaluate/calibrate-robust-sets.ts';
export type { CalibrateRobustSetsOptions } from './evaluate/calibrate-robust-sets.ts';
export { RobustSets } from './smoothed/conformal/robust-sets.ts';
export type {
  RobustSetsAtOptions,
  RobustSetsFromJsonOptions,
  SetDrawsOptions,
  SetOptions,
} from './smoothed/conformal/set-options.ts';
export type { RobustSetsRecord, RobustSetsSetting } from './smoothed/conformal/robust-sets-record.ts';
export type { ScoredModelOptions } from './smoothed/conformal/scored-model.ts';
export type {
  ConformalCertificate,
  ConformalInterval,
  ConformalRecord,
  DrawsRecord,
  IntervalCertificate,
  LabelSetCertificate,
  ScoreRecord,
} from './smoothed/conformal/set-certificate.ts';
export { apsScore, lacScore, rapsScore } from './smoothed/conformal/label-scores.ts';
export type { LabelScore, LabelScoreName, RapsScoreOptions } from './smoothed/conformal/label-scores.ts';
export { conformalIndex } from './smoothed/conformal/conformal-index.ts';
export { manyDrawsLevels } from './smoothed/conformal/conformal-levels.ts';
export type {
  ConformalShift,
  ManyDraws,
  ManyDrawsLevels,
  ManyDrawsLevelsOptions,
} from './smoothed/conformal/conformal-levels.ts';
export { conformalSet, conformalThreshold, drawsScore, manyDrawsSet } from './smoothed/conformal/conformal-sets.ts';
export type { ConformalThreshold, ConformalThresholdOptions } from './smoothed/conformal/conformal-sets.ts';
export { attackSets } from './evaluate/attack-sets.ts';
export type { AttackedSetRow, AttackSetsOptions } from './evaluate/attack-sets.ts';
export { intervalCoverage, setCoverage } from './evaluate/set-coverage.ts';
export type { IntervalCoverage, IntervalRow, LabelSetRow, SetCoverage } from './evaluate/set-coverage.ts';
export { noiseOf } from './noise/noise-of.ts';
export { ABSTAIN } from './certify/types.ts';
export type {
  BoundMethod,
  Certificate,
  CertificateReason,
  EvidenceStep,
  Prediction,
  RuleRecord,
  ScoreSums,
  Smoothing,
} from './certify/types.ts';
export type { CertificationRule, RuleContext, RuleResult, RuleRun, Tally } from './certify/rule.ts';

// attacks
export { GreedyPixelAttack } from './attacks/greedy-pixel-attack.ts';
export type { GreedyPixelAttackOptions } from './attacks/greedy-pixel-attack.ts';
export { GreedyTokenAttack } from './attacks/greedy-token-attack.ts';
export type { GreedyTokenAttackOptions } from './attacks/greedy-token-attack.ts';
export { GreedyFlipAttack } from './attacks/greedy-flip-attack.ts';
export type { GreedyFlipAttackOptions } from './attacks/greedy-flip-attack.ts';
export { NoisePgd } from './attacks/noise-pgd.ts';
export type { NoisePgdOptions } from './attacks/noise-pgd.ts';
export { SmoothMixPgd } from './attacks/smooth-mix-pgd.ts';
export type { SmoothMixPgdOptions } from './attacks/smooth-mix-pgd.ts';
export { GreedyEditAttack } from './attacks/greedy-edit-attack.ts';
export type { GreedyEditAttackOptions } from './attacks/greedy-edit-attack.ts';
export { SmoothedDdn } from './attacks/smoothed-ddn.ts';
export type { SmoothedDdnOptions } from './attacks/smoothed-ddn.ts';
export { PatchAttack } from './attacks/patch-attack.ts';
export type { PatchAttackOptions, PatchTarget } from './attacks/patch-attack.ts';
export { SmoothedPgd } from './attacks/smoothed-pgd.ts';
export type { SmoothedPgdOptions } from './attacks/smoothed-pgd.ts';
export type {
  AttackTarget,
  InputAttack,
  InputAttackRequest,
  MixAttack,
  MixPair,
  NoiseAttack,
  NoiseAttackRequest,
  StartedAttack,
} from './attacks/types.ts';

// training objectives
export { checkTraining } from './losses/check-training.ts';
export type { CheckTrainingOptions } from './losses/check-training.ts';
export { ConfidenceAwareLoss } from './losses/confidence-aware-loss.ts';
export type { ConfidenceAwareBatch, ConfidenceAwareLossOptions, EpsilonStep } from './losses/confidence-aware-loss.ts';
export type {
  ConfidenceAwareMetrics,
  ConfidenceAwareTerms,
  PreparedConfidenceAware,
} from './losses/confidence-aware-step.ts';
export { ConsistencyLoss } from './losses/consistency-loss.ts';
export type { ConsistencyLossOptions, ConsistencyMode, ConsistencyTerms } from './losses/consistency-loss.ts';
export { CopiesLoss } from './losses/copies-loss.ts';
export type { CopiesBatch, CopiesLossOptions, CopiesTerms, PreparedCopies } from './losses/copies-loss.ts';
export { GaussianLoss } from './losses/gaussian-loss.ts';
export type { GaussianLossOptions, GaussianTerms } from './losses/gaussian-loss.ts';
export { MacerLoss } from './losses/macer-loss.ts';
export type { MacerLossOptions, MacerTerms, PreparedMacer } from './losses/macer-loss.ts';
export { SmoothAdvLoss } from './losses/smooth-adv-loss.ts';
export type {
  PreparedSmoothAdv,
  SmoothAdvBatch,
  SmoothAdvLossOptions,
  SmoothAdvTerms,
} from './losses/smooth-adv-loss.ts';
export { SmoothMixLoss } from './losses/smooth-mix-loss.ts';
export type { SmoothMixBatch, SmoothMixLossOptions } from './losses/smooth-mix-loss.ts';
export type { PreparedSmoothMix, SmoothMixMetrics, SmoothMixTerms } from './losses/smooth-mix-step.ts';
export { StabilityLoss } from './losses/stability-loss.ts';
export type { StabilityLossOptions, StabilityTerms } from './losses/stability-loss.ts';
export { prepareAsync } from './losses/prepared-step.ts';
export type { Prepared, PreparedBatch, StepMetrics, TrainingBatch, TrainingLoss } from './losses/types.ts';

// runs over a data set and their figures
export {
  abstentionRate,
  averageCertifiedRadius,
  certifiedAccuracy,
  certifiedAccuracyCurve,
  meanMilliseconds,
  meanSamples,
  medianCertifiedRadius,
} from './evaluate/metrics.ts';
export type { CertifiedAccuracyPoint } from './evaluate/metrics.ts';
export { attackDataset } from './evaluate/attack-dataset.ts';
export type { AttackDatasetOptions, AttackedRow } from './evaluate/attack-dataset.ts';
export type {
  AttackedClassifier,
  AttackedVotes,
  AttackThreads,
  VotesOfCopies,
} from './evaluate/attacked-classifier.ts';
export { brokenCertificates, empiricalRobustAccuracy } from './evaluate/attacked-metrics.ts';
export type { AttackedImage, CertifiedImage } from './evaluate/attacked-metrics.ts';
export { certificationLog, certificationLogHeader, formatCertificationRow } from './evaluate/certification-log.ts';
export type { CertificationLogFormat, CertificationLogOptions } from './evaluate/certification-log.ts';
export type { CertifiedOutcome, LoggedRow, PredictedRow } from './evaluate/rows.ts';
export { certifyDataset } from './evaluate/certify-dataset.ts';
export type { CertifiedRow, CertifyDatasetOptions } from './evaluate/certify-dataset.ts';
export type { DatasetRunOptions, DatasetSelection, Shard } from './data/dataset-selection.ts';
export {
  decodeCertificationLog,
  parseCertificationLog,
  parsePredictionLog,
} from './evaluate/parse-certification-log.ts';
export type { DecodeCertificationLogOptions } from './evaluate/parse-certification-log.ts';
export { highProbabilityAccuracy } from './evaluate/high-probability-accuracy.ts';
export type { HighProbabilityAccuracyOptions, HighProbabilityRow } from './evaluate/high-probability-accuracy.ts';
export { latexTable, markdownTable } from './evaluate/tables.ts';
export type { MethodAccuracies, TableOptions } from './evaluate/tables.ts';
export { pairedRadiusDifference } from './evaluate/paired-radius-difference.ts';
export type {
  PairedRadiusDifference,
  PairedRadiusDifferenceOptions,
  PairedRow,
} from './evaluate/paired-radius-difference.ts';
export { radiusUnit } from './evaluate/radius-unit.ts';
export type { UnitRow } from './evaluate/radius-unit.ts';
export { probabilityDistribution } from './evaluate/probability-distribution.ts';
export type {
  ProbabilityDistributionOptions,
  ProbabilityPoint,
  ProbabilityRow,
} from './evaluate/probability-distribution.ts';
export type { LabelledDataset, LabelledExample } from './data/labelled-dataset.ts';
export { boxMetrics } from './evaluate/box-metrics.ts';
export type { BoxMetrics, BoxMetricsOptions, BoxRow, TrueBox } from './evaluate/box-metrics.ts';
export { segmentationMetrics } from './evaluate/segmentation-metrics.ts';
export type { SegmentationMetrics, SegmentationMetricsOptions } from './evaluate/segmentation-metrics.ts';
export { segmentationImage } from './evaluate/segmentation-image.ts';
export type { Rgb, RgbImage, SegmentationImageOptions } from './evaluate/segmentation-image.ts';
export { outputFigures } from './evaluate/output-figures.ts';
export type { OutputCurve, OutputFigures } from './evaluate/task-evaluation.ts';
export type { OutputRow } from './evaluate/output-rows.ts';
export { formatOutputLog, isOutputLog, parseOutputLog } from './evaluate/output-log.ts';
export type { OutputLog } from './evaluate/output-log.ts';
export type { TargetDataset, TargetExample } from './data/target-dataset.ts';

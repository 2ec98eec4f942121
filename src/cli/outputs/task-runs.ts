import type { CenterCertificate } from '../../smoothed/center/center-certificate.ts';
import { CenterSmoothed } from '../../smoothed/center/center-smoothed.ts';
import { distanceOf, euclidean, type OutputDistance } from '../../smoothed/center/distances.ts';
import { SmoothedScores } from '../../smoothed/confidence/smoothed-scores.ts';
import { SmoothedRegressor } from '../../smoothed/regression/smoothed-regressor.ts';
import { RobustSets } from '../../smoothed/conformal/robust-sets.ts';
import type { RobustSetsRecord } from '../../smoothed/conformal/robust-sets-record.ts';
import { SmoothedMultiLabel } from '../../smoothed/multilabel/smoothed-multi-label.ts';
import type { MultiLabelCertificate } from '../../smoothed/multilabel/types.ts';
import { createKey } from '../../random/key.ts';
import type { ConformalCertificate } from '../../smoothed/conformal/set-certificate.ts';
import type { CliIo } from '../io.ts';
import { boxSettings } from './boxes-model.ts';
import { calibratedAgain, type CalibratedFor, calibratedSets } from './calibrated-sets.ts';
import type { RegressionCertificate } from '../../smoothed/regression/types.ts';
import type { SegmentationCertificate } from '../../smoothed/segmentation/certificate.ts';
import { SmoothedSegmenter } from '../../smoothed/segmentation/smoothed-segmenter.ts';
import type { OutputCertifier } from '../../smoothed/outputs/types.ts';
import type { TruthKind } from '../data/open-truth.ts';
import type { CertifierParts, OutputSettings, PreparedFrom } from './output-settings.ts';
import type { OutputTaskName } from './task-options.ts';

/** How a task is run. @internal */
interface TaskRun {
  /** What can be true of an input. */
  readonly truth: (settings: OutputSettings) => TruthKind;
  /** What must be done before anything is certified, in a form that threads can be sent. */
  readonly prepare?: (from: PreparedFrom, settings: OutputSettings, io: CliIo) => Promise<unknown>;
  /** Makes what certifies. Its class checks the options. */
  readonly certifier: (parts: CertifierParts, settings: OutputSettings) => OutputCertifier<object>;
  /** The options of its certificates. */
  readonly options: (settings: OutputSettings) => object;
  /** Settings of the certifier that a certificate of it says: those of the command line come before them. */
  readonly recorded: (certificate: never) => Partial<OutputSettings>;
  /** Prepares for what a log rests on, to draw its rows again. */
  readonly prepareAgain?: (
    from: PreparedFrom,
    settings: OutputSettings,
    log: CalibratedFor,
  ) => Promise<RobustSetsRecord>;
}

/** What drives the draws, how many there are, and how often a certificate may be wrong. */
const drawn = ({ seed = 0, n, alpha }: OutputSettings): object => ({ key: createKey(seed), n, alpha });

/** A number, or a list of several. */
const oneOrMany = (values: readonly number[] | undefined): number | readonly number[] | undefined =>
  values?.length === 1 ? values[0] : values;

/** @internal */
export const TASK_RUNS: Readonly<Record<OutputTaskName, TaskRun>> = {
  regression: {
    truth: () => 'numbers',
    certifier: ({ model, noise, numbers }, { outputs = numbers, percentile, outputRange, inputRange, batchSize }) =>
      new SmoothedRegressor(model, { noise, outputs, percentile, outputRange, inputRange, batchSize }),
    options: (settings) => {
      const { radius, sides, low, high } = settings;
      const interval = { low: oneOrMany(low) ?? null, high: oneOrMany(high) ?? null };
      return { ...drawn(settings), ...(radius === undefined ? interval : { radius: oneOrMany(radius), sides }) };
    },
    recorded: ({ outputs, percentile, ...certificate }: RegressionCertificate) => {
      const [low, high] = ('outputRange' in certificate ? certificate.outputRange : undefined) ?? [];
      const range = typeof low === 'number' && typeof high === 'number' ? ([low, high] as const) : undefined;
      return { outputs, percentile, outputRange: range };
    },
  },
  boxes: {
    truth: () => 'boxes',
    certifier: ({ model, noise }, { percentile, inputRange, batchSize }) =>
      new SmoothedRegressor(model, { noise, percentile, inputRange, batchSize }),
    options: (settings) => ({ ...drawn(settings), radius: oneOrMany(settings.radius) }),
    recorded: ({ percentile, boxes }: RegressionCertificate) => ({
      ...(boxes && boxSettings(boxes)),
      percentile,
    }),
  },
  segmentation: {
    truth: () => 'mask',
    certifier: ({ model, noise }, { numClasses = 0, logitsLayout, maskThreshold, inputRange, batchSize }) =>
      new SmoothedSegmenter(model, {
        ...{ noise, numClasses, layout: logitsLayout, threshold: maskThreshold, inputRange, batchSize },
      }),
    options: (settings) => {
      const { n0, tau, correction, allowedErrors, componentRadii } = settings;
      const radii = componentRadii === true ? 'per component' : undefined;
      return { ...drawn(settings), n0, tau, radii, correction, allowedErrors };
    },
    recorded: ({ numClasses }: SegmentationCertificate) => ({ numClasses }),
  },
  conformal: {
    truth: ({ score }) => (score === 'residual' ? 'numbers' : 'class'),
    prepare: calibratedSets,
    certifier: ({ model, prepared }, { batchSize }) =>
      RobustSets.fromJSON(model, prepared as RobustSetsRecord, { batchSize }),
    // Without a seed each set has a secret key of its own.
    options: ({ seed }) => (seed === undefined ? {} : { key: createKey(seed) }),
    recorded: ({ score: { name } }: ConformalCertificate) => ({ score: name as OutputSettings['score'] }),
    prepareAgain: calibratedAgain,
  },
  multilabel: {
    truth: () => 'labels',
    certifier: ({ model, noise, numbers }, { labelsPerPass, labelThreshold, inputRange, batchSize }) =>
      new SmoothedMultiLabel(model, {
        ...{ noise, numLabels: numbers, labelsPerPass, threshold: oneOrMany(labelThreshold), inputRange, batchSize },
      }),
    options: (settings) => {
      const { n0, top, targets } = settings;
      return { ...drawn(settings), n0, k: top, targets: oneOrMany(targets) };
    },
    recorded: ({ sets }: MultiLabelCertificate) =>
      'threshold' in sets ? { labelThreshold: [sets.threshold].flat() } : { labelsPerPass: sets.labelsPerPass },
  },
  center: {
    // Of most data nothing is known that a center could be held against.
    truth: ({ truth, target }) => (truth === undefined && target === undefined ? 'nothing' : 'numbers'),
    certifier: ({ model, noise }, { distance = euclidean.name, delta, inputRange, batchSize }) =>
      new CenterSmoothed(model, {
        ...{ noise, distance: distanceOf(distance) as OutputDistance, delta, inputRange, batchSize },
      }),
    options: (settings) => {
      const { radius, candidates, centerN, centerAlpha } = settings;
      const predict = { candidates, n: centerN, alpha: centerAlpha };
      return { ...drawn(settings), radius: oneOrMany(radius), predict };
    },
    recorded: ({ metric, delta }: CenterCertificate) => ({ distance: metric as OutputSettings['distance'], delta }),
  },
  confidence: {
    truth: () => 'class',
    certifier: ({ model, noise, numbers, output }, { inputRange, batchSize }) =>
      new SmoothedScores(model, { noise, numClasses: numbers, output, inputRange, batchSize }),
    options: (settings) => {
      const { radii, n0, score, bound, thresholds, sides } = settings;
      return { ...drawn(settings), radii, n0, score, bound, thresholds, side: sides };
    },
    recorded: () => ({}),
  },
};

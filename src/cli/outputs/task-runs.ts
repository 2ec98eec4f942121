import type { Classifier, ClassifierOutput } from '../../classifier/types.ts';
import type { Noise } from '../../noise/types.ts';
import type { CenterCertificate } from '../../smoothed/center/center-certificate.ts';
import { CenterSmoothed } from '../../smoothed/center/center-smoothed.ts';
import { distanceOf, euclidean, type OutputDistance } from '../../smoothed/center/distances.ts';
import { SmoothedScores } from '../../smoothed/confidence/smoothed-scores.ts';
import { SmoothedRegressor } from '../../smoothed/regression/smoothed-regressor.ts';
import type { RegressionCertificate } from '../../smoothed/regression/types.ts';
import type { SegmentationCertificate } from '../../smoothed/segmentation/certificate.ts';
import { SmoothedSegmenter } from '../../smoothed/segmentation/smoothed-segmenter.ts';
import type { OutputCertifier } from '../../smoothed/outputs/types.ts';
import type { TruthKind } from '../data/open-truth.ts';
import type { ModelFacts, OutputSettings } from './open-output-run.ts';
import type { OutputTaskName } from './task-options.ts';

/** The model and the noise that a certifier is made of, in each thread. @internal */
export interface CertifierParts extends ModelFacts {
  readonly model: Classifier;
  readonly noise: Noise;
  /** What the model returns, where that is classes. */
  readonly output: ClassifierOutput;
}

/** How a task is run. @internal */
interface TaskRun {
  /** What can be true of an input. */
  readonly truth: (settings: OutputSettings) => TruthKind;
  /** Makes what certifies. Its class checks the options. */
  readonly certifier: (parts: CertifierParts, settings: OutputSettings) => OutputCertifier<object>;
  /** The options of its certificates, beside the key, n and alpha. */
  readonly options: (settings: OutputSettings) => object;
  /** Settings of the certifier that a certificate of it says: those of the command line come before them. */
  readonly recorded: (certificate: never) => Partial<OutputSettings>;
}

/** A number, or a list of several. */
const oneOrMany = (values: readonly number[] | undefined): number | readonly number[] | undefined =>
  values?.length === 1 ? values[0] : values;

/** @internal */
export const TASK_RUNS: Readonly<Record<OutputTaskName, TaskRun>> = {
  regression: {
    truth: () => 'numbers',
    certifier: ({ model, noise, numbers }, { outputs = numbers, percentile, outputRange, inputRange, batchSize }) =>
      new SmoothedRegressor(model, { noise, outputs, percentile, outputRange, inputRange, batchSize }),
    options: ({ radius, sides, low, high }) =>
      radius === undefined
        ? { low: oneOrMany(low) ?? null, high: oneOrMany(high) ?? null }
        : { radius: oneOrMany(radius), sides },
    recorded: ({ outputs, percentile, ...certificate }: RegressionCertificate) => {
      const [low, high] = ('outputRange' in certificate ? certificate.outputRange : undefined) ?? [];
      const range = typeof low === 'number' && typeof high === 'number' ? ([low, high] as const) : undefined;
      return { outputs, percentile, outputRange: range };
    },
  },
  segmentation: {
    truth: () => 'mask',
    certifier: ({ model, noise }, { numClasses = 0, logitsLayout, maskThreshold, inputRange, batchSize }) =>
      new SmoothedSegmenter(model, {
        ...{ noise, numClasses, layout: logitsLayout, threshold: maskThreshold, inputRange, batchSize },
      }),
    options: ({ n0, tau, correction, allowedErrors }) => ({ n0, tau, correction, allowedErrors }),
    recorded: ({ numClasses }: SegmentationCertificate) => ({ numClasses }),
  },
  center: {
    // Of most data nothing is known that a center could be held against.
    truth: ({ truth, target }) => (truth === undefined && target === undefined ? 'nothing' : 'numbers'),
    certifier: ({ model, noise }, { distance = euclidean.name, delta, inputRange, batchSize }) =>
      new CenterSmoothed(model, {
        ...{ noise, distance: distanceOf(distance) as OutputDistance, delta, inputRange, batchSize },
      }),
    options: ({ radius, candidates, centerN, centerAlpha }) => ({
      radius: oneOrMany(radius),
      predict: { candidates, n: centerN, alpha: centerAlpha },
    }),
    recorded: ({ metric, delta }: CenterCertificate) => ({ distance: metric as OutputSettings['distance'], delta }),
  },
  confidence: {
    truth: () => 'class',
    certifier: ({ model, noise, numbers, output }, { inputRange, batchSize }) =>
      new SmoothedScores(model, { noise, numClasses: numbers, output, inputRange, batchSize }),
    options: ({ radii, n0, score, bound, thresholds, sides }) => ({ radii, n0, score, bound, thresholds, side: sides }),
    recorded: () => ({}),
  },
};

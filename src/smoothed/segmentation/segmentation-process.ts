import {
  assertEnoughDraws,
  componentsIn,
  type Correction,
  histogramOf,
  stepDownSorted,
  type StepDownSettings,
} from '../../certify/step-down.ts';
import { dataFor } from '../../host/own-data.ts';
import type { Noise, NoiseRecord } from '../../noise/types.ts';
import { certificateKeys } from '../../random/purposes.ts';
import type { InputRange, Key, Norm } from '../../types.ts';
import { noiseRecord } from '../certificates.ts';
import type { OutputExample } from '../outputs/output-runs.ts';
import type { SamplePhases } from '../outputs/phased-process.ts';
import {
  earlyStop,
  type SegmentationCertificate,
  segmentationCertificate,
  type SegmentationStop,
} from './certificate.ts';
import { ClassSelection } from './class-selection.ts';
import type { MarginLevels } from './class-tree.ts';
import type { MaskAsk, MaskPiece } from './mask-pieces.ts';
import { encodeMask, type Mask } from './masks.ts';

/** What the samples of an image and their certificate depend on. @internal */
export interface SegmentationSettings {
  /** The public call, for error texts. */
  readonly call: string;
  readonly noise: Noise;
  readonly norm: Norm;
  readonly inputRange: InputRange;
  readonly numClasses: number;
  readonly n0: number;
  readonly n: number;
  readonly tau: number;
  readonly alpha: number;
  readonly correction: Correction;
  readonly allowedErrors: number;
  readonly checkEvery: number;
  readonly stop?: SegmentationStop | undefined;
  readonly levels?: MarginLevels | undefined;
  /** 1 for each component that is left out; throws for a mask of another size. */
  readonly ignored: (call: string, components: number) => Uint8Array | undefined;
}

/** What was counted of one image. @internal */
export interface CountedImage {
  /** Label of each component, −1 where it abstains or was not tested. */
  readonly labels: Int32Array;
  readonly shape: readonly number[];
  readonly histogram: readonly (readonly [number, number])[];
  readonly nUsed: number;
  readonly failures: number;
  readonly votesSelection: readonly number[];
  readonly failuresSelection: number;
  /** Certified components at each check, where the sampling may stop early. */
  readonly looks: readonly number[];
}

/** The two samples of one image: the first chooses the classes, the second tests them. */
function* countImage(
  { key }: Pick<OutputExample, 'key'>,
  settings: Omit<SegmentationSettings, 'norm' | 'noise' | 'inputRange'>,
): SamplePhases<MaskPiece, CountedImage, MaskAsk> {
  const { call, n0, n, tau, alpha, correction, allowedErrors, stop, levels } = settings;
  const keys = certificateKeys(key);
  const selection = new ClassSelection(settings);
  const softmax = levels?.margin === 'softmax';
  const take = (piece: MaskPiece): void => selection.add(piece);
  yield { key: keys.selection, n: n0, every: n0, ask: { kind: 'labels', softmax }, take };
  const components = selection.components;
  const { labels, chosen, tested, votes, failed, shape } = selection.choose(settings.ignored(call, components));

  const evidence = stop === undefined ? 'binomial' : 'beta-mixture';
  const test = (used: number): StepDownSettings => ({ n: used, tau, alpha, correction, allowedErrors, evidence });
  if (tested > 0) assertEnoughDraws(call, tested, test(n));
  const hits = new Int32Array(components);
  let [nUsed, failures] = [0, 0];
  const histogram = (): [number, number][] => histogramOf(hits, nUsed, (i) => labels[i] !== -1);
  const looks: number[] = [];
  yield {
    key: keys.estimation,
    n: tested > 0 ? n : 0,
    every: stop === undefined ? n : settings.checkEvery,
    ask: { kind: 'hits', chosen },
    take: (piece) => {
      for (let i = 0; i < components; i++) hits[i]! += piece.hits?.[i] ?? 0;
      nUsed += piece.drawn;
      failures += piece.failed;
      if (stop !== undefined && (nUsed % settings.checkEvery === 0 || nUsed === n))
        looks.push(stepDownSorted(histogram(), test(nUsed)).certified);
    },
    isEnough: stop && (() => earlyStop(looks, stop, tested) !== undefined),
  };
  const found = histogram();
  const { leastCertifiedCount } = stepDownSorted(found, test(nUsed));
  const least = leastCertifiedCount ?? Infinity;
  const certified = labels.map((label, i) => (label >= 0 && (hits[i] as number) >= least ? label : -1));
  const facts = { nUsed, failures, votesSelection: votes, failuresSelection: failed, looks };
  return { labels: certified, shape, histogram: found, ...facts };
}

/** The samples of one image, and in the end its certificate. @internal */
export function* certifyImage(
  example: OutputExample,
  settings: SegmentationSettings,
): SamplePhases<MaskPiece, SegmentationCertificate, MaskAsk> {
  const { stop, checkEvery, ...rest } = settings;
  const { labels, shape, looks, ...counted } = yield* countImage(example, settings);
  const { key, dimension, inferenceForm } = example;
  const early = stop && { stopAt: stop, checkEvery, looks };
  const evidence = { ...rest, ...counted, ...early, key, dimension, inferenceForm };
  return segmentationCertificate({ ...evidence, labels: encodeMask(labels, shape) });
}

/** What `SmoothedSegmenter.predict` says of an image: a plain JSON value. */
export interface SegmentationPrediction {
  /** Class of each component, −1 where it abstains or nothing was tested. */
  readonly labels: Mask;
  /** Number of components with a label. */
  readonly decided: number;
  /** Number of components that were tested. */
  readonly components: number;
  /** Size of the estimation sample. */
  readonly n: number;
  /** Samples of it that could not be drawn: they voted for nobody. */
  readonly failures: number;
  /** Allowed probability that a label is false. */
  readonly alpha: number;
  /** The key that drove the noise. */
  readonly key: Key;
  /** The smoothing noise. */
  readonly noise: NoiseRecord;
}

/** The samples of one image, and in the end what is predicted. @internal */
export function* predictImage(
  { key }: Pick<OutputExample, 'key'>,
  settings: SegmentationSettings,
): SamplePhases<MaskPiece, SegmentationPrediction, MaskAsk> {
  const { labels, shape, histogram, nUsed, failures } = yield* countImage({ key }, settings);
  const { alpha, noise } = settings;
  const decided = labels.reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0);
  const facts = { decided, components: componentsIn(histogram), n: nUsed, failures, alpha };
  return { labels: encodeMask(labels, shape), ...facts, key: dataFor(key), noise: noiseRecord(noise) };
}

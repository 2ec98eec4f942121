import {
  assertEnoughDraws,
  componentsIn,
  type Correction,
  type CountHistogram,
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
  certifiedOf,
  earlyStop,
  type SegmentationCertificate,
  segmentationCertificate,
  type SegmentationStop,
} from './certificate.ts';
import { ClassSelection } from './class-selection.ts';
import type { MarginLevels } from './class-tree.ts';
import { assertEnoughForRadii, type ComponentRadii, radiusOfVotes } from './component-radii.ts';
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
  readonly radii: ComponentRadii;
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
  /** Votes of each component for its label, −1 where it abstains or was not tested. */
  readonly votes: Int32Array;
  readonly shape: readonly number[];
  readonly histogram: readonly (readonly [number, number])[];
  readonly nUsed: number;
  readonly failures: number;
  readonly votesSelection: readonly number[];
  readonly failuresSelection: number;
  /** Certified components at each check, where the sampling may stop early. */
  readonly looks: readonly number[];
}

/** What is made of the votes of all components. */
interface ComponentTest {
  /** Throws OptionError if so many draws can show nothing of so many components. */
  assertEnough(call: string, components: number): void;
  /** How many components are certified after `used` draws, and the least number of votes among them. */
  certify(
    histogram: CountHistogram,
    used: number,
  ): { readonly certified: number; readonly leastCertifiedCount: number | null };
}

function stepDownTest({ n, tau, alpha, correction, allowedErrors, stop }: SegmentationSettings): ComponentTest {
  const evidence = stop === undefined ? 'binomial' : 'beta-mixture';
  const test = (used: number): StepDownSettings => ({ n: used, tau, alpha, correction, allowedErrors, evidence });
  return {
    assertEnough: (call, components) => assertEnoughDraws(call, components, test(n)),
    certify: (histogram, used) => stepDownSorted(histogram, test(used)),
  };
}

function radiiTest(settings: SegmentationSettings, dimension: number): ComponentTest {
  return {
    assertEnough: (call, components) => assertEnoughForRadii(call, components, { ...settings, dimension }),
    certify: (histogram, used) => certifiedOf(histogram, radiusOfVotes(histogram, { ...settings, n: used, dimension })),
  };
}

/** The two samples of one image: the first chooses the classes, the second tests them. */
function* countImage(
  { key }: Pick<OutputExample, 'key'>,
  settings: SegmentationSettings,
  test: ComponentTest,
): SamplePhases<MaskPiece, CountedImage, MaskAsk> {
  const { call, n0, n, stop, levels } = settings;
  const keys = certificateKeys(key);
  const selection = new ClassSelection(settings);
  const softmax = levels?.margin === 'softmax';
  const take = (piece: MaskPiece): void => selection.add(piece);
  yield { key: keys.selection, n: n0, every: n0, ask: { kind: 'labels', softmax }, take };
  const components = selection.components;
  const {
    labels,
    chosen,
    tested,
    votes: votesSelection,
    failed,
    shape,
  } = selection.choose(settings.ignored(call, components));

  if (tested > 0) test.assertEnough(call, tested);
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
        looks.push(test.certify(histogram(), nUsed).certified);
    },
    isEnough: stop && (() => earlyStop(looks, stop, tested) !== undefined),
  };
  const found = histogram();
  const { leastCertifiedCount } = test.certify(found, nUsed);
  const least = leastCertifiedCount ?? Infinity;
  const certified = labels.map((label, i) => (label >= 0 && (hits[i] as number) >= least ? label : -1));
  const facts = {
    votes: hits.map((count, i) => (certified[i] === -1 ? -1 : count)),
    nUsed,
    failures,
    votesSelection,
    failuresSelection: failed,
    looks,
  };
  return { labels: certified, shape, histogram: found, ...facts };
}

/** The samples of one image, and in the end its certificate. @internal */
export function* certifyImage(
  example: OutputExample,
  settings: SegmentationSettings,
): SamplePhases<MaskPiece, SegmentationCertificate, MaskAsk> {
  const { stop, checkEvery, radii, ...rest } = settings;
  const { key, dimension, inferenceForm } = example;
  const isOwn = radii === 'per component';
  const test = isOwn ? radiiTest(settings, dimension) : stepDownTest(settings);
  const { labels, votes, shape, looks, ...counted } = yield* countImage(example, settings, test);
  const early = stop && { stopAt: stop, checkEvery, looks };
  const evidence = { ...rest, ...counted, ...early, key, dimension, inferenceForm };
  const masks = { labels: encodeMask(labels, shape), ...(isOwn && { votes: encodeMask(votes, shape) }) };
  return segmentationCertificate({ ...evidence, ...masks });
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
  const { labels, shape, histogram, nUsed, failures } = yield* countImage({ key }, settings, stepDownTest(settings));
  const { alpha, noise } = settings;
  const decided = labels.reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0);
  const facts = { decided, components: componentsIn(histogram), n: nUsed, failures, alpha };
  return { labels: encodeMask(labels, shape), ...facts, key: dataFor(key), noise: noiseRecord(noise) };
}

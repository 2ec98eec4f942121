import type * as tf from '@tensorflow/tfjs';
import { assertCorrection } from '../../certify/step-down.ts';
import { engineOf } from '../../classifier/engine-of.ts';
import { isTypedClassifier } from '../../classifier/adapt-classifier.ts';
import { pickOutput } from '../../classifier/pick-output.ts';
import type { Classifier, ImageLayout, TypedSegmenter } from '../../classifier/types.ts';
import { OptionError, refusal } from '../../errors.ts';
import type { Noise, NoiseRecord } from '../../noise/types.ts';
import { contextOf } from '../../options/call-context.ts';
import { isProof } from '../../options/counting-norms.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf, type WithDefaults } from '../../options/parse.ts';
import type { Norm } from '../../types.ts';
import { noiseRecord } from '../certificates.ts';
import { CheckedModel } from '../checked-model.ts';
import { modelRows, type SmoothedModelOptions, smoothedModelFields } from '../outputs/model-rows.ts';
import { OutputRuns, type OutputRunSettings } from '../outputs/output-runs.ts';
import { PhasedProcess } from '../outputs/phased-process.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import type { SegmentationCertificate } from './certificate.ts';
import { assertLevels } from './class-tree.ts';
import { assertForRadii } from './component-radii.ts';
import { maskCounter, type MaskSource } from './count-masks.ts';
import type { MaskAsk, MaskPiece } from './mask-pieces.ts';
import { MaskLayout } from './mask-layout.ts';
import { type MaskLike, readMask } from './masks.ts';
import {
  certifySegmentationOptions,
  type CertifySegmentationOptions,
  type SegmentOptions,
  segmentOptions,
  type Unset,
} from './segment-options.ts';
import {
  certifyImage,
  predictImage,
  type SegmentationPrediction,
  type SegmentationSettings,
} from './segmentation-process.ts';

/** Options of {@link SmoothedSegmenter}. */
export interface SmoothedSegmenterOptions extends SmoothedModelOptions {
  /** Number of classes, from 2 to 16 384. */
  readonly numClasses: number;
  /**
   * Where the logits of a component are: `'nhwc'` on the last axis, [batch, ...mask, numClasses]; `'nchw'` on the second, [batch, numClasses, ...mask].
   * @defaultValue what a `TypedSegmenter` says of itself, else 'nhwc'
   */
  readonly layout?: ImageLayout | undefined;
  /**
   * For a model with one channel and two classes: class 1 where its number is above this (0 for a logit, 0.5 for a probability).
   * @defaultValue the model has a logit for each class
   */
  readonly threshold?: number | undefined;
  /**
   * Which of several outputs of a model of TensorFlow.js holds the logits, by its name.
   * @defaultValue the only output
   */
  readonly outputName?: string | undefined;
  /**
   * Components that are left out of every test: a mask with 1 for these and 0 for the others, known before the draws. Fewer tests certify more.
   * @defaultValue all are tested
   */
  readonly ignore?: MaskLike | undefined;
}

const maskField = fields.object<MaskLike>('must be a mask');

const smoothedSegmenterOptions = optionsOf<SmoothedSegmenterOptions>()({
  ...smoothedModelFields,
  noise: fields.noise<Noise>(),
  numClasses: fields.field<number>('must be an integer from 2 to 16384', (v) => fields.isInteger(v, 2, 2 ** 14)),
  layout: fields.optional(fields.oneOf('nhwc', 'nchw')),
  threshold: fields.optional(fields.finite),
  outputName: fields.optional(fields.text),
  ignore: fields.optional(maskField),
});

/** What a run needs: settings of one call, and what every run is told. */
type Settings = SegmentationSettings & OutputRunSettings;

/**
 * The smoothed segmenter: for each component of a mask (a pixel, a point) the class that a base model says most often of noisy copies of the input.
 *
 * It certifies as many components as it can of an input, all together, within one radius, and abstains on the others. The base model takes [batch, ...inputShape]
 * and returns logits [batch, ...mask, numClasses] (with `layout: 'nchw'` [batch, numClasses, ...mask]): a function of tensors, a `tf.LayersModel`, a
 * `tf.GraphModel`, or a model of typed arrays (`onnxSegmenter`). The class of a component is the arg max, the lowest index among equals; NaN is an error. The counting
 * is done where the logits are: memory does not depend on n. It never disposes what it is given, and returns plain JSON values.
 *
 * @see Fischer, Baader, Vechev, "Scalable Certified Segmentation via Randomized Smoothing", ICML 2021
 * @example
 * ```ts
 * const g = new SmoothedSegmenter(model, { noise: new GaussianNoise({ sigma: 0.25 }), numClasses: 19 });
 * const c = await g.certify(image, { key: createKey(0), n0: 10, n: 300, tau: 0.9, alpha: 0.001 });
 * console.log(`${c.certified} of ${c.components} certified within L2 radius ${c.radius.toFixed(3)}`);
 * ```
 */
export class SmoothedSegmenter implements OutputCertifier<CertifySegmentationOptions, SegmentationCertificate> {
  /** Its certificates speak of masks. */
  readonly task = 'segmentation';
  /** The base model, as it was given. */
  readonly model: Classifier;
  /** Number of classes. */
  readonly numClasses: number;
  /** The smoothing noise, as certificates name it. */
  readonly noise: NoiseRecord;
  readonly #checked: CheckedModel<Noise>;
  /** A layout for each call, as images of other sizes may have masks of other sizes. */
  readonly #layout: () => MaskLayout;
  readonly #options: ReturnType<typeof smoothedSegmenterOptions.parse>;
  readonly #ignored: Uint8Array | undefined;

  /** Checks the options; the model itself is checked at the first call. */
  constructor(model: Classifier | TypedSegmenter, options: SmoothedSegmenterOptions) {
    const call = 'SmoothedSegmenter';
    const { outputName, ...parsed } = smoothedSegmenterOptions.parse(call, options);
    const { numClasses, threshold, ignore, noise } = parsed;
    const typed: TypedSegmenter | undefined = isTypedClassifier(model) ? model : undefined;
    if (threshold !== undefined && numClasses !== 2) {
      const way = 'a model with one channel has two classes';
      throw refusal(OptionError, { call, field: 'numClasses', value: numClasses, way }, 'must be 2 with `threshold`');
    }
    const base = outputName === undefined ? model : pickOutput(call, model, outputName);
    const layout = parsed.layout ?? typed?.outputLayout ?? 'nhwc';
    this.#layout = () => new MaskLayout({ numClasses, layout, threshold, maskShape: () => typed?.maskShape });
    // Of one of several outputs there is no inference form.
    const inferenceForm = parsed.inferenceForm && outputName === undefined;
    const settings = { ...parsed, inferenceForm, layout: this.#layout(), ...modelRows(call, base) };
    this.#checked = new CheckedModel(call, base, settings);
    this.#options = parsed;
    this.#ignored = ignore && ignoredIn(call, ignore);
    this.model = model;
    this.numClasses = numClasses;
    this.noise = noiseRecord(noise);
  }

  /** What runs the base model, with its version, for logs. */
  get engine(): string | undefined {
    return engineOf(this.model);
  }

  /**
   * The classes of the smoothed segmenter at one input, −1 where it abstains: all labels are right together, but with probability alpha.
   *
   * A label has probability above 1/2 over the noise. Nothing is said of other inputs.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for so many components: then all would abstain
   */
  async predict(x: tf.Tensor, options: SegmentOptions): Promise<SegmentationPrediction> {
    const context = contextOf(options, 'SmoothedSegmenter.predict');
    const parsed = segmentOptions.parse(context.call, options);
    const settings = this.#settings(
      context.call,
      { ...parsed, tau: 0.5, radii: 'together', checkEvery: parsed.n },
      this.#norm(context.call),
    );
    const runs = new OutputRuns<Settings, MaskPiece, SegmentationPrediction, MaskAsk>(this.#checked, {
      ...this.#family(),
      process: (example, own) => new PhasedProcess(predictImage(example, own)),
    });
    return runs.one(context, x, settings);
  }

  /**
   * A certificate of one input: labels that hold within one radius, all together.
   *
   * With probability at least 1 − alpha over the draws, for every ‖δ‖ < radius and every component with a label, the label is the most probable class of that component
   * at x + δ. The selection sample (n0) chooses the classes, the estimation sample tests them; they use different keys split from `key`.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for so many components, if the noise does not certify `norm`, or nothing at this tau
   * @throws TensorError for wrong rank, shape, dtype or values outside the input range or the domain of the noise
   * @throws ClassifierError for logits of another shape, NaN logits or weights, or rows that come out differently when some of the first batch are asked again in
   * another one
   */
  async certify(x: tf.Tensor, options: CertifySegmentationOptions): Promise<SegmentationCertificate> {
    const context = contextOf(options, 'SmoothedSegmenter.certify');
    return this.#runs().one(context, x, this.#certifySettings(context.call, options));
  }

  /**
   * Certificates of many inputs, in their order, with batches that are filled across inputs. Input i uses the key `foldIn(key, i)`.
   *
   * @param examples - each `x` is copied as soon as it is taken, and is not disposed
   * @throws OptionError at once for its options; from the iteration as {@link SmoothedSegmenter.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: CertifySegmentationOptions,
  ): AsyncGenerator<TimedOutput<SegmentationCertificate>, void, undefined> {
    const context = contextOf(options, 'SmoothedSegmenter.certifyStream');
    const settings = this.#certifySettings(context.call, options, context.known);
    return this.#runs().stream(context, examples, settings);
  }

  #runs(): OutputRuns<Settings, MaskPiece, SegmentationCertificate, MaskAsk> {
    return new OutputRuns(this.#checked, {
      ...this.#family(),
      process: (example, settings: Settings) => new PhasedProcess(certifyImage(example, settings)),
    });
  }

  #family() {
    const layout = this.#layout();
    return {
      reader: (source: Omit<MaskSource, 'layout'>, call: string, run: object) =>
        maskCounter({ ...source, layout }, call, run),
      most: ({ n0, n }: Settings): number => n0 + n,
      rowsOfExample: ({ n0 }: Settings): number => n0,
    };
  }

  #norm(call: string, norm?: Norm): Norm {
    return this.#checked.norm(call, norm);
  }

  #certifySettings(call: string, options: CertifySegmentationOptions, known: readonly string[] = []): Settings {
    const parsed = certifySegmentationOptions.parse(call, options, known);
    const { levels, radii } = parsed;
    if (radii === 'per component') assertForRadii(call, parsed);
    const { tau = 0.75, correction = radii === 'together' ? 'holm' : 'bonferroni' } = parsed;
    const norm = this.#norm(call, parsed.norm);
    if (levels) {
      assertLevels(call, levels, this.numClasses);
      if (levels.margin === 'softmax' && this.#options.threshold !== undefined) {
        const way = "byMargin(tree, thresholds, 'votes')";
        const details = { call, field: 'levels', value: levels.margin, got: 'margins of the softmax', way };
        throw refusal(OptionError, details, 'must be by the votes for a model with one channel');
      }
    }
    const { noise } = this.#options;
    // In one dimension a radius is largest.
    if (radii === 'together' && !isProof(noise.radius({ p: tau, q: 1 - tau }, { norm, dimension: 1 }), norm)) {
      const way = 'raise tau';
      throw refusal(
        OptionError,
        { call, field: 'tau', value: tau, way },
        `must be a probability at which ${noise.name} noise certifies something`,
      );
    }
    return this.#settings(call, { ...parsed, tau, correction }, norm);
  }

  #settings(
    call: string,
    parsed: WithDefaults<CertifySegmentationOptions, Exclude<Unset, 'tau' | 'correction'>>,
    norm: Norm,
  ): Settings {
    const { noise, inputRange } = this.#options;
    assertCorrection(call, parsed);
    // Without allowed errors it is the one that allows none.
    const exact = parsed.radii === 'together' ? 'holm' : 'bonferroni';
    const correction = parsed.correction === 'k-fwer' && parsed.allowedErrors === 0 ? exact : parsed.correction;
    const ignored = this.#ignored;
    return {
      ...parsed,
      correction,
      call,
      norm,
      noise,
      inputRange,
      numClasses: this.numClasses,
      ignored: (of, components) => {
        if (ignored === undefined || ignored.length === components) return ignored;
        const must = `must have the ${components} components of the masks of the model`;
        throw refusal(OptionError, { call: of, field: 'ignore', value: ignored.length }, must);
      },
    };
  }
}

function ignoredIn(call: string, ignore: MaskLike): Uint8Array {
  const { values } = readMask(call, 'ignore', ignore);
  const other = values.find((value) => value !== 0 && value !== 1);
  if (other === undefined) return Uint8Array.from(values);
  throw refusal(OptionError, { call, field: 'ignore', value: other }, 'must be a mask of zeros and ones');
}

import type * as tf from '@tensorflow/tfjs';
import { engineOf } from '../../classifier/engine-of.ts';
import type { Classifier } from '../../classifier/types.ts';
import type { Noise } from '../../noise/types.ts';
import { type CallContext, contextOf } from '../../options/call-context.ts';
import type { InputRange, Norm } from '../../types.ts';
import { CheckedModel } from '../checked-model.ts';
import { modelRows } from '../outputs/model-rows.ts';
import { OutputRuns } from '../outputs/output-runs.ts';
import { PhasedProcess } from '../outputs/phased-process.ts';
import { type ValuesPiece, valuesReader } from '../outputs/read-values.ts';
import { shiftOf } from '../outputs/shift-of.ts';
import type { OutputCertifier } from '../outputs/types.ts';
import { ValuesLayout } from '../outputs/values-layout.ts';
import type { StreamExample, TimedOutput } from '../types.ts';
import { multiLabelPhases } from './multi-label-certificate.ts';
import {
  type MultiLabelCertifyOptions,
  type MultiLabelSettings,
  multiLabelSettings,
  setRule,
  type SmoothedMultiLabelOptions,
  smoothedMultiLabelOptions,
} from './multi-label-options.ts';
import type { LabelSetRule, MultiLabelCertificate } from './types.ts';

type Request = MultiLabelSettings & { readonly norm: Norm };

/**
 * A smoothed multi-label classifier: the k labels a with the largest p_a(x) = P(a ∈ f(x + ε)), where f makes a set of labels of each pass.
 *
 * f holds the `labelsPerPass` labels with the largest logits, or those above a `threshold`. It certifies of given labels, or of the most voted ones of a selection sample, that
 * each stays among the k most probable ones within a radius of its own. Sets are no distribution, so no probability limits another; see {@link labelRadii} for the
 * bounds. That a label alone is present or absent is certified by `labelPresence`.
 *
 * @see Jia, Qu, Gong, "MultiGuard: Provably Robust Multi-label Classification against Adversarial Examples", NeurIPS 2022; the bounds: derived, docs/guide/multi-label.md
 * @example
 * ```ts
 * const g = new SmoothedMultiLabel(model, { noise, numLabels: 10, labelsPerPass: 2 });
 * const c = await g.certify(image, { key: createKey(0), n: 10_000, k: 2 });
 * for (const { label, radius } of c.targets) console.log(`label ${label} stays among the first 2 within ${radius}`);
 * ```
 */
export class SmoothedMultiLabel implements OutputCertifier<MultiLabelCertifyOptions, MultiLabelCertificate> {
  /** Its certificates speak of sets of labels. */
  readonly task = 'multilabel' as const;
  /** The base model, as it was given. */
  readonly model: Classifier;
  /** The smoothing noise. */
  readonly noise: Noise;
  /** Number of labels. */
  readonly numLabels: number;
  /** What makes a set of the logits of one pass. */
  readonly sets: LabelSetRule;
  /** Smallest and largest value that an input coordinate may take. */
  readonly inputRange: InputRange;
  readonly #checked: CheckedModel<Noise>;
  readonly #runs: OutputRuns<Request, ValuesPiece, MultiLabelCertificate>;

  /** Checks the options; the model itself is checked at the first call. */
  constructor(model: Classifier, options: SmoothedMultiLabelOptions) {
    const call = 'SmoothedMultiLabel';
    const parsed = smoothedMultiLabelOptions.parse(call, options);
    const { noise, numLabels, inputRange, batchSize, inferenceForm } = parsed;
    const sets = setRule(call, parsed);
    const layout = new ValuesLayout({ name: 'numLabels', size: numLabels });
    this.#checked = new CheckedModel(call, model, {
      ...{ noise, inputRange, batchSize, inferenceForm, layout },
      ...modelRows(call, model),
    });
    this.#runs = new OutputRuns(this.#checked, {
      reader: valuesReader,
      process: (example, settings) =>
        new PhasedProcess(multiLabelPhases({ noise, numLabels, sets, inputRange }, example, settings)),
      most: ({ n0, n }) => n0 + n,
      rowsOfExample: ({ n0, n }) => Math.min(n0 || n, 100),
    });
    this.model = model;
    this.noise = noise;
    this.numLabels = numLabels;
    this.sets = sets;
    this.inputRange = inputRange;
  }

  /** What runs the base model, with its version, for logs. */
  get engine(): string | undefined {
    return engineOf(this.model);
  }

  /**
   * How far labels stay among the k most probable ones at one example. The selection sample (n0, first half-key) chooses the targets where they are not given, the
   * estimation sample (n, second half-key) is counted. With probability at least 1 − alpha over the draws all radii hold together. A copy that could not be drawn misses
   * every target and holds every other label.
   *
   * @param x - one example [...inputShape], float32; not disposed
   * @throws OptionError also if n is too small for any radius, and for a noise that knows neither `radiusBetween` nor `shiftDown`; TensorError,
   * ClassifierError; the abort reason of `signal`
   */
  async certify(x: tf.Tensor, options: MultiLabelCertifyOptions): Promise<MultiLabelCertificate> {
    const context = contextOf(options, 'SmoothedMultiLabel.certify');
    return this.#runs.one(context, x, this.#request(context, options));
  }

  /**
   * Certificates of many examples, in their order, with batches that are filled across examples. Example i uses the key `foldIn(key, i)`.
   *
   * @throws OptionError at once for its options; from the iteration as {@link SmoothedMultiLabel.certify}
   */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: MultiLabelCertifyOptions,
  ): AsyncGenerator<TimedOutput<MultiLabelCertificate>, void, undefined> {
    const context = contextOf(options, 'SmoothedMultiLabel.certifyStream');
    return this.#runs.stream(context, examples, this.#request(context, options));
  }

  #request({ call, known }: CallContext, options: MultiLabelCertifyOptions): Request {
    const settings = multiLabelSettings(call, options, { numLabels: this.numLabels, known });
    const norm = this.#checked.norm(call, settings.norm);
    if (this.noise.radiusBetween === undefined) shiftOf(call, this.noise, { norm, dimension: 1 });
    return { ...settings, norm };
  }
}

import * as tf from '@tensorflow/tfjs';
import { isTypedClassifier } from '../../classifier/adapt-classifier.ts';
import { withOrigin } from '../../classifier/origin.ts';
import type { Classifier, LogitsFn, TypedClassifier } from '../../classifier/types.ts';
import type { Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { optionsOf } from '../../options/parse.ts';
import { tensorOfCopy } from '../../tensors/own-tensor.ts';
import { modelRows, smoothedModelFields, type SmoothedModelOptions } from '../outputs/model-rows.ts';
import { SmoothedSegmenter } from '../segmentation/smoothed-segmenter.ts';

/** Options of {@link labelPresence}. */
export interface LabelPresenceOptions extends SmoothedModelOptions {
  /**
   * A label is present where its logit is above this: one number for all, or one for each label.
   * @defaultValue 0
   */
  readonly threshold?: number | readonly number[] | undefined;
}

const isThreshold = (v: unknown): boolean =>
  fields.isFiniteNumber(v) || (Array.isArray(v) && v.length > 0 && v.every(fields.isFiniteNumber));

const labelPresenceOptions = optionsOf<LabelPresenceOptions>()({
  ...smoothedModelFields,
  noise: fields.noise<Noise>(),
  threshold: fields.withDefault(
    fields.field<number | readonly number[]>('must be a finite number, or one for each label', isThreshold),
    0,
  ),
});

/**
 * A smoothed multi-label classifier that says of each label whether it is present: a segmenter whose mask has one component for each label, of class 1 where its logit is
 * above a threshold and 0 where not.
 *
 * It certifies as many labels as it can, present and absent ones, all together, by a step-down test over the labels: the sharpest statement where the labels have thresholds. That a label
 * stays among the k most probable ones is certified by `SmoothedMultiLabel`.
 *
 * @param model - rows of logits [batch, labels]
 * @throws OptionError for wrong options; the model itself is checked at the first call
 * @example
 * ```ts
 * const g = labelPresence(model, { noise: new GaussianNoise({ sigma: 0.25 }), threshold: 0 });
 * const c = await g.certify(image, { key: createKey(0), n0: 50, n: 1000, tau: 0.75 });
 * decodeMask(c.labels).forEach((state, label) => console.log(label, ['absent', 'present', 'unknown'].at(state)));
 * ```
 */
export function labelPresence(model: Classifier, options: LabelPresenceOptions): SmoothedSegmenter {
  const call = 'labelPresence';
  const { threshold, ...others } = labelPresenceOptions.parse(call, options);
  if (typeof threshold === 'number') return new SmoothedSegmenter(model, { ...others, numClasses: 2, threshold });
  const { run, typed } = modelRows(call, model);
  const above = typed && isTypedClassifier(model) ? typedAbove(model, threshold) : tensorsAbove(run, threshold);
  return new SmoothedSegmenter(withOrigin(above, { parts: [model] }), { ...others, numClasses: 2, threshold: 0 });
}

/** Logits less their thresholds, which are above 0 exactly where the logits are above the thresholds in float32. */
function tensorsAbove(run: LogitsFn, thresholds: readonly number[]): LogitsFn {
  return (x, mode) => tf.tidy(() => tf.sub(run(x, mode), tensorOfCopy(thresholds, [thresholds.length], 'float32')));
}

function typedAbove(model: TypedClassifier, thresholds: readonly number[]): TypedClassifier {
  const { inputShape, inputRange, engine } = model;
  return {
    ...{ inputShape, inputRange, engine },
    classify: async (inputs, batch) => {
      const logits = await model.classify(inputs, batch);
      return logits.map((logit, i) => logit - Math.fround(thresholds[i % thresholds.length] as number));
    },
  };
}

import type { AttackTarget } from '../../src/attacks/types.ts';
import { toLogitsFn } from '../../src/classifier/to-logits-fn.ts';
import type { Classifier, TensorClassifier } from '../../src/classifier/types.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import type { InputRange } from '../../src/types.ts';

/** A classifier as attacks take it, with all numbers as inputs. */
export function targetOf(
  classifier: Classifier,
  noise = new GaussianNoise({ sigma: 0.5 }),
  inputRange: InputRange = [-Infinity, Infinity],
): AttackTarget {
  return { logits: toLogitsFn(classifier as TensorClassifier), noise, inputRange };
}

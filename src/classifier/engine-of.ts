import { currentEngine } from '../tensors/engine.ts';
import { isTypedClassifier } from './adapt-classifier.ts';
import type { Classifier } from './types.ts';

/** What runs a classifier, with its version, for logs; undefined for one of typed arrays that does not say it. @internal */
export function engineOf(classifier: Classifier): string | undefined {
  return isTypedClassifier(classifier) ? classifier.engine : currentEngine();
}

import { anytimeRadius } from '../certify/anytime-radius.ts';
import { fixedRadius } from '../certify/fixed-radius.ts';
import type { CertificationRule } from '../certify/rule.ts';
import { stopAtGain } from '../certify/stops.ts';
import type { Classifier, ClassifierOutput } from '../classifier/types.ts';
import { GaussianNoise } from '../noise/gaussian-noise.ts';
import { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { InputRange } from '../types.ts';
import { CliError } from './io.ts';

/** What a smoothed classifier is made of, beside its base classifier. @internal */
export interface SmoothingSettings {
  readonly sigma: number;
  readonly numClasses: number;
  readonly output: ClassifierOutput;
  readonly batchSize?: number;
  readonly inputRange?: InputRange;
}

/** @internal */
export function smoothed(classifier: Classifier, settings: SmoothingSettings): SmoothedClassifier {
  const { sigma, numClasses, output, batchSize, inputRange } = settings;
  return new SmoothedClassifier(classifier, {
    noise: new GaussianNoise({ sigma }),
    numClasses,
    output,
    batchSize,
    inputRange,
  });
}

/** Which certification rule was asked for. @internal */
export interface RuleOptions {
  readonly radius?: readonly number[];
  readonly adaptive?: number | true;
}

/** Least growth of the radius over `GAIN_OVER` samples that is worth going on. */
const GAIN = 0.01;
const GAIN_OVER = 1000;

/** The rule of `--radius` or `--adaptive`; none stands for a sample of fixed size. @internal */
export function ruleFor({ radius, adaptive }: RuleOptions): CertificationRule | undefined {
  if (radius !== undefined && adaptive !== undefined) {
    throw new CliError(
      '--radius and --adaptive are two rules, got both (--radius proves given radii, --adaptive finds one)',
    );
  }
  if (radius !== undefined) return fixedRadius({ radius });
  if (adaptive === undefined) return undefined;
  return anytimeRadius({ stops: [stopAtGain({ gain: adaptive === true ? GAIN : adaptive, over: GAIN_OVER })] });
}

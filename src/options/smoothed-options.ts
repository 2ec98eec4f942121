import { z } from 'zod';
import type { CertificationRule } from '../certify/rule.ts';
import type { DerandomizedCertifyOptions, DerandomizedClassifierOptions } from '../smoothed/derandomized-classifier.ts';
import type { SoftCertifyOptions, SoftPredictOptions, SoftSmoothedClassifierOptions } from '../smoothed/soft-types.ts';
import type { CertifyOptions, PredictOptions, SampleOptions, SmoothedClassifierOptions } from '../smoothed/types.ts';
import type { InputRange } from '../types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const UNIT: InputRange = [0, 1];

const classifier = {
  numClasses: fields.classCount,
  inputRange: fields.range.default(UNIT),
  output: fields.output.default('logits'),
  batchSize: fields.positiveInteger.optional(),
};

const smoothedClassifier = z.strictObject({ noise: fields.noise, ...classifier });

const softSmoothedClassifier = smoothedClassifier.extend({ beta: fields.positive.default(1) });

const derandomizedClassifier = z.strictObject({
  noise: fields.object<DerandomizedClassifierOptions['noise']>(
    'must be a deterministic noise (for example a DeterministicSplittingNoise)',
    ['perturb', 'radius'],
  ),
  numClasses: classifier.numClasses,
  output: classifier.output,
  batchSize: classifier.batchSize,
});

const run = {
  batchSize: fields.positiveInteger.optional(),
  signal: fields.signal.optional(),
};

const sample = z.strictObject({ key: fields.key, n: fields.sampleCount, ...run });

const rule = fields.object<CertificationRule>('must be a certification rule (for example fixedSample())', ['begin']);

const predict = z.strictObject({
  key: fields.key,
  n: fields.sampleCount.default(1000),
  alpha: fields.predictAlpha.default(0.001),
  ...run,
});

const certify = z.strictObject({
  key: fields.key,
  n0: fields.sampleCount.default(100),
  n: fields.sampleCount.default(100_000),
  alpha: fields.certifyAlpha.default(0.001),
  rule: rule.optional(),
  norm: fields.norm.optional(),
  checkEvery: fields.positiveInteger.default(100),
  ...run,
});

const softCertify = certify.omit({ rule: true, checkEvery: true });

const softPredict = softCertify.omit({ norm: true });

const derandomizedCertify = z.strictObject({ norm: fields.norm.optional(), ...run });

/** @internal */
export function parseSmoothedClassifierOptions(
  call: string,
  given: SmoothedClassifierOptions,
): WithDefaults<SmoothedClassifierOptions, 'batchSize'> {
  return parseOptions(call, smoothedClassifier, given);
}

/** @internal */
export function parseSampleOptions(
  call: string,
  given: SampleOptions,
): WithDefaults<SampleOptions, 'batchSize' | 'signal'> {
  return parseOptions(call, sample, given);
}

/** @internal */
export function parsePredictOptions(
  call: string,
  given: PredictOptions,
): WithDefaults<PredictOptions, 'batchSize' | 'signal'> {
  return parseOptions(call, predict, given);
}

/** @internal */
export function parseCertifyOptions(
  call: string,
  given: CertifyOptions,
  alsoKnown: readonly string[] = [],
): WithDefaults<CertifyOptions, 'rule' | 'norm' | 'batchSize' | 'signal'> {
  return parseOptions(call, certify, given, alsoKnown);
}

/** @internal */
export function parseSoftSmoothedClassifierOptions(
  call: string,
  given: SoftSmoothedClassifierOptions,
): WithDefaults<SoftSmoothedClassifierOptions, 'batchSize'> {
  return parseOptions(call, softSmoothedClassifier, given);
}

/** @internal */
export function parseSoftCertifyOptions(
  call: string,
  given: SoftCertifyOptions,
  alsoKnown: readonly string[] = [],
): WithDefaults<SoftCertifyOptions, 'norm' | 'batchSize' | 'signal'> {
  return parseOptions(call, softCertify, given, alsoKnown);
}

/** @internal */
export function parseSoftPredictOptions(
  call: string,
  given: SoftPredictOptions,
): WithDefaults<SoftPredictOptions, 'batchSize' | 'signal'> {
  return parseOptions(call, softPredict, given);
}

/** @internal */
export function parseDerandomizedClassifierOptions(
  call: string,
  given: DerandomizedClassifierOptions,
): WithDefaults<DerandomizedClassifierOptions, 'batchSize'> {
  return parseOptions(call, derandomizedClassifier, given);
}

/** @internal */
export function parseDerandomizedCertifyOptions(
  call: string,
  given: DerandomizedCertifyOptions,
  alsoKnown: readonly string[] = [],
): WithDefaults<DerandomizedCertifyOptions, 'norm' | 'batchSize' | 'signal'> {
  return parseOptions(call, derandomizedCertify, given, alsoKnown);
}

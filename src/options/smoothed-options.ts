import { z } from 'zod';
import type { CertifyDatasetOptions } from '../evaluate/certify-dataset.ts';
import type { CertifyOptions, PredictOptions, SampleOptions, SmoothedClassifierOptions } from '../smoothed/types.ts';
import type { InputRange } from '../types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const UNIT: InputRange = [0, 1];

const smoothedClassifier = z.strictObject({
  noise: fields.noise,
  numClasses: fields.classCount,
  inputRange: fields.range.default(UNIT),
  output: fields.output.default('logits'),
  batchSize: fields.positiveInteger.default(256),
});

const run = {
  batchSize: fields.positiveInteger.optional(),
  signal: fields.signal.optional(),
};

const sample = z.strictObject({ key: fields.key, n: fields.sampleCount, ...run });

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
  norm: fields.norm.optional(),
  checkEvery: fields.positiveInteger.default(100),
  ...run,
});

const certifyDataset = certify.extend({
  start: fields.nonNegativeInteger.default(0),
  skip: fields.positiveInteger.default(1),
  max: fields.positiveInteger.default(Number.MAX_SAFE_INTEGER),
});

/** @internal */
export function parseSmoothedClassifierOptions(
  call: string,
  given: SmoothedClassifierOptions,
): WithDefaults<SmoothedClassifierOptions> {
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
): WithDefaults<CertifyOptions, 'norm' | 'batchSize' | 'signal'> {
  return parseOptions(call, certify, given);
}

/** Options that have no default stay absent, so that the rest can be passed on to `certify`. @internal */
export function parseCertifyDatasetOptions(
  call: string,
  given: CertifyDatasetOptions,
): CertifyDatasetOptions & Required<Pick<CertifyDatasetOptions, 'start' | 'skip' | 'max'>> {
  const { norm, batchSize, signal, ...rest } = parseOptions(call, certifyDataset, given);
  return { ...rest, ...(norm && { norm }), ...(batchSize && { batchSize }), ...(signal && { signal }) };
}

import { z } from 'zod';
import type { CertifiedAccuracySpecOptions } from '../plots/certified-accuracy-spec.ts';
import type { ProbabilityDistributionSpecOptions } from '../plots/probability-distribution-spec.ts';
import { positive, positiveInteger } from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const title = z.custom<string>((v) => typeof v === 'string', { error: 'must be a string' });

const axis = z.custom<'probability' | 'radius'>((v) => v === 'probability' || v === 'radius', {
  error: "must be 'probability' or 'radius'",
});

const certifiedAccuracySpec = z.strictObject({
  title: title.optional(),
  maxRadius: positive.optional(),
  width: positiveInteger.default(480),
  height: positiveInteger.default(300),
});

const probabilityDistributionSpec = certifiedAccuracySpec.extend({ axis: axis.default('probability') });

/** @internal */
export function parseCertifiedAccuracySpecOptions(
  call: string,
  options: CertifiedAccuracySpecOptions,
): WithDefaults<CertifiedAccuracySpecOptions, 'title' | 'maxRadius'> {
  return parseOptions(call, certifiedAccuracySpec, options);
}

/** @internal */
export function parseProbabilityDistributionSpecOptions(
  call: string,
  options: ProbabilityDistributionSpecOptions,
): WithDefaults<ProbabilityDistributionSpecOptions, 'title' | 'maxRadius'> {
  return parseOptions(call, probabilityDistributionSpec, options);
}

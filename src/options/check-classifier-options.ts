import { z } from 'zod';
import type { CheckClassifierOptions } from '../classifier/check-classifier.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({
  numClasses: fields.classCount.optional(),
  output: fields.output.default('logits'),
  batchSize: fields.positiveInteger.optional(),
});

/** @internal */
export function parseCheckClassifierOptions(
  call: string,
  options: CheckClassifierOptions,
): WithDefaults<CheckClassifierOptions, 'numClasses' | 'batchSize'> {
  return parseOptions(call, schema, options);
}

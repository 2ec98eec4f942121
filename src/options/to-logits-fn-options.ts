import { z } from 'zod';
import type { ToLogitsFnOptions } from '../classifier/to-logits-fn.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({ output: fields.output.default('logits') });

/** @internal */
export function parseToLogitsFnOptions(call: string, options: ToLogitsFnOptions): WithDefaults<ToLogitsFnOptions> {
  return parseOptions(call, schema, options);
}

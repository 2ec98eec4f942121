import { z } from 'zod';
import type { InputAttackRequest } from '../attacks/types.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const request = z.strictObject({
  x: fields.tensor,
  labels: fields.labels,
  key: fields.key,
  noise: fields.tensor.optional(),
  strength: fields.strength,
  firstImage: fields.nonNegativeInteger.default(0),
});

/** @internal */
export function parseInputAttackRequest(
  call: string,
  given: InputAttackRequest,
): WithDefaults<InputAttackRequest, 'noise'> {
  return parseOptions(call, request, given);
}

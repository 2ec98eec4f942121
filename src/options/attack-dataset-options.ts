import { z } from 'zod';
import type { InputAttack } from '../attacks/types.ts';
import type { AttackDatasetOptions } from '../evaluate/attack-dataset.ts';
import { selectionFields } from './certify-dataset-options.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const options = z.strictObject({
  key: fields.key,
  n: fields.sampleCount.default(1000),
  alpha: fields.predictAlpha.default(0.001),
  norm: fields.norm.optional(),
  clean: fields.boolean.default(false),
  batchSize: fields.positiveInteger.optional(),
  signal: fields.signal.optional(),
  ...selectionFields,
});

const subjects = z.strictObject({
  attack: fields.object<InputAttack>('must be an attack on the input (for example a SmoothedPgd)', ['perturb']),
});

/** @internal */
export function parseAttackDatasetOptions(
  call: string,
  attack: InputAttack,
  given: AttackDatasetOptions,
): WithDefaults<AttackDatasetOptions, 'norm' | 'batchSize' | 'signal'> {
  parseOptions(call, subjects, { attack });
  return parseOptions(call, options, given);
}

import type { LayersModel } from '@tensorflow/tfjs';
import { z } from 'zod';
import type { LoadModelOptions } from '../node/load-model.ts';
import type { SaveModelOptions } from '../node/save-model.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const subject = z.strictObject({
  model: fields.object<LayersModel>('must be a tf.LayersModel', ['save', 'getWeights']),
});

const save = z.strictObject({ overwrite: fields.boolean.default(false) });

const load = z.strictObject({
  format: z
    .custom<NonNullable<LoadModelOptions['format']>>((v) => v === 'layers-model' || v === 'graph-model', {
      error: "must be 'layers-model' or 'graph-model'",
    })
    .optional(),
});

/** @internal */
export function parseSaveModelOptions(
  call: string,
  model: LayersModel,
  given: SaveModelOptions,
): WithDefaults<SaveModelOptions> {
  parseOptions(call, subject, { model });
  return parseOptions(call, save, given);
}

/** @internal */
export function parseLoadModelOptions(call: string, given: LoadModelOptions): WithDefaults<LoadModelOptions, 'format'> {
  return parseOptions(call, load, given);
}

import { z } from 'zod';
import type { OnnxClassifierOptions, OnnxLayout } from '../onnx/onnx-classifier.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const name = z.custom<string>((v) => typeof v === 'string' && v !== '', { error: 'must be a name' });

const schema = z.strictObject({
  Tensor: fields.callback<OnnxClassifierOptions['Tensor']>("must be the class `Tensor` of the runtime's package"),
  inputName: name.optional(),
  outputName: name.optional(),
  layout: z
    .custom<OnnxLayout>((v) => v === 'nhwc' || v === 'nchw', { error: "must be 'nhwc' or 'nchw'" })
    .default('nhwc'),
});

/** @internal */
export function parseOnnxClassifierOptions(
  call: string,
  options: OnnxClassifierOptions,
): WithDefaults<OnnxClassifierOptions, 'inputName' | 'outputName'> {
  return parseOptions(call, schema, options);
}

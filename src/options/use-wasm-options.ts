import { z } from 'zod';
import type { UseWasmOptions } from '../wasm/use-wasm.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({
  wasmPaths: z
    .custom<NonNullable<UseWasmOptions['wasmPaths']>>(
      (v) => typeof v === 'string' || (typeof v === 'object' && v !== null),
      { error: 'must be a string or an object of strings' },
    )
    .optional(),
  threads: fields.positiveInteger.optional(),
});

/** @internal */
export function parseUseWasmOptions(
  call: string,
  options: UseWasmOptions,
): WithDefaults<UseWasmOptions, 'wasmPaths' | 'threads'> {
  return parseOptions(call, schema, options);
}

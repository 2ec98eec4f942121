import { z } from 'zod';
import type { UseWebgpuOptions } from '../webgpu/use-webgpu.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const schema = z.strictObject({
  powerPreference: z
    .custom<NonNullable<UseWebgpuOptions['powerPreference']>>((v) => v === 'high-performance' || v === 'low-power', {
      error: "must be 'high-performance' or 'low-power'",
    })
    .default('high-performance'),
});

/** @internal */
export function parseUseWebgpuOptions(call: string, options: UseWebgpuOptions): WithDefaults<UseWebgpuOptions> {
  return parseOptions(call, schema, options);
}

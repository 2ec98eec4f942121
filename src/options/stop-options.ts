import { z } from 'zod';
import type { Stop } from '../certify/stop.ts';
import type { StopAtDeadlineOptions } from '../certify/stop-at-deadline.ts';
import type { StopAtGainOptions } from '../certify/stop-at-gain.ts';
import * as fields from './fields.ts';
import { parseOptions, type WithDefaults } from './parse.ts';

const isStop = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'begin' in value &&
  typeof value.begin === 'function';

/** @internal */
export const stops: z.ZodCustom<readonly Stop[], readonly Stop[]> = z.custom<readonly Stop[]>(
  (v) => Array.isArray(v) && v.length > 0 && v.every(isStop),
  { error: 'must be a list of one or more stops (for example [stopAtWidth(0.05)])' },
);

const width = z.strictObject({ width: fields.positive });
const radius = z.strictObject({ radius: fields.positive });
const samples = z.strictObject({ samples: fields.positiveInteger });
const gain = z.strictObject({ gain: fields.positive, over: fields.positiveInteger });
const deadline = z.strictObject({
  milliseconds: fields.nonNegative,
  now: fields.callback<() => number>('must be a function that gives milliseconds').optional(),
});
const all = z.strictObject({ stops });

/** @internal */
export function parseStopAtWidthOptions(call: string, options: { readonly width: number }): void {
  parseOptions(call, width, options);
}

/** @internal */
export function parseStopAtRadiusOptions(call: string, options: { readonly radius: number }): void {
  parseOptions(call, radius, options);
}

/** @internal */
export function parseStopAtSamplesOptions(call: string, options: { readonly samples: number }): void {
  parseOptions(call, samples, options);
}

/** @internal */
export function parseStopAtGainOptions(call: string, options: StopAtGainOptions): WithDefaults<StopAtGainOptions> {
  return parseOptions(call, gain, options);
}

/** @internal */
export function parseStopAtDeadlineOptions(
  call: string,
  options: StopAtDeadlineOptions,
): WithDefaults<StopAtDeadlineOptions, 'now'> {
  return parseOptions(call, deadline, options);
}

/** @internal */
export function parseAllOfOptions(call: string, options: { readonly stops: readonly Stop[] }): readonly Stop[] {
  return parseOptions(call, all, options).stops;
}

import { expectTypeOf } from 'vitest';
import * as fields from '../../src/options/fields.ts';
import { optionsOf, type WithDefaults } from '../../src/options/parse.ts';

interface ExampleOptions {
  readonly sigma: number;
  readonly n?: number;
  readonly norm?: 'l1' | 'l2' | undefined;
}

const sigma = fields.positive;
const n = fields.withDefault(fields.sampleCount, 7);
const norm = fields.optional(fields.oneOf('l1', 'l2'));

// What is parsed: everything is set but what has no default.
const schema = optionsOf<ExampleOptions>()({ sigma, n, norm });
type Parsed = ReturnType<typeof schema.parse>;
expectTypeOf<Parsed>().toEqualTypeOf<WithDefaults<ExampleOptions, 'norm'>>();
expectTypeOf<Parsed['sigma']>().toEqualTypeOf<number>();
expectTypeOf<Parsed['n']>().toEqualTypeOf<number>();
expectTypeOf<Parsed['norm']>().toEqualTypeOf<'l1' | 'l2' | undefined>();

// @ts-expect-error a key is missing
optionsOf<ExampleOptions>()({ sigma, n });
// @ts-expect-error a key is no option
optionsOf<ExampleOptions>()({ sigma, n, norm, alpha: fields.certifyAlpha });
// @ts-expect-error a check is of another type
optionsOf<ExampleOptions>()({ sigma: fields.boolean, n, norm });
// @ts-expect-error a check is of a wider type
optionsOf<ExampleOptions>()({ sigma, n, norm: fields.optional(fields.text) });
// @ts-expect-error a check is of a narrower type: it would refuse what the interface promises
optionsOf<ExampleOptions>()({ sigma, n, norm: fields.optional(fields.field<'l1'>('must be l1', () => true)) });
// @ts-expect-error an option that may be absent is required
optionsOf<ExampleOptions>()({ sigma, n: fields.sampleCount, norm });
// @ts-expect-error an option that must be given is optional
optionsOf<ExampleOptions>()({ sigma: fields.optional(sigma), n, norm });
// @ts-expect-error an option that must be given has a default
optionsOf<ExampleOptions>()({ sigma: fields.withDefault(sigma, 1), n, norm });
// @ts-expect-error a default of another type
fields.withDefault(fields.sampleCount, '7');

// Options inside an option: the check of the inner interface, absent or not.
interface OuterOptions {
  readonly select?: ExampleOptions | undefined;
}
expectTypeOf(
  optionsOf<OuterOptions>()({ select: schema.nested }).parse('f', {}).select,
).toEqualTypeOf<ExampleOptions>();
// @ts-expect-error the inner options are of another interface
optionsOf<{ readonly select?: { readonly n?: number } | undefined }>()({ select: schema.nested });
// @ts-expect-error an option that must be given may be absent
optionsOf<{ readonly select: ExampleOptions }>()({ select: schema.nested });

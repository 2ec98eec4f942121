import { expectTypeOf } from 'vitest';
import type { DecodeIdxOptions } from '../../src/data/decode-idx.ts';
import type { decodeIdxOptions } from '../../src/options/decode-idx-options.ts';
import type { OptionFields, SchemaFields } from '../helpers/options.ts';

expectTypeOf<SchemaFields<typeof decodeIdxOptions>>().toEqualTypeOf<OptionFields<DecodeIdxOptions>>();

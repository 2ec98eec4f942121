import { expectTypeOf } from 'vitest';
import type { SmoothedPgdOptions } from '../../src/attacks/smoothed-pgd.ts';
import type { WithDefaults } from '../../src/options/parse.ts';
import type { CertifyOptions } from '../../src/smoothed/types.ts';

// Every parse function returns `WithDefaults<XOptions, names without a default>`, so a schema that forgets a name, or gives it
// another type, does not compile. Here: what that type says.
type Parsed = WithDefaults<{ readonly sigma: number; readonly n?: number; readonly norm?: 'l1' | 'l2' }, 'norm'>;
expectTypeOf<Parsed>().toEqualTypeOf<
  { readonly sigma: number; readonly n: number } & { readonly norm?: 'l1' | 'l2' | undefined }
>();

type Certify = WithDefaults<CertifyOptions, 'norm' | 'batchSize' | 'signal'>;
expectTypeOf<Certify['n']>().toEqualTypeOf<number>();
expectTypeOf<Certify['alpha']>().toEqualTypeOf<number>();
expectTypeOf<Certify['signal']>().toEqualTypeOf<AbortSignal | undefined>();
expectTypeOf<SmoothedPgdOptions['noise']>().not.toBeAny();

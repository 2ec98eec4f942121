import { expectTypeOf } from 'vitest';
import type { CertifySettings } from '../../src/cli/commands/certify.ts';
import type { OptionsOf } from '../../src/cli/options.ts';

const table = {
  out: { flags: '-o, --out <file>', help: '', required: true },
  split: { flags: '--split <name>', help: '', choices: ['train', 'test'], fallback: 'test' },
  n: { flags: '--n <count>', help: '', kind: 'positive' },
  adaptive: { flags: '--adaptive [gain]', help: '', kind: 'number' },
  recheck: { flags: '--no-recheck', help: '' },
  json: { flags: '--json', help: '' },
} as const;

type Options = OptionsOf<typeof table>;
expectTypeOf(table.n.kind).toEqualTypeOf<'positive'>();

// What is required or has a default of the command is there; what is left to the library may be undefined.
expectTypeOf<Options['out']>().toEqualTypeOf<string>();
expectTypeOf<Options['split']>().toEqualTypeOf<'train' | 'test'>();
expectTypeOf<Options['n']>().toEqualTypeOf<number | undefined>();
expectTypeOf<Options['adaptive']>().toEqualTypeOf<number | true | undefined>();
expectTypeOf<Options['recheck']>().toEqualTypeOf<boolean>();
expectTypeOf<Options['json']>().toEqualTypeOf<true | undefined>();

expectTypeOf<CertifySettings['radius']>().toEqualTypeOf<readonly number[] | undefined>();
expectTypeOf<CertifySettings['sigma']>().toEqualTypeOf<number | readonly number[] | undefined>();

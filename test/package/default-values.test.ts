import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { literal, programOf, wrongDefaults } from './default-values.ts';
import { root } from './source-files.ts';

/** The sources, as the compiler is given them. */
function ownSources(): Map<string, string> {
  const paths = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const files = paths.map((path) => `${root}src/${path.replaceAll('\\', '/')}`);
  return new Map(files.map((path) => [path, readFileSync(path, 'utf8')]));
}

/** A group of checks that one file shares and another spreads, with an interface of each way to inherit. */
const shared = `
  export interface Base {
    /** @defaultValue 2^30 (1 GiB) */
    size?: number;
    /** @defaultValue no limit */
    max?: number;
    key?: string;
  }
  export const LIMIT: number = 2 ** 30;
  export const checks = { size: withDefault(count, LIMIT), max: withDefault(count, Number.MAX_SAFE_INTEGER), key: optional(text) };
  export const { key: _key, ...withoutKey } = checks;
`;
const users = `
  import { type Base, checks, withoutKey } from './shared.ts';
  interface A extends Base {
    /** @defaultValue 'one' */
    word?: 'one' | 'two';
    /** @defaultValue the number of cores */
    cores?: number;
  }
  const word = fields.withDefault(fields.word, 'one');
  const a = optionsOf<A>()({ ...checks, word, cores: optional(count) });
  const b = optionsOf<Omit<A, 'key' | 'word' | 'cores'>>()(withoutKey);
  const c = optionsOf<Pick<Base, 'size'>>()({ size: checks.size });
  const { max } = checks;
  const d = optionsOf<Pick<Base, 'size' | 'max'>>()({ size: withDefault(count, c.defaults.size ?? 1), max });
`;

/** What is wrong in the made-up files after `from` is written as `to`. */
function wrongAfter(from: string, to: string): string[] {
  const files = { '/made/shared.ts': shared, '/made/users.ts': users };
  expect(Object.values(files).join('')).toContain(from);
  const changed = Object.entries(files).map(([path, text]) => [path, text.replaceAll(from, to)] as const);
  return wrongDefaults(programOf(new Map(changed))).wrong;
}

describe('the defaults of options', () => {
  it('are in the doc comment what they are in the schema', () => {
    const { wrong, compared } = wrongDefaults(programOf(ownSources()));
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(150);
  });

  it('are found through groups, spreads, inheritance, Omit and Pick', () => {
    expect(wrongAfter('2 ** 30', '2 ** 30')).toEqual([]);
    const sizes = [
      'A.size',
      `Omit<A, 'key' | 'word' | 'cores'>.size`,
      `Pick<Base, 'size'>.size`,
      `Pick<Base, 'size' | 'max'>.size`,
    ];
    const differ = sizes.map((name) => `${name}: @defaultValue 2^30 (1 GiB), and the schema has 1048576`);
    expect(wrongAfter('2 ** 30', '2 ** 20')).toEqual(differ);
  });

  it.each([
    [`@defaultValue 'one'`, `@defaultValue 'two'`, `A.word: @defaultValue 'two', and the schema has "one"`],
    [`@defaultValue 'one'`, '', 'A.word: no @defaultValue, and the schema has "one"'],
    [`@defaultValue 'one'`, '@defaultValue a word', 'A.word: @defaultValue a word, and the schema has "one"'],
    [
      `withDefault(fields.word, 'one')`,
      'optional(fields.word)',
      `A.word: @defaultValue 'one' is no default of the schema`,
    ],
    [
      'the number of cores',
      '4: the number of cores',
      'A.cores: @defaultValue 4: the number of cores is no default of the schema',
    ],
  ])('%s as %s is an error', (from, to, error) => {
    expect(wrongAfter(from, to)).toEqual([error]);
  });

  it.each([
    ['100 000', 100_000],
    ['1e-3; measured', 0.001],
    ['1/2', 0.5],
    ['2^28 (256 MiB)', 2 ** 28],
    ['`[32, 32, 3]`', [32, 32, 3]],
    ['{ index: 0, count: 1 }, all', { index: 0, count: 1 }],
    [`['real arithmetic']: exact`, ['real arithmetic']],
  ])('the tag %s is a value', (tag, value) => {
    expect(literal(tag)).toEqual({ value });
  });

  it.each(['2 · epsilon / steps', '0.500, 0.501, ..., 1.000', 'fixedSample()', 'none', 'at most 256'])(
    'the tag %s describes',
    (tag) => {
      expect(literal(tag)).toBeUndefined();
    },
  );
});

import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import * as fields from '../../src/options/fields.ts';
import { optionsOf } from '../../src/options/parse.ts';
import { expectError } from '../helpers/errors.ts';

interface ExampleOptions {
  readonly sigma: number;
  readonly n?: number;
}

const schema = optionsOf<ExampleOptions>()({ sigma: fields.positive, n: fields.withDefault(fields.sampleCount, 7) });

describe('optionsOf', () => {
  it('fills defaults in and leaves the given object alone', () => {
    const given = Object.freeze({ sigma: 0.5 });
    expect(schema.parse('f', given)).toEqual({ sigma: 0.5, n: 7 });
    expect(given).toEqual({ sigma: 0.5 });
  });

  it.each([
    [undefined, '`options` must be an object, got undefined'],
    [null, '`options` must be an object, got null'],
    [3, '`options` must be an object, got 3'],
    [[1], '`options` must be an object, got [1]'],
    [{ sigma: 1, Sigma: 2 }, 'unknown option `Sigma`; known options: `sigma`, `n`'],
    [{ sigma: -1 }, '`sigma` must be a finite number greater than 0, got -1'],
    [{ sigma: 1n }, '`sigma` must be a finite number greater than 0, got 1n'],
    [{ sigma: () => 1 }, '`sigma` must be a finite number greater than 0, got a function'],
    [{ sigma: 1, n: null }, '`n` must be an integer from 1 to 1073741824 (2^30), got null'],
  ])('refuses %o', (options, text) =>
    expectError(() => schema.parse('f', options as never), OptionError, `f: ${text}`),
  );

  it('keeps the value and the field in the error', () => {
    try {
      schema.parse('f', { sigma: -1 });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ name: 'OptionError', call: 'f', field: 'sigma', value: -1 });
    }
  });
});

describe('options inside an option', () => {
  const outer = optionsOf<{
    readonly key: number;
    readonly select?: { readonly skip?: number; readonly max?: number };
  }>()({
    key: fields.finite,
    select: optionsOf<{ readonly skip?: number; readonly max?: number }>()({
      skip: fields.withDefault(fields.positiveInteger, 1),
      max: fields.withDefault(fields.positiveInteger, 9),
    }).nested,
  });

  it.each([
    [undefined, { skip: 1, max: 9 }],
    [{}, { skip: 1, max: 9 }],
    [
      { skip: 5, max: undefined },
      { skip: 5, max: 9 },
    ],
  ])('get their own defaults, given %o', (select, parsed) =>
    expect(outer.parse('f', { key: 1, select } as never)).toEqual({ key: 1, select: parsed }),
  );

  it.each([
    [{ skip: 0 }, 'select.skip', 0, '`select.skip` must be an integer of at least 1, got 0'],
    [{ skp: 2 }, 'select.skp', 2, 'unknown option `select.skp`; known options: `select.skip`, `select.max`'],
    [3, 'select', 3, '`select` must be an object, got 3'],
    [null, 'select', null, '`select` must be an object, got null'],
    [[20], 'select', [20], '`select` must be an object, got [20]'],
  ])('refuse %o by their path', (select, field, value, text) => {
    const error: unknown = (() => {
      try {
        return outer.parse('f', { key: 1, select } as never);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ call: 'f', field, value, message: `f: ${text}` });
  });

  it('are listed by their own name outside', () =>
    expectError(
      () => outer.parse('f', { key: 1, skip: 2 } as never),
      OptionError,
      'f: unknown option `skip`; known options: `key`, `select`',
    ));
});

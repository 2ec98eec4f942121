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

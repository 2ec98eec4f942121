import { describe, expect, it } from 'vitest';
import { surprises } from './known-failures.ts';

const known = [{ reason: 'no such kernel', message: "Kernel 'A'", tests: ['a', 'b'] }];
const passed = { name: 'c', messages: [] };
const missing = (name: string): { name: string; messages: string[] } => ({
  name,
  messages: ["Error: Kernel 'A' not registered"],
});

describe('the list of known failures', () => {
  it('says nothing where all that is listed fails as listed, and nothing else', () => {
    expect(surprises([missing('a'), missing('b'), passed], known)).toEqual([]);
  });

  it('names a failure that is not listed', () => {
    expect(surprises([missing('a'), missing('b'), missing('c')], known)).toEqual([
      "fails: c: Error: Kernel 'A' not registered",
    ]);
  });

  it('names a listed test that fails for another reason: a wrong value where there was an error', () => {
    const wrong = { name: 'b', messages: ['Error: Arrays differ:\n 1 vs 2'] };
    expect(surprises([missing('a'), wrong], known)).toEqual(['fails: b: Error: Arrays differ: 1 vs 2']);
  });

  it('names a listed test that passes, and one that is gone', () => {
    expect(surprises([missing('a'), { name: 'b', messages: [] }], known)).toEqual(['is listed and does not fail: b']);
    expect(surprises([missing('a')], known)).toEqual(['is listed and does not fail: b']);
  });
});

import { describe, expect, it } from 'vitest';
import { logNames } from '../../src/cli/log-names.ts';

describe('logNames', () => {
  it.each([
    [['sigma_0.25'], ['sigma_0.25']],
    [['runs/sigma_0.25.tsv.gz'], ['sigma_0.25']],
    [['runs/sigma_0.25.gz'], ['sigma_0.25']],
    [
      ['a.tsv', 'b.txt', 'c.csv', 'd.log', 'e.CSV', 'f.json'],
      ['a', 'b', 'c', 'd', 'e', 'f.json'],
    ],
    [['.tsv'], ['.tsv']],
    // What is alike is told by its folder; the others keep their short names.
    [
      ['a/cohen/sigma_0.25', 'b/cohen/sigma_0.25', 'a/cohen/sigma_0.50'],
      ['a/cohen/sigma_0.25', 'b/cohen/sigma_0.25', 'sigma_0.50'],
    ],
    [
      ['a/cohen/sigma_0.25.tsv', 'a/macer/sigma_0.25.tsv'],
      ['cohen/sigma_0.25', 'macer/sigma_0.25'],
    ],
    [
      ['a/x/log.txt', 'b/x/log.txt', 'b/y/log.txt'],
      ['a/x/log', 'b/x/log', 'b/y/log'],
    ],
    [
      ['log.txt', 'old/log.txt'],
      ['log', 'old/log'],
    ],
    // Only the endings differ.
    [
      ['a.tsv', 'a.txt'],
      ['a.tsv', 'a.txt'],
    ],
    [
      ['x/a.tsv', './x/a.tsv'],
      ['x/a.tsv', 'x/a.tsv (2)'],
    ],
  ])('%o', (files, names) => {
    expect(logNames(files)).toEqual(names);
    expect(new Set(logNames(files)).size).toBe(files.length);
  });
});

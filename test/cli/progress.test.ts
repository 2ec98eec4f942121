import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showProgress } from '../../src/cli/io.ts';
import { certifyCommand } from '../../src/cli/commands/certify.ts';
import { textFor } from '../../src/cli/report-error.ts';
import { OptionError } from '../../src/errors.ts';

describe('showProgress without a terminal', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('writes a line every five seconds, and the last one', () => {
    let stderr = '';
    const display = showProgress({
      stdout: () => undefined,
      stderr: (text) => void (stderr += text),
      isTTY: false,
      columns: 80,
      signal: new AbortController().signal,
    });
    for (let second = 0; second < 12; second++) {
      display.update(`at ${second} s`);
      vi.advanceTimersByTime(1000);
    }
    display.end();
    display.end();
    expect(stderr).toBe('at 0 s\nat 5 s\nat 10 s\nat 11 s\n');
  });
});

describe('the text of an error of the library', () => {
  it.each([
    ['`batchSize` must be whole, got 1.5', '--batch-size must be whole, got 1.5'],
    ['(set `recheck: false`)', '(set --no-recheck)'],
    ["(set `output: 'probabilities'`)", '(set --output probabilities)'],
    ['`file` must fit `key`', '--out must fit --seed'],
    ['`y` must hold `overwrite: true`', '`y` must hold `overwrite: true`'],
    ['`n` must be at least 10', '--n must be at least 10'],
    ['`n` must not have ` in it', '--n must not have ` in it'],
  ])('that says %s is %s', (text, said) => {
    const error = new OptionError(text, { call: 'certifyToLog', field: 'n', value: 1 });
    expect(textFor(error, certifyCommand)).toBe(said);
    expect(textFor(error, undefined)).toBe(text);
  });
});

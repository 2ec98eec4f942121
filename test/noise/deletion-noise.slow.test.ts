import { describe, expect, it } from 'vitest';
import { tryAllSequences } from './deletion-worst-case.ts';

// Every string in reach, exact laws, random tables as classifiers: no certificate may be broken, and there must be something to break.
describe('no edit within the radius turns any of many random classifiers', () => {
  it.each([
    { deletion: 0.6, alphabet: '01', ofX: 4, ofY: 5, classifiers: 60 },
    { deletion: 0.75, alphabet: '01', ofX: 4, ofY: 5, classifiers: 60 },
    { deletion: 0.75, alphabet: '012', ofX: 3, ofY: 4, classifiers: 30 },
  ])('p = $deletion, tokens $alphabet, $ofX of $ofY', (setting) => {
    const seen = tryAllSequences(setting);
    expect(seen.certified).toBeGreaterThan(1000);
    expect(seen.turned).toBeGreaterThan(1000);
  });
});

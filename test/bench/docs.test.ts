import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blocks } from '../../bench/docs/blocks.ts';
import { quote, quotes } from '../../bench/docs/quotes.ts';
import { pages, regenerated, withoutMarked } from '../../bench/docs/regenerate.ts';
import { readRun, type SavedRun } from '../../bench/docs/saved-run.ts';
import { targetKeys, targets } from '../../bench/targets.ts';
import { root } from '../docs/snippets.ts';

const run = await readRun();
const all = await pages();
const read = (page: string): string => readFileSync(`${root}${page}`, 'utf8');

/** How a text states a speed. */
const SPEED =
  /\d\s*(?:times (?:as (?:fast|long)|faster|slower|PyTorch)|GFLOP\/s|(?:million )?(?:samples|copies|images|normals|steps) (?:a|per) second|µs\b)/i;

describe('the speeds of the documents', () => {
  it.each(all)('%s says what the saved run says', async (page) => {
    expect(await regenerated(page, read(page), run)).toBe(read(page));
  });

  it.each(all)('%s states no speed of its own', (page) => {
    // What an earlier release said wrongly stands in a section of its own.
    const own = read(page).replace(/^## A correction$.*?(?=^## )/ms, '');
    const prose = withoutMarked(own).replaceAll(/^```.*?^```$/gms, '');
    expect(prose.split('\n').filter((line) => SPEED.test(line))).toEqual([]);
  });

  it('are found in the pages that quote them', () => {
    const marked = all.flatMap((page) => [...read(page).matchAll(/<!-- bench: ([^>]*?) -->/g)].map(([, name]) => name));
    expect(marked).toEqual(expect.arrayContaining(['targets', 'machine', 'P1', 'P1w', 'P3', 'P3w']));
    const unused = Object.keys(quotes).filter((name) => !targetKeys.includes(name as never) && !marked.includes(name));
    expect(unused).toEqual([]);
  });
});

describe('a saved run', () => {
  it('has every target and what was compared', () => {
    expect(targetKeys.filter((key) => run[key] === undefined)).toEqual([]);
    expect(run.figures).toHaveProperty('about');
    expect(run.machine).toMatchObject({ quick: false });
  });

  it('changes the texts, and what was not measured is said', async () => {
    const P1 = { ...targets.P1, value: 2.345, limit: null, met: true };
    const other = { figures: {}, machine: {}, P1 } as SavedRun;
    const text = 'It is <!-- bench: P1 -->9<!-- /bench --> and <!-- bench: P3 -->9<!-- /bench -->.\n';
    const made = 'It is <!-- bench: P1 -->2.3<!-- /bench --> and <!-- bench: P3 -->not measured<!-- /bench -->.\n';
    expect(await regenerated('README.md', text, other)).toBe(made);
    expect(quote('P4', { ...other, P4: { ...targets.P4, value: 2.61, limit: null, met: true } })).toBe('2.6 %');
    expect(() => quote('speed of light', other)).toThrow("no quote is called 'speed of light'; there are P1, ");
    for (const block of Object.values(blocks)) expect(block(other)).not.toContain('undefined');
  });
});

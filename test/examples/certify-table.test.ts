import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../../examples/certify-table.ts';
import { loadPenguins, SPECIES } from '../../examples/tabular/penguins.ts';
import { tablePicture } from '../../examples/tabular/picture.ts';

beforeEach(() => void vi.spyOn(console, 'log').mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');

describe('penguins', () => {
  it('are read with their species', async () => {
    const penguins = await loadPenguins();
    expect(SPECIES.map((_, i) => penguins.filter(({ species }) => species === i).length)).toEqual([151, 68, 123]);
    expect(penguins.every(({ measures }) => measures.length === 4 && measures.every((one) => one > 10))).toBe(true);
  });

  it('are certified in millimetres and grams', async () => {
    const [own, common] = await main({ fast: true });
    expect(own!.penguins).toHaveLength(15);
    expect(own!.certified).toBeGreaterThan(0.7);
    expect(own!.medianAxes[3]! / own!.medianAxes[1]!).toBeGreaterThan(100);
    expect(own!.penguins[0]!.certificate.norm).toBe('scaled');
    expect(common!.withstandErrors).toBe(0);
    expect(tablePicture(own!)).toMatch(/^<svg .*<ellipse/s);
  });

  it('are told in the guide as the saved results have them', () => {
    const page = read('guide/tabular.md');
    const { rows } = JSON.parse(read('results/tabular/results.json')) as {
      readonly rows: readonly { name: string; certified: number; withstandErrors: number; medianAxes: number[] }[];
    };
    expect(rows).toHaveLength(2);
    for (const { name, certified, withstandErrors, medianAxes } of rows) {
      const row = page.split('\n').find((line) => line.startsWith(`| ${name} `)) ?? '';
      const cells = row.split('|').map((cell) => cell.trim());
      const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
      const axes = medianAxes.map((one, k) => `${Number(one.toPrecision(2))} ${k === 3 ? 'g' : 'mm'}`);
      expect(cells.slice(2, -1)).toEqual([percent(certified), ...axes, percent(withstandErrors)]);
    }
  });
});

import { readFile } from 'node:fs/promises';

/** A penguin of penguins.csv, which has its source beside it. */
export interface Penguin {
  /** Place in {@link SPECIES}. */
  readonly species: number;
  /** Measures, in the order and the units of {@link FEATURES}. */
  readonly measures: readonly number[];
}

export const SPECIES = ['Adelie', 'Chinstrap', 'Gentoo'] as const;

/** What was measured, and in which unit. */
export const FEATURES = [
  { name: 'bill length', unit: 'mm' },
  { name: 'bill depth', unit: 'mm' },
  { name: 'flipper length', unit: 'mm' },
  { name: 'body mass', unit: 'g' },
] as const;

/** The 342 penguins of the Palmer Archipelago (K. Gorman, Palmer Station LTER; Horst, Hill, Gorman 2020, CC0) that were measured. */
export async function loadPenguins(): Promise<Penguin[]> {
  const text = await readFile(new URL('penguins.csv', import.meta.url), 'utf8');
  const rows = text.trim().split('\n').slice(1).map((line) => line.split(',')); // prettier-ignore
  return rows.map(([species = '', ...measures]) => ({
    species: (SPECIES as readonly string[]).indexOf(species),
    measures: measures.map(Number),
  }));
}

/** Mean and standard deviation of each measure. */
export function spreadOf(penguins: readonly Penguin[]): { readonly mean: number[]; readonly deviation: number[] } {
  const columns = FEATURES.map((_, k) => penguins.map(({ measures }) => measures[k]!));
  const mean = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length);
  const deviation = columns.map((column, k) =>
    Math.sqrt(column.reduce((sum, value) => sum + (value - mean[k]!) ** 2, 0) / column.length),
  );
  return { mean, deviation };
}

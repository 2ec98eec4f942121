/**
 * Writes the tables into the results page, and checks that the stored logs give the stored tables.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { reportTables } from './markdown.ts';
import { readResults } from './read-results.ts';
import type { ResultsPlaces } from './read-results.ts';

const BEGIN = '<!-- tables: begin -->';
const END = '<!-- tables: end -->';

const SKELETON = `# Fashion-MNIST at σ = 0.25\n\n${BEGIN}\n${END}\n`;

/** Makes the tables again from the logs of a folder; throws an error that names the first line of the page that differs. */
export async function checkReport(
  folder: string,
  page: string,
  places: Omit<ResultsPlaces, 'folder'> = {},
): Promise<void> {
  const { before, between } = partsOf(page, await readFile(page, 'utf8'));
  const expected = await tablesOf({ ...places, folder });
  if (between === expected) return;
  const [stored, made] = [between.split('\n'), expected.split('\n')];
  const at = made.findIndex((line, i) => line !== stored[i]);
  // All lines are there: the page has more.
  const first = at === -1 ? made.length : at;
  const show = (line: string | undefined): string => (line === undefined ? 'no line' : JSON.stringify(line));
  throw new Error(
    `${page}, line ${before.split('\n').length + first}: the logs give ${show(made[first])}, the page has ${show(stored[first])}`,
  );
}

/** Writes the tables between the markers of the page, which is made if it is not there; returns the tables. */
export async function writeReport(
  folder: string,
  page: string,
  places: Omit<ResultsPlaces, 'folder'> = {},
): Promise<string> {
  const { before, after } = partsOf(page, existsSync(page) ? await readFile(page, 'utf8') : SKELETON);
  const tables = await tablesOf({ ...places, folder });
  await writeFile(page, `${before}${tables}${after}`);
  return tables.trim();
}

/** What is between the markers: the tables between blank lines. */
async function tablesOf(places: ResultsPlaces): Promise<string> {
  return `\n\n${reportTables(await readResults(places))}\n\n`;
}

function partsOf(
  page: string,
  text: string,
): { readonly before: string; readonly between: string; readonly after: string } {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  const isOnce = begin === text.lastIndexOf(BEGIN) && end === text.lastIndexOf(END);
  if (begin < 0 || end < begin || !isOnce)
    throw new Error(`${page} must have the lines ${BEGIN} and ${END}, once each`);
  const from = begin + BEGIN.length;
  return { before: text.slice(0, from), between: text.slice(from, end), after: text.slice(end) };
}

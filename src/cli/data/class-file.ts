import { readFile } from 'node:fs/promises';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';

/** The classes of a file, in the order in which the model counts them. @internal */
export interface ClassList {
  readonly file: string;
  /** The name of each class: the synset, where the file has synsets. */
  readonly names: readonly string[];
  /** The number of a class by any of its names; undefined for a name of no class, or of several. */
  readonly numberOf: (name: string) => number | undefined;
}

/**
 * Reads `--classes`: one name a line, also behind its number or with a synset before it; a JSON list of names; a JSON object of names by number,
 * or of numbers by name, or one with `id2label`.
 *
 * Throws CliError that names the file and the line.
 * @internal
 */
export async function readClassFile(file: string): Promise<ClassList> {
  const text = (await inFile(file, () => readFile(file, 'utf8'))).replace(/^\uFEFF/, '').trim();
  if (text === '') throw new CliError(`${file}: must hold names of classes, got an empty file`);
  const classes = /^[[{]/.test(text) ? fromJson(file, text) : fromLines(text.split(/\r?\n/));
  return classList(file, classes);
}

/** Each class as its names, the first of them its own. */
type Names = readonly string[];

/** A list of classes of such names. Throws CliError where two have the same. @internal */
export function classList(file: string, classes: readonly Names[]): ClassList {
  const numbers = new Map<string, number | undefined>();
  const own = new Map<string, number>();
  for (const [number, [name = '', ...others]] of classes.entries()) {
    if (name === '') throw new CliError(`${file}: must hold a name for each class, got none for class ${number}`);
    const before = own.get(name);
    if (before !== undefined) {
      throw new CliError(`${file}: must name each class once, got ${name} for the classes ${before} and ${number}`);
    }
    own.set(name, number);
    // A word that several classes share stands for none.
    for (const other of others) numbers.set(other, numbers.has(other) ? undefined : number);
  }
  const numberOf = (name: string): number | undefined => own.get(name) ?? numbers.get(name);
  return { file, names: classes.map(([name = '']) => name), numberOf };
}

const SYNSET_LINE = /^(n\d{8})(?:[\s,]+(.*))?$/;
const NUMBERED_LINE = /^(\d+)\s*[\s,:;]\s*(.+)$/;

function fromLines(lines: readonly string[]): Names[] {
  const trimmed = lines.map((line) => line.trim());
  const synsets = trimmed.map((line) => SYNSET_LINE.exec(line));
  if (synsets.every((found) => found !== null))
    return synsets.map(([, id = '', words]) => [id, ...(words ? [words] : [])]);
  const numbered = trimmed.map((line) => NUMBERED_LINE.exec(line));
  const byNumber = new Map(numbered.map((found) => [Number(found?.[1]), found?.[2] ?? '']));
  const isCounted = trimmed.every((_, i) => byNumber.has(i));
  if (numbered.every((found) => found !== null) && isCounted) return trimmed.map((_, i) => [byNumber.get(i) ?? '']);
  return trimmed.map((line) => [line]);
}

function fromJson(file: string, text: string): Names[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CliError(`${file}: must be JSON, since it begins with ${text[0]}, got a text that is not`);
  }
  if (Array.isArray(value)) return value.map((name) => namesOf(file, name));
  const { id2label } = value as { readonly id2label?: unknown };
  const entries = Object.entries(typeof id2label === 'object' && id2label !== null ? id2label : (value as object)) as [
    string,
    unknown,
  ][];
  const isByName = entries.every(([, number]) => typeof number === 'number');
  const byNumber = new Map(
    entries.map(([key, other]) => (isByName ? [other as number, [key]] : [Number(key), namesOf(file, other)])),
  );
  return Array.from({ length: entries.length }, (_, number) => {
    const names = byNumber.get(number);
    if (names !== undefined) return names;
    throw new CliError(`${file}: must have the classes 0 to ${entries.length - 1}, got none for ${number}`);
  });
}

/** A name, or several as in Keras' list of ImageNet: [synset, word]. */
function namesOf(file: string, value: unknown): Names {
  const names: unknown[] = Array.isArray(value) ? value : [value];
  if (names.length > 0 && names.every((name) => typeof name === 'string')) return names;
  throw new CliError(`${file}: must name classes by texts, got ${JSON.stringify(value)}`);
}

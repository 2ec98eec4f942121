import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, fdatasyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { SampleProgress } from '../smoothed/call-options.ts';
import type { EarlierSamples, SampleName, SampleNews, SamplePiece, SampleRecord } from '../smoothed/earlier-samples.ts';
import { DataError, refusal } from '../errors.ts';
import { cannotOpen, cannotWrite } from './files.ts';

/** The journal of a log. @internal */
export function journalOf(log: string): string {
  return `${log}.partial`;
}

/** How a journal is opened. */
interface JournalOptions {
  /** The public call that error texts name. */
  readonly call: string;
  readonly path: string;
  /** Whether what is written must be on the disk at once. */
  readonly durable: boolean;
}

/** What the samples of an image depend on. Journals of catrs 0.5 do not say what ran the classifier; null stands for one that does not say it. @internal */
export type JournalRecord = SampleRecord & { readonly engine?: string | null };

/** What a journal has of one image. */
interface JournalImage {
  readonly record: JournalRecord;
  milliseconds: number;
  /** Copies in the lines and in `fresh`. */
  drawn: number;
  /** What an earlier run drew, as it stands in the lines. */
  readonly earlier: readonly StoredPiece[];
  /** Its whole lines, as they are in the file. */
  readonly lines: string[];
  /** What is not in the file yet. */
  fresh: StoredPiece[];
}

/** What was drawn of an image. */
type JournalNews = Pick<SampleNews, 'pieces' | 'milliseconds'> & { readonly record: JournalRecord };

/** A piece in the file: sample, first copy, number of copies, and values. Votes are pairs of a class and its votes; sums are all there. */
type StoredPiece = readonly [sample: 's' | 'e', start: number, drawn: number, values: readonly number[]];

const HEADER = 'catrs samples under way, 1\n';
const SAMPLES: Readonly<Record<'s' | 'e', SampleName>> = { s: 'selection', e: 'estimation' };

/** A killed process loses the votes of so many milliseconds at most, beside those of the batch under way. */
const FLUSH_EVERY_MS = 2000;

/** Lines of images that have their row stay in the file until they are more than the others and this. */
const MOST_DEAD_BYTES = 2 ** 18;

/**
 * The votes of images that have no row yet, in a file beside the log, from which a later run goes on.
 *
 * The caller holds the lock of the log. Each line has a checksum: one that was not written to its end, or is damaged, is ignored with all that
 * follows. Nothing in the file is changed before the first flush.
 * @internal
 */
export class SampleJournal {
  readonly #options: JournalOptions;
  readonly #images: Map<number, JournalImage>;
  #isThere: boolean;
  /** Whether the file may hold other than whole lines of ours, so that nothing can be added at its end. */
  #mustReplace = true;
  #deadBytes = 0;
  /** Whether lines are missing in the file, because it could not be written. */
  #isBehind = false;
  #flushed = performance.now();

  private constructor(options: JournalOptions, text: string | undefined) {
    this.#options = options;
    this.#isThere = text !== undefined;
    this.#images = imagesOf(text ?? '');
  }

  /** Reads the journal, if there is one. Throws DataError for a file that is none, OptionError for one that cannot be read. */
  static async open(options: JournalOptions): Promise<SampleJournal> {
    const { call, path } = options;
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw cannotOpen(call, path, error);
    });
    const text = bytes?.toString('utf8').replace(/\0+$/, ''); // zeros are what a power failure leaves
    if (text !== undefined && !text.startsWith(HEADER) && !HEADER.startsWith(text)) {
      const way = 'it was left as it is: take another name for the log';
      const details = { call, field: 'file', value: path, got: `${path}, which is none`, way };
      throw refusal(DataError, details, 'must have no other file in the place of its journal');
    }
    return new SampleJournal(options, text);
  }

  /** The file. */
  get path(): string {
    return this.#options.path;
  }

  /** The images that it has samples of, with what they were drawn with. */
  records(): readonly (readonly [index: number, record: JournalRecord])[] {
    return [...this.#images].map(([index, { record }]) => [index, record]);
  }

  /** How far the images are that an earlier run has begun. */
  progress(): readonly SampleProgress[] {
    return [...this.#images].map(([index, { record, drawn }]) => ({ index, drawn, most: record.n0 + record.n }));
  }

  /** What an earlier run drew of an image. */
  earlierOf(index: number): EarlierSamples | undefined {
    const image = this.#images.get(index);
    if (image === undefined || image.earlier.length === 0) return undefined;
    const { record, milliseconds, earlier } = image;
    return { record, milliseconds, pieces: earlier.map((piece) => loadedPiece(piece, record)) };
  }

  /** Takes what was drawn of an image. */
  add(index: number, { record, pieces, milliseconds }: JournalNews): void {
    if (pieces.length === 0) return;
    const image = this.#images.get(index) ?? newImage(record);
    this.#images.set(index, image);
    image.milliseconds = milliseconds;
    for (const piece of pieces) {
      image.drawn += piece.drawn;
      image.fresh.push(storedPiece(piece, record));
    }
  }

  /** Drops an image: it has its row, or is drawn anew. */
  forget(index: number): void {
    for (const line of this.#images.get(index)?.lines ?? []) this.#deadBytes += line.length;
    this.#images.delete(index);
  }

  /** Drops all images but these. */
  keepOnly(indices: Iterable<number>): void {
    const kept = new Set(indices);
    for (const index of [...this.#images.keys()]) if (!kept.has(index)) this.forget(index);
  }

  /** Writes what is not in the file yet, if the last time is long enough ago. Throws DataError if it cannot be written. */
  flushIfDue(): void {
    if (performance.now() - this.#flushed >= FLUSH_EVERY_MS) this.flush();
  }

  /** Writes what is not in the file yet. Throws DataError if it cannot be written. */
  flush(): void {
    this.#flushed = performance.now();
    const fresh = [...this.#images].flatMap(([index, image]) => freshLines(index, image));
    if (fresh.length === 0 && !this.#isBehind) return;
    const live = [...this.#images.values()].flatMap(({ lines }) => lines);
    const liveBytes = live.reduce((sum, line) => sum + line.length, 0);
    try {
      if (this.#mustReplace || this.#deadBytes > Math.max(MOST_DEAD_BYTES, liveBytes)) this.#replace(live);
      else this.#append(fresh);
      this.#isBehind = false;
    } catch (error) {
      [this.#mustReplace, this.#isBehind] = [true, true]; // what was written of the last line is no line
      throw cannotWrite(this.#options.call, this.path, error);
    }
  }

  /** Leaves what a later run needs: nothing where no image is under way. Throws DataError if that cannot be written. */
  close(): void {
    if (this.#images.size > 0) this.flush();
    else if (this.#isThere) removeQuietly(this.path); // a run that finds it knows that its images have their rows
  }

  #append(lines: readonly string[]): void {
    appendFileSync(this.path, lines.join(''));
    if (this.#options.durable) sync(this.path);
  }

  #replace(lines: readonly string[]): void {
    const written = `${this.path}.new`;
    try {
      writeFileSync(written, HEADER + lines.join(''));
      if (this.#options.durable) sync(written);
      renameSync(written, this.path);
    } catch (error) {
      removeQuietly(written);
      throw error;
    }
    [this.#isThere, this.#mustReplace, this.#deadBytes] = [true, false, 0];
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Whatever is in the way is not of use to anybody, and does no harm.
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
}

function newImage(record: JournalRecord): JournalImage {
  return { record, milliseconds: 0, drawn: 0, earlier: [], lines: [], fresh: [] };
}

/** Moves what is fresh of an image to its lines, and gives the new ones. */
function freshLines(index: number, image: JournalImage): readonly string[] {
  const { record, milliseconds, lines, fresh } = image;
  if (fresh.length === 0) return [];
  const begin = lines.length === 0 ? [lineOf({ image: index, record })] : [];
  const added = [...begin, lineOf({ image: index, milliseconds, pieces: fresh })];
  lines.push(...added);
  image.fresh = [];
  return added;
}

const checksum = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, 16);

function lineOf(value: object): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/** What the lines of a journal say. */
interface JournalLine {
  readonly image: number;
  readonly record?: JournalRecord;
  readonly milliseconds?: number;
  readonly pieces?: readonly StoredPiece[];
}

function imagesOf(text: string): Map<number, JournalImage> {
  const images = new Map<number, JournalImage & { earlier: StoredPiece[] }>();
  const lines = text.slice(HEADER.length).split('\n').slice(0, -1);
  for (const line of lines) {
    const read = readLine(line);
    if (read === undefined) break; // what follows may miss what stood here
    const { image: index, record, milliseconds = 0, pieces = [] } = read;
    if (record !== undefined) images.set(index, { ...newImage(record), earlier: [] });
    const image = images.get(index);
    if (image === undefined) continue;
    image.lines.push(`${line}\n`);
    image.milliseconds = Math.max(milliseconds, image.milliseconds);
    image.earlier.push(...pieces);
    image.drawn += pieces.reduce((sum, [, , drawn]) => sum + drawn, 0);
  }
  return images;
}

/** A whole line; undefined for anything else. */
function readLine(line: string): JournalLine | undefined {
  const json = line.slice(17);
  if (line.slice(0, 17) !== `${checksum(json)} `) return undefined;
  return JSON.parse(json) as JournalLine;
}

function storedPiece({ sample, start, drawn, values }: SamplePiece, { smoothing }: SampleRecord): StoredPiece {
  const stored = smoothing === 'soft' ? values : values.flatMap((votes, c) => (votes === 0 ? [] : [c, votes]));
  return [sample === 'selection' ? 's' : 'e', start, drawn, stored];
}

function loadedPiece([sample, start, drawn, stored]: StoredPiece, { smoothing, classes }: SampleRecord): SamplePiece {
  const values = smoothing === 'soft' ? stored : new Array<number>(classes).fill(0);
  if (smoothing !== 'soft')
    for (let i = 0; i < stored.length; i += 2) (values as number[])[stored[i] as number] = stored[i + 1] as number;
  return { sample: SAMPLES[sample], start, drawn, values };
}

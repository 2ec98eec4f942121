/** How one value is written into a cell of a log and read from it. @internal */
export interface LogCell<T> {
  /** What the cell must hold; completes "`column` ...". */
  readonly must: string;
  /** The text of a value: no tab, no line end. */
  write(value: T): string;
  /** The value of a text, or undefined if it has none. */
  read(text: string): T | undefined;
}

/** A cell that is empty where the value is absent. @internal */
export interface OptionalCell<T> extends LogCell<T> {
  readonly optional: true;
}

/** Reads a cell whose text is exactly what `write` makes of the value: no other spelling of a number, no blank. @internal */
export function readExactly<T>(cell: LogCell<T>, text: string): T | undefined {
  try {
    const value = cell.read(text);
    return value !== undefined && cell.write(value) === text ? value : undefined;
  } catch {
    return undefined; // JSON that is broken
  }
}

/** @internal */
export function optional<T>(cell: LogCell<T>): OptionalCell<T> {
  return { ...cell, optional: true };
}

/** A number in the shortest text that reads back as the same double, `inf` for infinity. @internal */
export function exactNumber(must: string, holds: (value: number) => boolean): LogCell<number> {
  return {
    must,
    write: (value) => (value === Infinity ? 'inf' : String(value)),
    read: (text) => {
      const value = text === 'inf' ? Infinity : Number(text);
      return holds(value) ? value : undefined;
    },
  };
}

/** @internal */
export const integerCell: LogCell<number> = exactNumber(
  'must be an integer of at least 0',
  (value) => Number.isSafeInteger(value) && value >= 0,
);

/** @internal */
export const probabilityCell: LogCell<number> = exactNumber(
  'must be a number in [0, 1]',
  (value) => value >= 0 && value <= 1,
);

/** One of a few words, of the type that is named: it makes sure that none is forgotten. @internal */
export function wordCell<T extends string = never>(words: Readonly<Record<NoInfer<T>, true>>): LogCell<T> {
  const known = Object.keys(words);
  return {
    must: `must be one of ${known.join(', ')}`,
    write: (value) => value,
    read: (text) => (known.includes(text) ? (text as T) : undefined),
  };
}

/** Any text: as it is where that is unambiguous, otherwise as a JSON string. @internal */
export const textCell: LogCell<string> = {
  must: 'must be a text, or a JSON string if it has control characters, quotes, backslashes or blanks at its ends',
  write: (value) => {
    const quoted = JSON.stringify(value);
    return value !== '' && value.trim() === value && quoted === `"${value}"` ? value : quoted;
  },
  read: (text) => (text.startsWith('"') ? (JSON.parse(text) as string) : text),
};

/** Lists and objects within each other in a cell: records of rules and stops have a handful. What parses and writes JSON may go down one call for each. */
const MOST_LEVELS = 64;

/** Whether lists and objects of a JSON text lie deeper within each other than is allowed. */
function isTooDeep(text: string): boolean {
  let level = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isQuoted) {
      if (character === '\\') i++;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === '[' || character === '{') {
      if (++level > MOST_LEVELS) return true;
    } else if (character === ']' || character === '}') level--;
  }
  return false;
}

/** A JSON value on one line, at most 64 levels deep. @internal */
export function jsonCell<T>(must: string, holds: (value: unknown) => boolean): LogCell<T> {
  return {
    must,
    write: (value) => JSON.stringify(value),
    read: (text) => {
      if (isTooDeep(text)) return undefined;
      const value: unknown = JSON.parse(text);
      return holds(value) ? (value as T) : undefined;
    },
  };
}

/** Whether `value` is an object with exactly these fields, each of which `holds`. @internal */
export function isRecordOf(
  value: unknown,
  fields: Readonly<Record<string, (field: unknown) => boolean>>,
): value is Readonly<Record<string, unknown>> {
  if (!isRecord(value)) return false;
  const names = Object.keys(fields);
  return Object.keys(value).length === names.length && names.every((name) => fields[name]?.(value[name]) === true);
}

/** @internal */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** More classes than any data set has; it keeps a damaged log from asking for memory. */
const MAX_CLASSES = 2 ** 16;

const isIndex = (value: number, end: number): boolean => Number.isInteger(value) && value >= 0 && value < end;

/**
 * Votes per class without the zeros: the number of classes, then `class:count` for each class that has votes, ascending, separated by
 * blanks. `10 3:95 5:5` is 95 votes for class 3 and 5 for class 5 of 10 classes; no text is no class.
 * @internal
 */
export const countsCell: LogCell<readonly number[]> = {
  must: 'must be the number of classes and class:count for each class with votes, ascending',
  write: (counts) => {
    if (counts.length === 0) return '';
    const votes = counts.flatMap((count, label) => (count === 0 ? [] : [`${label}:${count}`]));
    return [counts.length, ...votes].join(' ');
  },
  read: (text) => {
    if (text === '') return [];
    const [classes = '', ...votes] = text.split(' ');
    if (!isIndex(Number(classes), MAX_CLASSES + 1)) return undefined;
    const counts = new Array<number>(Number(classes)).fill(0);
    for (const vote of votes) {
      const [label = '', count = ''] = vote.split(':');
      if (!isIndex(Number(label), counts.length) || !Number.isSafeInteger(Number(count))) return undefined;
      counts[Number(label)] = Number(count);
    }
    return counts.every((count) => count >= 0) ? counts : undefined;
  },
};

/** Votes of one example, as many as a run may keep. */
const MAX_VOTES = 2 ** 30;

/**
 * Votes one by one: `class*times` for each run of equal ones, without `*1`, separated by blanks; `-` is a sample without a vote. `7*120 2 7*3` are 120
 * votes for class 7, one for class 2 and three more for class 7.
 * @internal
 */
export const votesCell: LogCell<readonly number[]> = {
  must: 'must be class*times for each run of votes, - for none',
  write: (votes) => {
    const runs: { readonly vote: number; times: number }[] = [];
    for (const vote of votes) {
      const last = runs.at(-1);
      if (last?.vote === vote) last.times++;
      else runs.push({ vote, times: 1 });
    }
    return runs.map(({ vote, times }) => `${vote === -1 ? '-' : vote}${times === 1 ? '' : `*${times}`}`).join(' ');
  },
  read: (text) => {
    const votes: number[] = [];
    for (const run of text === '' ? [] : text.split(' ')) {
      const [name = '', repeated = '1'] = run.split('*');
      const [vote, times] = [name === '-' ? -1 : Number(name), Number(repeated)];
      const isRun = (vote === -1 || isIndex(vote, MAX_CLASSES)) && isIndex(times, MAX_VOTES + 1 - votes.length);
      if (!isRun) return undefined;
      for (let i = 0; i < times; i++) votes.push(vote);
    }
    return votes;
  },
};

/**
 * Writes a duration as the official logs do (Python's `str(timedelta)`): `H:MM:SS.ffffff`, no fraction when it is 0,
 * days in front.
 * @internal
 */
export function formatElapsed(milliseconds: number): string {
  const microseconds = Math.round(milliseconds * 1000);
  const seconds = Math.floor(microseconds / 1e6);
  const fraction = microseconds % 1e6;
  const days = Math.floor(seconds / 86_400);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const clock = `${Math.floor((seconds % 86_400) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  const prefix = days === 0 ? '' : `${days} day${days === 1 ? '' : 's'}, `;
  return prefix + clock + (fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`);
}

const CLOCK = /^(?:(0|[1-9]\d{0,8}) days?, )?(\d{1,2}):([0-5]\d):([0-5]\d)(?:\.(\d{6}))?$/;
const SECONDS = /^(?:0|[1-9]\d*)(?:\.\d*)?(?:e[+-]?\d{1,3})?$/i;

/**
 * A duration in milliseconds, to the microsecond: `H:MM:SS.ffffff` as Python writes it, with days in front and without a fraction of 0, or
 * plain seconds as in the oldest published logs. It is written in the first form.
 * @internal
 */
export const elapsedCell: LogCell<number> = {
  must: 'must be a time (H:MM:SS.ffffff, days in front if any, or seconds)',
  write: formatElapsed,
  read: (text) => {
    const milliseconds = SECONDS.test(text) ? Math.round(Number(text) * 1e6) / 1e3 : readClock(text);
    return Number.isFinite(milliseconds) ? milliseconds : undefined;
  },
};

function readClock(text: string): number | undefined {
  const parts = CLOCK.exec(text);
  if (!parts) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0, microseconds = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (hours > 23) return undefined;
  const whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  return (whole * 1e6 + microseconds) / 1e3;
}

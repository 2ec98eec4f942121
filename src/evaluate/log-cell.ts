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
    return undefined; // JSON that is broken or nested too deeply
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

/** One of a few words; the type makes sure that none is forgotten. @internal */
export function wordCell<T extends string>(words: Readonly<Record<T, true>>): LogCell<T> {
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

/** A JSON value on one line. @internal */
export function jsonCell<T>(must: string, holds: (value: unknown) => boolean): LogCell<T> {
  return {
    must,
    write: (value) => JSON.stringify(value),
    read: (text) => {
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

import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Shard } from '../data/dataset-selection.ts';
import type { BetaPrior } from '../stats/beta-mixture.ts';
import type { InputRange } from '../types.ts';

/** What the text of an option can stand for, by name. */
interface Kinds {
  readonly number: number;
  readonly numbers: readonly number[];
  /** A number, a list of them, or the path of a file with such a list. */
  readonly scales: number | readonly number[];
  /** From 0. */
  readonly count: number;
  /** From 1. */
  readonly positive: number;
  /** From 1, or a path for anything else. */
  readonly countOrFile: number | string;
  /** From 1, or Infinity for `all`. */
  readonly rows: number;
  readonly range: InputRange;
  /** A part i/m of a run. */
  readonly shard: Shard;
  /** A Beta mixture as `weight:a:b,...`, or the name of a prior. */
  readonly prior: readonly BetaPrior[] | string;
}

/**
 * An option of a command as data, so that one declaration gives its help, its parser and its type.
 *
 * Its name is that of its long flag in camelCase. The default of the library, where it has one, is not written here: the help takes it from the
 * schema ({@link CommandData.library}), and an option that is not given is left to the library.
 * @internal
 */
export interface OptionData {
  /** For example `-s, --sigma <number>`; without a value it is a switch. */
  readonly flags: string;
  /** What it is, for the help. */
  readonly help: string;
  /** What its value is; a text if neither this nor `choices` is there. */
  readonly kind?: keyof Kinds;
  /** The words that it can be. */
  readonly choices?: readonly string[];
  /** The command cannot do without it. */
  readonly required?: true;
  /** The default of the command itself. */
  readonly fallback?: string | number;
}

/** Options of a command by their names. @internal */
export type OptionTable = Readonly<Record<string, OptionData>>;

type Word<D> = D extends { readonly choices: readonly (infer W)[] }
  ? W
  : D extends { readonly kind: infer K extends keyof Kinds }
    ? Kinds[K]
    : string;

type Value<D> = D extends { readonly flags: `${string}<${string}` }
  ? Word<D>
  : D extends { readonly flags: `${string}[${string}` }
    ? Word<D> | true
    : D extends { readonly flags: `--no-${string}` }
      ? boolean
      : true;

type IsSet<D> = D extends
  { readonly required: true } | { readonly fallback: unknown } | { readonly flags: `--no-${string}` }
  ? true
  : false;

/** What a command gets of its options: those that are required or have a default of the command are always there. @internal */
export type OptionsOf<Table> = {
  readonly [Name in keyof Table as IsSet<Table[Name]> extends true ? Name : never]: Value<Table[Name]>;
} & {
  readonly [Name in keyof Table as IsSet<Table[Name]> extends true ? never : Name]?: Value<Table[Name]> | undefined;
};

/** Options under one heading of the help. @internal */
export type OptionGroup = readonly [heading: string, options: OptionTable];

/** Adds options to a command; `library` has defaults of the library, which the help shows. @internal */
export function addOptions(command: Command, groups: readonly OptionGroup[], library: object): void {
  for (const [heading, options] of groups) {
    for (const [name, data] of Object.entries(options)) {
      command.addOption(
        commanderOption(data, (library as Readonly<Record<string, unknown>>)[name]).helpGroup(`${heading}:`),
      );
    }
  }
}

function commanderOption({ flags, help, kind, choices, required, fallback }: OptionData, byLibrary: unknown): Option {
  const shown =
    byLibrary === undefined || fallback !== undefined
      ? ''
      : ` (default: ${String(byLibrary as string | number | readonly number[])})`;
  const option = new Option(flags, `${help}${shown}${required ? ' (required)' : ''}`);
  if (choices) option.choices(choices);
  if (kind) option.argParser<unknown>(PARSERS[kind]);
  if (fallback !== undefined) option.default(fallback, String(fallback));
  return option.makeOptionMandatory(required === true);
}

const PARSERS: { readonly [Kind in keyof Kinds]: (text: string) => Kinds[Kind] } = {
  number: toNumber,
  numbers: (text) => text.split(',').map(toNumber),
  scales: toScales,
  count: (text) => wholeFrom(0, text) ?? wrong('It must be a whole number of at least 0.'),
  positive: (text) => wholeFrom(1, text) ?? wrong('It must be a whole number of at least 1.'),
  countOrFile: (text) => wholeFrom(1, text) ?? text,
  rows: (text) =>
    text === 'all' ? Infinity : (wholeFrom(1, text) ?? wrong('It must be a whole number of at least 1, or all.')),
  range: toRange,
  shard: toShard,
  prior: toPrior,
};

/** A number; its domain is checked by the library. */
function toNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(value) ? value : wrong('It must be a number.');
}

/** One number or several, apart by commas; other text is a file that holds them, apart by commas or white space. */
function toScales(text: string): number | readonly number[] {
  const isNumbers = /^[-+.\d]/.test(text.trim()) && text.split(',').every((part) => Number.isFinite(Number(part)));
  const parts = isNumbers ? text.split(',') : numbersOfFile(text);
  const [first, ...rest] = parts.map(toNumber);
  if (first === undefined) return wrong('It must hold a number for each coordinate.');
  return rest.length === 0 && isNumbers ? first : [first, ...rest];
}

function numbersOfFile(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .trim()
      .split(/[\s,;]+/);
  } catch {
    return wrong('It must be a number, numbers apart by commas, or a file of numbers.');
  }
}

/** A whole number so small that it is exact. */
function wholeFrom(least: 0 | 1, text: string): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) && value >= least ? value : undefined;
}

function toRange(text: string): InputRange {
  const [low, high, ...rest] = text.split(',').map(toNumber);
  if (low !== undefined && high !== undefined && rest.length === 0 && low < high) return [low, high];
  return wrong('It must be two numbers in ascending order, for example 0,1.');
}

/** What it may be is checked by the rule. */
function toPrior(text: string): readonly BetaPrior[] | string {
  if (!text.includes(':')) return text;
  return text.split(',').map((component) => {
    const [weight, a, b, ...rest] = component.split(':').map(toNumber);
    if (weight !== undefined && a !== undefined && b !== undefined && rest.length === 0) return { weight, a, b };
    return wrong('Its components must be weight:a:b, for example 0.7:20:0.1,0.3:0.5:0.5.');
  });
}

function toShard(text: string): Shard {
  const [, index = NaN, count = NaN] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index < count) return { index, count };
  const range = count > 0 ? `: of ${count} shards the first is 0/${count} and the last ${count - 1}/${count}` : '';
  return wrong(`It must be i/m with 0 <= i < m${range || ', for example 0/4'}.`);
}

function wrong(must: string): never {
  throw new InvalidArgumentError(must);
}

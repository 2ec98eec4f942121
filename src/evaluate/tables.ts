import { OptionError, refusal, showValue } from '../errors.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { formatRounded } from './three-digits.ts';

/** One row of {@link markdownTable} and {@link latexTable}: a method and its certified accuracy at each radius. */
export interface MethodAccuracies {
  /** Name of the method. */
  readonly name: string;
  /** Certified accuracy at each radius, as {@link certifiedAccuracy} gives it. */
  readonly accuracies: readonly number[];
}

/** Options of {@link markdownTable} and {@link latexTable}. */
export interface TableOptions {
  /**
   * What the radii count, as `radiusUnit` gives it: they are written as they are, with this word.
   *
   * @defaultValue they are lengths
   */
  readonly unit?: string | undefined;
}

const tableOptions = optionsOf<TableOptions>()({ unit: fields.optional(fields.text) });

/**
 * Writes certified accuracies as a Markdown table, methods by radii, in the form of the official analysis scripts.
 *
 * Two decimals; the largest value of a column is marked with a bold asterisk (the first on ties of the unrounded
 * values).
 *
 * @param methods - At least one method, in the order of the table's rows.
 * @param radii - Radii of the columns; written with three significant digits, or with their unit where they count changes.
 * @throws OptionError if there is no method, one has another number of accuracies than there are radii, a number is not finite, or an option is unknown.
 * @example
 * ```ts
 * const radii = [0, 0.25, 0.5];
 * markdownTable([{ name: 'gaussian', accuracies: certifiedAccuracy(rows, radii) }], radii);
 * ```
 * @see `code/analyze.py` of https://github.com/alinlab/smoothing-catrs (markdown_table_certified_accuracy)
 */
export function markdownTable(
  methods: readonly MethodAccuracies[],
  radii: readonly number[],
  options: TableOptions = {},
): string {
  const { heads, rows } = tableTexts(
    'markdownTable',
    methods,
    { radii, options },
    {
      head: (radius) => `r = ${radius} |`,
      cell: (accuracy, best) => `${accuracy}${best ? '<b>*</b>' : ''} |`,
    },
  );
  return [
    `|  | ${heads.join('')}`,
    `| --- | ${heads.map(() => ' --- |').join('')}`,
    ...rows.map(({ name, cells }) => `<b> ${name} </b>| ${cells.join('')}`),
    '',
  ].join('\n');
}

/**
 * Writes certified accuracies as the rows of a LaTeX `tabular`, methods by radii, in the form of the official analysis scripts.
 *
 * Two decimals; the largest value of a column is bold (the first on ties of the unrounded values). `\midrule` needs the package booktabs.
 * Names are written as they are, so they may hold LaTeX, and `&`, `%`, `_` and the like need their backslash.
 *
 * @param methods - At least one method, in the order of the table's rows.
 * @param radii - Radii of the columns; written with three significant digits, or with their unit where they count changes.
 * @throws OptionError if there is no method, one has another number of accuracies than there are radii, or a number is not finite.
 * @example
 * ```ts
 * const radii = [0, 0.25, 0.5];
 * latexTable([{ name: 'gaussian', accuracies: certifiedAccuracy(rows, radii) }], radii);
 * ```
 * @see `code/analyze.py` of https://github.com/alinlab/smoothing-catrs (latex_table_certified_accuracy)
 */
export function latexTable(
  methods: readonly MethodAccuracies[],
  radii: readonly number[],
  options: TableOptions = {},
): string {
  const { heads, rows } = tableTexts(
    'latexTable',
    methods,
    { radii, options },
    {
      head: (radius) => `& $r = ${radius}$`,
      cell: (accuracy, best) => (best ? ` & \\textbf{${accuracy}}` : ` & ${accuracy}`),
    },
  );
  return [
    `${heads.join('')}\\\\`,
    '\\midrule',
    ...rows.map(({ name, cells }) => `${name}${cells.join('')}\\\\`),
    '',
  ].join('\n');
}

/** How a kind of table writes its parts. */
interface TableStyle {
  /** Head of the column of a radius. */
  readonly head: (radius: string) => string;
  /** One cell; `best` for the largest value of its column. */
  readonly cell: (accuracy: string, best: boolean) => string;
}

/** The texts of a table. */
interface TableTexts {
  readonly heads: readonly string[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly string[] }[];
}

/** Checks and writes the parts of a table: two decimals, the first largest value of each column marked. */
function tableTexts(
  call: string,
  methods: readonly MethodAccuracies[],
  { radii, options }: { readonly radii: readonly number[]; readonly options: TableOptions },
  { head, cell }: TableStyle,
): TableTexts {
  const { unit } = tableOptions.parse(call, options);
  checkMethods(call, methods, radii);
  const best = radii.map((_, column) => firstBest(methods, column));
  return {
    heads: radii.map((radius) => head(unit === undefined ? formatRounded(radius) : `${radius} ${unit}`)),
    rows: methods.map((method) => {
      const cells = method.accuracies.map((value, column) => cell(twoDecimals(value), best[column] === method));
      return { name: method.name, cells };
    }),
  };
}

function firstBest(methods: readonly MethodAccuracies[], column: number): MethodAccuracies | undefined {
  const values = methods.map(({ accuracies }) => accuracies[column] ?? 0);
  return methods[values.indexOf(Math.max(...values))];
}

/** Two decimals as Python writes them: an exact tie (an odd multiple of 1/8, 0.125 for one) goes to the even digit. */
function twoDecimals(value: number): string {
  const isTie = Number.isInteger(value * 8) && !Number.isInteger(value * 4);
  return (isTie ? Math.round(value * 50) / 50 : value).toFixed(2);
}

function checkMethods(call: string, methods: readonly MethodAccuracies[], radii: readonly number[]): void {
  const wrong = (field: string, value: unknown, must: string, got?: string): OptionError =>
    refusal(OptionError, { call, field, value, got }, must);
  if (!Array.isArray(methods as unknown) || methods.length === 0) {
    throw wrong('methods', methods, 'must be an array of at least one method');
  }
  const radius = radii.find((r) => !(r >= 0));
  if (radius !== undefined) throw wrong('radii', radius, 'must be numbers of at least 0');
  for (const { name, accuracies } of methods) {
    const of = `for ${showValue(name)}`;
    if (accuracies.length !== radii.length) {
      const must = `must have one accuracy for each of the ${radii.length} radii`;
      throw wrong('methods', accuracies, must, `${accuracies.length} ${of}`);
    }
    const value = accuracies.find((accuracy) => !Number.isFinite(accuracy));
    if (value !== undefined) throw wrong('methods', value, 'must have finite accuracies', `${showValue(value)} ${of}`);
  }
}

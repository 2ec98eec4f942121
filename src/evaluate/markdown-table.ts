import { OptionError, showValue } from '../errors.ts';

/** One row of {@link markdownTable}: a method and its certified accuracy at each radius. */
export interface MethodAccuracies {
  /** Name of the method. */
  readonly name: string;
  /** Certified accuracy at each radius, as {@link certifiedAccuracy} gives it. */
  readonly accuracies: readonly number[];
}

/**
 * Writes certified accuracies as a Markdown table, methods by radii, in the form of the official analysis scripts.
 *
 * Two decimals; the largest value of a column is marked with a bold asterisk (the first on ties of the unrounded
 * values).
 *
 * @param methods - At least one method, in the order of the table's rows.
 * @param radii - Radii of the columns.
 * @throws OptionError if there is no method or one has another number of accuracies than there are radii.
 * @example
 * ```ts
 * const radii = [0, 0.25, 0.5];
 * markdownTable([{ name: 'gaussian', accuracies: certifiedAccuracy(rows, radii) }], radii);
 * ```
 * @see `code/analyze.py` of https://github.com/alinlab/smoothing-catrs (markdown_table)
 */
export function markdownTable(methods: readonly MethodAccuracies[], radii: readonly number[]): string {
  checkMethods(methods, radii.length);
  const best = radii.map((_, column) => firstBest(methods, column));
  const header = `|  | ${radii.map((r) => `r = ${Number.isInteger(r) ? r.toFixed(1) : r} |`).join('')}`;
  const rule = `| --- | ${radii.map(() => ' --- |').join('')}`;
  const rows = methods.map((method) => {
    const cells = method.accuracies.map((value, column) => {
      return `${twoDecimals(value)}${best[column] === method ? '<b>*</b>' : ''} |`;
    });
    return `<b> ${method.name} </b>| ${cells.join('')}`;
  });
  return [header, rule, ...rows, ''].join('\n');
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

function checkMethods(methods: readonly MethodAccuracies[], count: number): void {
  const call = 'markdownTable';
  if (!Array.isArray(methods as unknown) || methods.length === 0) {
    throw new OptionError(`\`methods\` must be an array of at least one method, got ${showValue(methods)}`, {
      call,
      field: 'methods',
      value: methods,
    });
  }
  const wrong = methods.find(({ accuracies }) => accuracies.length !== count);
  if (wrong === undefined) return;
  const got = `${wrong.accuracies.length} for ${showValue(wrong.name)}`;
  throw new OptionError(`\`methods\` must have one accuracy for each of the ${count} radii, got ${got}`, {
    call,
    field: 'methods',
    value: wrong.accuracies,
  });
}

import { tableTexts } from './accuracy-table.ts';
import type { MethodAccuracies } from './accuracy-table.ts';

/**
 * Writes certified accuracies as a Markdown table, methods by radii, in the form of the official analysis scripts.
 *
 * Two decimals; the largest value of a column is marked with a bold asterisk (the first on ties of the unrounded
 * values).
 *
 * @param methods - At least one method, in the order of the table's rows.
 * @param radii - Radii of the columns; written with three significant digits.
 * @throws OptionError if there is no method, one has another number of accuracies than there are radii, or a number is not finite.
 * @example
 * ```ts
 * const radii = [0, 0.25, 0.5];
 * markdownTable([{ name: 'gaussian', accuracies: certifiedAccuracy(rows, radii) }], radii);
 * ```
 * @see `code/analyze.py` of https://github.com/alinlab/smoothing-catrs (markdown_table_certified_accuracy)
 */
export function markdownTable(methods: readonly MethodAccuracies[], radii: readonly number[]): string {
  const { heads, rows } = tableTexts('markdownTable', methods, radii, {
    head: (radius) => `r = ${radius} |`,
    cell: (accuracy, best) => `${accuracy}${best ? '<b>*</b>' : ''} |`,
  });
  return [
    `|  | ${heads.join('')}`,
    `| --- | ${heads.map(() => ' --- |').join('')}`,
    ...rows.map(({ name, cells }) => `<b> ${name} </b>| ${cells.join('')}`),
    '',
  ].join('\n');
}

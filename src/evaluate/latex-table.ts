import { tableTexts } from './accuracy-table.ts';
import type { MethodAccuracies } from './accuracy-table.ts';

/**
 * Writes certified accuracies as the rows of a LaTeX `tabular`, methods by radii, in the form of the official analysis scripts.
 *
 * Two decimals; the largest value of a column is bold (the first on ties of the unrounded values). `\midrule` needs the package booktabs.
 * Names are written as they are, so they may hold LaTeX, and `&`, `%`, `_` and the like need their backslash.
 *
 * @param methods - At least one method, in the order of the table's rows.
 * @param radii - Radii of the columns; written with three significant digits.
 * @throws OptionError if there is no method, one has another number of accuracies than there are radii, or a number is not finite.
 * @example
 * ```ts
 * const radii = [0, 0.25, 0.5];
 * latexTable([{ name: 'gaussian', accuracies: certifiedAccuracy(rows, radii) }], radii);
 * ```
 * @see `code/analyze.py` of https://github.com/alinlab/smoothing-catrs (latex_table_certified_accuracy)
 */
export function latexTable(methods: readonly MethodAccuracies[], radii: readonly number[]): string {
  const { heads, rows } = tableTexts('latexTable', methods, radii, {
    head: (radius) => `& $r = ${radius}$`,
    cell: (accuracy, best) => (best ? ` & \\textbf{${accuracy}}` : ` & ${accuracy}`),
  });
  return [
    `${heads.join('')}\\\\`,
    '\\midrule',
    ...rows.map(({ name, cells }) => `${name}${cells.join('')}\\\\`),
    '',
  ].join('\n');
}

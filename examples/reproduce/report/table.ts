/**
 * Markdown tables and the texts of their cells.
 */

/** The cell of a figure that does not exist. */
export const NOTHING = '-';

/** A table with columns of equal width, as prettier leaves it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Three decimals. */
export function fixed(value: number): string {
  return value.toFixed(3);
}

/** Three decimals with a sign. */
export function signed(value: number): string {
  const text = Math.abs(value).toFixed(3);
  return text === '0.000' ? text : `${value < 0 ? '-' : '+'}${text}`;
}

/** An interval in brackets. */
export function interval({ low, high }: { readonly low: number; readonly high: number }): string {
  return `[${signed(low)}, ${signed(high)}]`;
}

/** A difference with its interval. */
export function withInterval(found: { readonly mean: number; readonly low: number; readonly high: number }): string {
  return `${signed(found.mean)} ${interval(found)}`;
}

/** A number of images or noisy copies, from 10 000 on in groups of three digits. */
export function count(value: number): string {
  return value < 10_000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

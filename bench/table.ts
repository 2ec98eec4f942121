import { type Reached, type TargetKey } from './targets.ts';

/** The table of targets in Markdown. */
export function targetTable(reached: Partial<Record<TargetKey, Reached>>): string {
  const rows = Object.entries(reached).map(([key, row]) => [
    key,
    row.what,
    `${row.direction === 'at least' ? '≥' : '≤'} ${row.target}${unitOf(row)}`,
    row.value === null ? `– (${row.reason})` : `**${row.value}**${unitOf(row)}`,
    row.limit === null ? '–' : `${row.limit}${unitOf(row)}: ${row.limitBecause}`,
    row.met === null ? '–' : row.met ? 'yes' : 'no',
  ]);
  return markdown(['#', 'figure', 'target', 'reached', 'the machine allows', 'met'], rows);
}

/** The other figures in Markdown, a table for each: every number of a figure with the names on the way to it. */
export function figureTables(figures: Readonly<Record<string, unknown>>): string {
  return Object.entries(figures)
    .map(([name, figure]) => `### ${name}\n\n${markdown(['', 'value'], leaves(figure))}`)
    .join('\n\n');
}

function unitOf({ unit }: Reached): string {
  return unit === 'times' ? '' : ` ${unit}`;
}

/** The seconds of the rounds are for machines. */
function leaves(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[path.join(', '), String(value)]];
  if (Array.isArray(value) && value.every((each) => typeof each === 'number'))
    return [[path.join(', '), value.join(' ')]];
  return Object.entries(value).flatMap(([name, each]) => (name === 'seconds' ? [] : leaves(each, [...path, name])));
}

/** A table in Markdown. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => '---'), ...rows];
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
    .join('\n');
}

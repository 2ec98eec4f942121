import type { OutputCurve, OutputFigures } from '../../evaluate/task-evaluation.ts';
import { spread } from '../redraw-rows.ts';

/** The figures of a log of outputs for people. @internal */
export function figuresText(name: string, { task, examples, figures, curves }: OutputFigures): string {
  const named = Object.entries(figures);
  const width = Math.max(0, ...named.map(([what]) => what.length));
  return [
    `${name}: ${task}, ${examples} inputs`,
    ...named.map(([what, value]) => `  ${what.padEnd(width)}  ${value === null ? 'none' : numberText(value)}`),
    ...curves.flatMap(curveText),
    '',
  ].join('\n');
}

/** A curve of one point says nothing that the figures do not. */
function curveText({ label, x, y, points }: OutputCurve): string[] {
  if (points.length < 2) return [];
  const some = points.length <= MOST_COLUMNS ? points : spread(points, MOST_COLUMNS);
  const rows = [some.map(([at]) => numberText(at)), some.map(([, value]) => numberText(value))];
  const width = Math.max(5, ...rows.flat().map(({ length }) => length));
  const what = label === y ? y : `${y} (${label})`;
  const names = [x, what].map((text, _, all) => text.padEnd(Math.max(...all.map(({ length }) => length))));
  return rows.map((cells, i) => `  ${names[i]}${cells.map((cell) => cell.padStart(width + 1)).join('')}`);
}

const MOST_COLUMNS = 12;

/** Four digits that count. */
const numberText = (value: number): string => String(Number(value.toPrecision(4)));

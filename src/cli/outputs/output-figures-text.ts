import type { OutputCurve, OutputFigures } from '../../evaluate/task-evaluation.ts';
import { spread } from '../redraw-rows.ts';

/** The figures of a log of outputs for people. @internal */
export function figuresText(name: string, { task, examples, figures, curves }: OutputFigures): string {
  const named = Object.entries(figures);
  const width = Math.max(0, ...named.map(([what]) => what.length));
  return [
    `${name}: ${task}, ${examples} inputs`,
    ...named.map(([what, value]) => `  ${what.padEnd(width)}  ${value === null ? 'none' : numberText(value)}`),
    ...groups(curves).flatMap(curvesText),
    '',
  ].join('\n');
}

/** Curves over the same points, which share a line of them. A curve of one point says nothing that the figures do not. */
function groups(curves: readonly OutputCurve[]): readonly OutputCurve[][] {
  const found = new Map<string, OutputCurve[]>();
  for (const curve of curves) {
    if (curve.points.length < 2) continue;
    const over = JSON.stringify([curve.x, curve.points.map(([at]) => at)]);
    found.set(over, [...(found.get(over) ?? []), curve]);
  }
  return [...found.values()];
}

function curvesText(curves: readonly OutputCurve[]): string[] {
  const some = curves.map(({ points }) => (points.length <= MOST_COLUMNS ? points : spread(points, MOST_COLUMNS)));
  const lines = [
    { name: curves[0]?.x ?? '', cells: (some[0] ?? []).map(([at]) => numberText(at)) },
    ...curves.map(({ label, y }, i) => ({
      name: label === y ? y : `${y} (${label})`,
      cells: (some[i] ?? []).map(([, value]) => numberText(value)),
    })),
  ];
  const width = Math.max(5, ...lines.flatMap(({ cells }) => cells.map(({ length }) => length)));
  const named = Math.max(...lines.map(({ name }) => name.length));
  return lines.map(
    ({ name, cells }) => `  ${name.padEnd(named)}${cells.map((cell) => cell.padStart(width + 1)).join('')}`,
  );
}

const MOST_COLUMNS = 12;

/** Four digits that count. */
const numberText = (value: number): string => String(Number(value.toPrecision(4)));

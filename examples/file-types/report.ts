import { certifiedAccuracy, certifiedAccuracyCurve } from 'catrs';
import { certifiedAccuracySpec, renderSvg } from 'catrs/plots';
import { TYPES } from './data.ts';
import type { Outcome } from './experiment.ts';

const EDITS = [0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22];

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Shares of the fragments whose type is right and certified for at least so many edits, and how well each type does. */
export function table(outcomes: readonly Outcome[]): string {
  const heads = outcomes.map(({ deletion }) => `p = ${deletion}`);
  const byEdits = EDITS.map((edits) => [
    `at least ${edits} edit${edits === 1 ? '' : 's'}`,
    ...outcomes.map(({ rows }) => percent(certifiedAccuracy(rows, [edits])[0]!)),
  ]);
  const byType = TYPES.map(({ name }, type) => [
    `${name}: right, median edits`,
    ...outcomes.map(({ rows }) => {
      const own = rows.filter(({ label }) => label === type);
      const radii = own.map(({ correct, radius }) => (correct ? radius : -1)).sort((a, b) => a - b);
      return `${percent(own.filter(({ correct }) => correct).length / own.length)}, ${radii[Math.floor(radii.length / 2)]}`;
    }),
  ]);
  const abstained = [
    'abstained',
    ...outcomes.map(({ rows }) => `${rows.filter((row) => row.predicted < 0).length} of ${rows.length}`),
  ];
  return [['', ...heads], heads.map(() => '---').concat('---'), ...byEdits, abstained, ...byType]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** The stairs of both noises. */
export function picture(outcomes: readonly Outcome[]): Promise<string> {
  const curves = outcomes.map(({ deletion, rows }) => ({
    name: `deletion ${deletion}`,
    points: certifiedAccuracyCurve(rows),
  }));
  return renderSvg(
    certifiedAccuracySpec(curves, { title: 'Types of file fragments, certified against edits', unit: 'edits' }),
  );
}

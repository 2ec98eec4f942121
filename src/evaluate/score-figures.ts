import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { ScoreCertificate } from '../smoothed/confidence/types.ts';
import type { OutputRow } from './output-rows.ts';
import type { OutputCurve, TaskEvaluation } from './task-evaluation.ts';

type ScoreRow = OutputRow<ScoreCertificate, number>;

/**
 * What certificates of scores say as a whole, at each of their radii: the mean of the certified lower bounds, how many labels are certain to stay that of the soft smoothed
 * classifier (softmax scores above 1/2, margins above 0), and how many of these are right.
 * @internal
 */
export const scoreEvaluation: TaskEvaluation<ScoreCertificate, number> = {
  checkTarget: (call, target) => {
    if (fields.isInteger(target, 0, Number.MAX_SAFE_INTEGER)) return;
    throw refusal(
      OptionError,
      { call, field: 'target', value: target },
      'must be a class, a whole number of at least 0',
    );
  },
  figures: (rows) => {
    const certificates = rows.map(({ certificate }) => certificate);
    const known = rows.filter(({ target }) => target !== null);
    const [first] = certificates as [ScoreCertificate, ...ScoreCertificate[]];
    const { radii } = first;
    const { name } = first.score;
    const last = radii.length - 1;
    const lower = radii.map((_, r) => meanOf(certificates.map((c) => c.lower?.[r])));
    const upper = radii.map((_, r) => meanOf(certificates.map((c) => c.upper?.[r])));
    const kept = radii.map((_, r) => meanOf(certificates.map((c) => (c.lower ? Number(isKept(c, r)) : undefined))));
    const right = radii.map((_, r) =>
      meanOf(
        known.map((row) => (row.certificate.lower ? Number(isKept(row.certificate, r) && isRight(row)) : undefined)),
      ),
    );
    const curve = (label: string, y: string, values: readonly (number | null)[]): OutputCurve[] =>
      values[0] === null ? [] : [{ label, x: `radius (${first.norm})`, y, points: pointsOf(radii, values) }];
    return {
      figures: {
        'accuracy of the label': meanOf(known.map((row) => Number(isRight(row)))),
        'mean lower bound at the first radius': lower[0] ?? null,
        'mean lower bound at the last radius': lower[last] ?? null,
        'mean upper bound at the first radius': upper[0] ?? null,
        'share of labels kept at the first radius': kept[0] ?? null,
        'share of labels kept at the last radius': kept[last] ?? null,
        'share kept and right at the last radius': right[last] ?? null,
      },
      curves: [
        ...curve('mean certified lower bound', `${name} score`, lower),
        ...curve('mean certified upper bound', `${name} score`, upper),
        ...curve('labels kept', 'share of examples', kept),
        ...curve('labels kept and right', 'share of examples', right),
      ],
    };
  },
};

const isRight = ({ certificate, target }: ScoreRow): boolean => certificate.label === target;

/** Whether the label is certain to be that of the soft smoothed classifier within radius r. */
function isKept({ lower, score }: ScoreCertificate, r: number): boolean {
  return (lower?.[r] ?? -Infinity) > (score.name === 'softmax' ? 0.5 : 0);
}

function meanOf(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Radii may be given in any order. */
function pointsOf(radii: readonly number[], values: readonly (number | null)[]): OutputCurve['points'] {
  const points = radii.map((radius, r) => [radius, values[r] ?? NaN] as const);
  return points.sort(([a], [b]) => a - b);
}

import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { ConformalCertificate } from '../smoothed/conformal/set-certificate.ts';
import type { OutputRow } from './output-rows.ts';
import { intervalCoverage, setCoverage } from './set-coverage.ts';
import type { OutputCurve, TaskEvaluation } from './task-evaluation.ts';

type Target = number | readonly number[];
type Row = OutputRow<ConformalCertificate, Target>;
type Figures = Readonly<Record<string, number | null>>;

/** What logs of conformal sets say: coverage and sizes, also against the radius where there are several. @internal */
export const conformalFigures: TaskEvaluation<ConformalCertificate, Target> = {
  checkTarget: (call, target) => {
    const isNumbers = Array.isArray(target) && target.length > 0 && target.every(fields.isFiniteNumber);
    if (isNumbers || fields.isFiniteNumber(target)) return;
    const must = 'must be a class number, or of intervals a number or a list of them';
    throw refusal(OptionError, { call, field: 'target', value: target }, must);
  },
  figures: (rows) => {
    const byRadius = new Map<number, Row[]>();
    for (const row of rows) {
      const { radius } = row.certificate;
      byRadius.set(radius, [...(byRadius.get(radius) ?? []), row]);
    }
    const radii = [...byRadius].sort(([a], [b]) => a - b);
    const of = (name: string): OutputCurve['points'] =>
      radii.flatMap(([radius, some]) => {
        const value = figuresOf(some)[name] ?? null;
        return value === null ? [] : [[radius, value] as const];
      });
    const isSets = rows.every(({ certificate }) => 'labels' in certificate);
    const axis = isSets ? 'mean number of labels' : 'mean width';
    const x = 'radius in input units';
    return {
      figures: figuresOf(rows),
      curves: [
        { label: axis, x, y: axis, points: of(axis) },
        { label: 'coverage', x, y: 'share of sets with the true label', points: of('coverage') },
      ],
    };
  },
};

function figuresOf(rows: readonly Row[]): Figures {
  const [{ certificate } = { certificate: undefined }] = rows;
  const common = {
    alpha: certificate?.alpha ?? null,
    'inputs whose truth is known': rows.filter(({ target }) => target !== null).length,
    'share with a secret key': rows.filter((row) => row.certificate.secret).length / rows.length,
  };
  return rows.every((row) => 'labels' in row.certificate)
    ? { ...setFigures(rows), ...common }
    : { ...intervalFigures(rows), ...common };
}

function setFigures(rows: readonly Row[]): Figures {
  const sets = rows.flatMap(({ certificate, target }) =>
    'labels' in certificate
      ? [{ ...certificate, label: typeof target === 'number' ? target : -1, isKnown: target !== null }]
      : [],
  );
  const [first] = sets;
  const numClasses = first?.scores?.length ?? first?.counts?.length;
  const { meanSize, empty, full } = setCoverage(sets, numClasses);
  const known = sets.filter(({ isKnown }) => isKnown);
  return {
    coverage: known.length === 0 ? null : setCoverage(known).coverage,
    'mean number of labels': meanSize,
    'share of empty sets': empty,
    'share of sets with all labels': full,
  };
}

function intervalFigures(rows: readonly Row[]): Figures {
  const all = rows.flatMap(({ certificate, target }) =>
    'intervals' in certificate
      ? [{ intervals: certificate.intervals, target: target ?? NaN, isKnown: target !== null }]
      : [],
  );
  const { meanWidth, unbounded } = intervalCoverage(all);
  const known = all.filter(({ isKnown }) => isKnown);
  return {
    coverage: known.length === 0 ? null : intervalCoverage(known).coverage,
    'mean width': meanWidth,
    'share with an interval without an end': unbounded,
  };
}

import { OptionError, refusal } from '../errors.ts';
import type { CenterCertificate } from '../smoothed/center/center-certificate.ts';
import { distanceOf } from '../smoothed/center/distances.ts';
import type { OutputRow } from './output-rows.ts';
import type { OutputCurve, TaskEvaluation } from './task-evaluation.ts';

/** What may be true of an example: its output, nested or flat; or a class, with which no center is compared. */
type CenterTarget = number | readonly CenterTarget[];
type Row = OutputRow<CenterCertificate, CenterTarget>;

function checkTarget(call: string, target: CenterTarget): void {
  if (isOutput(target)) return;
  const must = 'must be the numbers of an output, or a class';
  throw refusal(OptionError, { call, field: 'target', value: target }, must);
}

const isOutput = (value: unknown): boolean =>
  Number.isFinite(value) || (Array.isArray(value) && value.length > 0 && value.every(isOutput));

const numbersOf = (target: CenterTarget): number[] =>
  typeof target === 'number' ? [target] : target.flatMap(numbersOf);

/** Distances of the centers to what is true; none where that is not known, or the distance is not a shipped one. */
function errorsOf(rows: readonly Row[]): { readonly row: Row; readonly error: number }[] {
  return rows.flatMap((row) => {
    const { target, certificate, index } = row;
    const { center, metric } = certificate;
    const distance = distanceOf(metric);
    if (target === null || typeof target === 'number' || center === null || distance === undefined) return [];
    const truth = Float32Array.from(numbersOf(target));
    if (truth.length !== center.length) {
      const got = `${truth.length} numbers at example ${index}`;
      const must = `must have targets with the ${center.length} numbers of an output`;
      throw refusal(OptionError, { call: 'outputFigures', field: 'rows', value: target, got }, must);
    }
    return [{ row, error: distance.between(Float32Array.from(center), truth) }];
  });
}

/** Certified distances within each of the radii of the run: of an example without one there is none. */
function curvesOf(rows: readonly Row[]): OutputCurve[] {
  const [first] = rows;
  if (first === undefined) return [];
  const { metric, norm } = first.certificate;
  const byRadius = first.certificate.bounds.map(({ radius }, k) => {
    const distances = rows.map(({ certificate }) => certificate.bounds[k]?.distance ?? null);
    return { radius, distances };
  });
  byRadius.sort((a, b) => a.radius - b.radius);
  const x = `radius (${norm})`;
  const points = (figure: (distances: readonly (number | null)[]) => number | null): OutputCurve['points'] =>
    byRadius.flatMap(({ radius, distances }) => {
      const value = figure(distances);
      return value === null ? [] : [[radius, value] as const];
    });
  const share = (distances: readonly (number | null)[]): number =>
    distances.filter((distance) => distance !== null).length / distances.length;
  const y = `certified distance (${metric})`;
  return [
    { label: 'median certified distance', x, y, points: points(medianOfAll) },
    { label: 'examples with a certified distance', x, y: 'share', points: points(share) },
  ];
}

const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);

/** The median; of an even number the larger middle one, which is no optimist. */
function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}

/** The median of all examples, where those without a distance are the farthest; null where that is one of them. */
function medianOfAll(values: readonly (number | null)[]): number | null {
  const all = median(values.map((value) => value ?? Infinity));
  return all === Infinity ? null : all;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** What can be said of certificates of centers. @internal */
export const centerEvaluation: TaskEvaluation<CenterCertificate, CenterTarget> = {
  checkTarget,
  figures: (rows) => {
    const certificates = rows.map(({ certificate }) => certificate);
    const errors = errorsOf(rows);
    const worst = errors.map(({ row, error }) => {
      const { distance } = row.certificate;
      return distance === null ? null : error + distance;
    });
    return {
      figures: {
        abstained: mean(certificates.map(({ abstained }) => (abstained ? 1 : 0))),
        'median certified distance at the first radius': medianOfAll(certificates.map(({ distance }) => distance)),
        'mean of those that are certified at the first radius': mean(
          known(certificates.map(({ distance }) => distance)),
        ),
        'median radius of the ball': median(
          known(certificates.map(({ prediction }) => prediction?.ballRadius ?? null)),
        ),
        'median distance to the truth': median(errors.map(({ error }) => error)),
        'median distance to the truth under attack, at most': errors.length === 0 ? null : medianOfAll(worst),
      },
      curves: curvesOf(rows),
    };
  },
};

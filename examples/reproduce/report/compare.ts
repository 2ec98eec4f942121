/**
 * The figures of the comparison, each from the same images.
 */
import { averageCertifiedRadius, certifiedAccuracy, pairedRadiusDifference, probabilityDistribution } from 'catrs';
import type { CertifiedOutcome, LoggedRow, PairedRadiusDifference } from 'catrs';
import { bootstrapMean } from './bootstrap.ts';
import type { BootstrapInterval } from './bootstrap.ts';
import type { CertifiedLog } from './certified-log.ts';
import { cappedRows, largestRadius, rowsAtOurN } from './official-at-n.ts';
import type { MethodResults } from './read-results.ts';

/** Radii of the table of certified accuracies. */
export const RADII: readonly number[] = [0, 0.25, 0.5, 0.75];

/** Class probabilities of the table of their distribution. */
export const PROBABILITIES: readonly number[] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

/** Figures of some rows. */
export interface Figures {
  readonly averageCertifiedRadius: number;
  /** At each of {@link RADII}. */
  readonly accuracy: readonly number[];
  /** Share of images that are correct with at least each of {@link PROBABILITIES}. */
  readonly distribution: readonly number[];
  readonly abstained: number;
}

/** A method on its own images. */
export interface Comparison {
  readonly images: number;
  readonly n: number;
  /** The largest radius that our n allows. */
  readonly cap: number;
  readonly ours: Figures;
  /** The official rows of the same images, with no radius above the cap. */
  readonly capped: Figures;
  /** The same rows as they would be with our n. */
  readonly atOurN: Figures;
  /** Average certified radius, ours minus official, capped. */
  readonly difference: BootstrapInterval;
  /** Average certified radius, ours minus official at our n. */
  readonly differenceAtOurN: BootstrapInterval;
}

/** Compares one of our logs with the official rows of its images. */
export function compareWithOfficial({ rows, setup }: CertifiedLog, official: readonly LoggedRow[]): Comparison {
  const same = rowsOf(official, indicesOf(rows));
  const capped = cappedRows(same, setup);
  const atOurN = rowsAtOurN(same, setup);
  return {
    images: rows.length,
    n: setup.n,
    cap: largestRadius(setup),
    ours: figuresOf(rows, setup.sigma),
    capped: figuresOf(capped, setup.sigma),
    atOurN: figuresOf(atOurN, setup.sigma),
    difference: pairedBootstrap(rows, capped),
    differenceAtOurN: pairedBootstrap(rows, atOurN),
  };
}

/** The figures of some rows. */
export function figuresOf(rows: readonly LoggedRow[], sigma: number): Figures {
  return {
    averageCertifiedRadius: averageCertifiedRadius(rows),
    accuracy: certifiedAccuracy(rows, RADII),
    // From radius and sigma, for ours and the official rows alike: an abstention has no probability, whatever its bound is.
    distribution: probabilityDistribution(withoutCertificates(rows), { grid: PROBABILITIES, sigma }).map(
      ({ share }) => share,
    ),
    abstained: rows.filter(({ abstained }) => abstained).length,
  };
}

/** The lead of one method over another on the images that both have. */
export interface Lead {
  readonly images: number;
  readonly n: number;
  readonly cap: number;
  readonly ours: BootstrapInterval;
  /** The same difference with the interval of Student's t, as the library gives it. */
  readonly studentT: PairedRadiusDifference;
  /** Official, with no radius above the cap. */
  readonly capped: BootstrapInterval;
  /** Official, as it would be with our n. */
  readonly atOurN: BootstrapInterval;
}

/** A method with one of its logs. */
export type Side = Pick<MethodResults, 'official'> & { readonly log: CertifiedLog };

/** The lead of `a` over `b`; undefined where they share fewer than two images. Both logs must have one n. */
export function leadOf(a: Side, b: Side): Lead | undefined {
  const { setup } = a.log;
  if (b.log.setup.n !== setup.n) {
    throw new Error(`both logs must have the same n, got ${setup.n} and ${b.log.setup.n}`);
  }
  const ofB = new Set(indicesOf(b.log.rows));
  const shared = indicesOf(a.log.rows).filter((index) => ofB.has(index));
  if (shared.length < 2) return undefined;
  const [ours, theirs] = [rowsOf(a.log.rows, shared), rowsOf(b.log.rows, shared)];
  const [officialA, officialB] = [rowsOf(a.official, shared), rowsOf(b.official, shared)];
  return {
    images: shared.length,
    n: setup.n,
    cap: largestRadius(setup),
    ours: pairedBootstrap(ours, theirs),
    studentT: pairedRadiusDifference(ours, theirs),
    capped: pairedBootstrap(cappedRows(officialA, setup), cappedRows(officialB, setup)),
    atOurN: pairedBootstrap(rowsAtOurN(officialA, setup), rowsAtOurN(officialB, setup)),
  };
}

/** The difference in average certified radius of two methods; the rows are of the same images in the same order. */
function pairedBootstrap(a: readonly CertifiedOutcome[], b: readonly CertifiedOutcome[]): BootstrapInterval {
  const credited = (row: CertifiedOutcome | undefined): number => (row?.correct ? row.radius : 0);
  return bootstrapMean(a.map((row, i) => credited(row) - credited(b[i])));
}

function indicesOf(rows: readonly LoggedRow[]): number[] {
  return rows.map(({ index }) => index);
}

function rowsOf(rows: readonly LoggedRow[], indices: readonly number[]): LoggedRow[] {
  const byIndex = new Map(rows.map((row) => [row.index, row]));
  return indices.map((index) => {
    const row = byIndex.get(index);
    if (row === undefined) throw new Error(`the official log must have image ${index}`);
    return row;
  });
}

function withoutCertificates(rows: readonly LoggedRow[]): Pick<LoggedRow, 'correct' | 'radius'>[] {
  return rows.map(({ correct, radius }) => ({ correct, radius }));
}

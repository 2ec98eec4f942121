import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { OptionError } from '../errors.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { noiseOf } from '../noise/noise-of.ts';
import type { DeterministicNoise, Noise, NoiseRecord } from '../noise/types.ts';
import { reproduceCertificate } from '../smoothed/reproduce-certificate.ts';
import type { DerandomizedClassifier } from '../smoothed/derandomized-classifier.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { RedrawSettings } from './commands/verify.ts';
import { CliError, type CliIo, showProgress } from './io.ts';
import { type RowFaults, withFaults } from './log-run.ts';

/** The data and the classifier that a log is held against. @internal */
export interface RedrawTarget {
  readonly g: SmoothedClassifier | DerandomizedClassifier;
  readonly dataset: LabelledDataset;
}

/** Rows with another label than the data, and those of no image of it. @internal */
export function otherLabels(rows: readonly CertifiedRow[], labels: ArrayLike<number>): RowFaults[] {
  return rows.flatMap((row) => {
    const label = labels[row.index];
    if (label === undefined) return withFaults(row, [`is no image of the data, which has ${labels.length}`]);
    return label === row.label ? [] : withFaults(row, [`label is ${row.label}, but ${label} in the data`]);
  });
}

/** Draws the samples of some rows again and compares. @internal */
export async function redrawRows(
  all: readonly CertifiedRow[],
  { g, dataset }: RedrawTarget,
  { rows: count, votes }: RedrawSettings,
  io: CliIo,
): Promise<{ readonly count: number; readonly wrong: readonly RowFaults[] }> {
  const rows = spread(all, count).filter(({ index }) => index < dataset.size);
  const display = showProgress(io);
  try {
    const wrong: RowFaults[] = [];
    for (const [done, row] of rows.entries()) {
      display.update(`${done}/${rows.length} drawn again, ${wrong.length} wrong`);
      wrong.push(...withFaults(row, await faultsOf(row, { g, dataset, votes, signal: io.signal })));
    }
    display.update(`${rows.length}/${rows.length} drawn again, ${wrong.length} wrong`);
    return { count: rows.length, wrong };
  } finally {
    display.end();
  }
}

/** So many rows at equal distances, the first and the last among them. @internal */
export function spread<T>(all: readonly T[], count: number): T[] {
  if (count >= all.length) return [...all];
  const step = count === 1 ? 0 : (all.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => all[Math.round(i * step)] as T);
}

interface RedrawContext extends RedrawTarget {
  readonly votes: number;
  readonly signal: AbortSignal;
}

async function faultsOf(row: CertifiedRow, { g, dataset, votes, signal }: RedrawContext): Promise<string[]> {
  const { index, certificate } = row;
  const example = await dataset.example(index);
  const x = tensorOver(example.x, dataset.shape, 'float32');
  try {
    const { same, votesThatDiffer, certificate: again } = await reproduceCertificate(g, x, certificate, { signal });
    // The claim has been held against its own votes, its steps, the dimension and the classes: no more than these votes can stand behind it.
    if (same || (votesThatDiffer > 0 && votesThatDiffer <= votes)) return [];
    if (votesThatDiffer === 0)
      return [`the same votes give radius ${again.radius} and another certificate than this one`];
    return [
      `${votesThatDiffer} votes differ when drawn again: class ${certificate.label}, radius ${certificate.radius}, but now class ${again.label}, radius ${again.radius}`,
    ];
  } catch (error) {
    signal.throwIfAborted();
    // Another noise, another rule, or settings with which nothing can be drawn.
    if (error instanceof OptionError) return [`cannot be drawn again: ${error.message}`];
    throw error;
  } finally {
    x.dispose();
  }
}

/** Makes a noise again from what a log says of it. @internal */
export function loggedNoise(record: NoiseRecord): Noise | DeterministicNoise {
  try {
    return noiseOf(record);
  } catch (error) {
    if (error instanceof OptionError) throw new CliError(`${error.message} (check the log by a program)`);
    throw error;
  }
}

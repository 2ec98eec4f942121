import type { LabelledDataset } from '../data/labelled-dataset.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { reproduceCertificate } from '../smoothed/reproduce-certificate.ts';
import { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { InputRange } from '../types.ts';
import { CliError } from './cli-error.ts';
import type { DataOptions, ModelOptions } from './common-options.ts';
import { sampledNoiseOf } from './noise-of.ts';
import { note } from './note.ts';
import { openClassifier, probeClassifier } from './open-classifier.ts';
import { openData } from './open-data.ts';
import { showProgress } from './progress.ts';
import type { CliIo } from './types.ts';
import { type RowFaults, withFaults } from './verify.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** What is drawn again. @internal */
export interface RedrawSettings {
  /** So many rows, spread over the log. */
  readonly rows: number;
  /** So many votes may differ. */
  readonly votes: number;
  readonly batchSize?: number;
  readonly inputRange?: InputRange;
}

/** Draws the samples of some rows again and compares. @internal */
export async function redrawRows(
  all: readonly CertifiedRow[],
  settings: RedrawSettings & DataOptions & ModelOptions & { readonly file: string },
  io: CliIo,
): Promise<{ readonly count: number; readonly wrong: readonly RowFaults[] }> {
  const [first] = all;
  if (first?.certificate.smoothing !== 'hard') {
    throw new CliError(
      `${settings.file}: must be a log of hard smoothing, got soft smoothing (leave --model and --data out)`,
    );
  }
  const { dataset } = await openData(settings);
  const opened = await openClassifier(settings);
  const display = showProgress(io);
  try {
    note(io, `running on ${opened.runtime}`);
    const numClasses = await probeClassifier(opened, { dataset, options: settings });
    const { output, batchSize, inputRange } = settings;
    const g = new SmoothedClassifier(opened.classifier, {
      noise: sampledNoiseOf(first.certificate.noise),
      numClasses,
      output,
      ...(batchSize !== undefined && { batchSize }),
      ...(inputRange && { inputRange }),
    });
    const rows = spread(all, settings.rows);
    const wrong: RowFaults[] = [];
    for (const [done, row] of rows.entries()) {
      display.update(`${done}/${rows.length} drawn again, ${wrong.length} wrong`);
      wrong.push(...withFaults(row, await faultsOf(row, { g, dataset, votes: settings.votes, signal: io.signal })));
    }
    display.update(`${rows.length}/${rows.length} drawn again, ${wrong.length} wrong`);
    return { count: rows.length, wrong };
  } finally {
    display.end();
    await opened.dispose();
  }
}

/** So many rows at equal distances, the first and the last among them. */
function spread<T>(all: readonly T[], count: number): T[] {
  if (count >= all.length) return [...all];
  const step = count === 1 ? 0 : (all.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => all[Math.round(i * step)] as T);
}

interface RedrawContext {
  readonly g: SmoothedClassifier;
  readonly dataset: LabelledDataset;
  readonly votes: number;
  readonly signal: AbortSignal;
}

async function faultsOf(row: CertifiedRow, { g, dataset, votes, signal }: RedrawContext): Promise<string[]> {
  const { index, label, certificate } = row;
  if (index >= dataset.size) return [`is no image of the data, which has ${dataset.size}`];
  const example = await dataset.example(index);
  if (example.label !== label) return [`label is ${label}, but ${example.label} in the data`];
  const x = tensorOver(example.x, dataset.shape, 'float32');
  try {
    const { same, votesThatDiffer, certificate: again } = await reproduceCertificate(g, x, certificate, { signal });
    if (same || (votesThatDiffer > 0 && votesThatDiffer <= votes)) return [];
    return [
      `${votesThatDiffer} votes differ when drawn again: class ${certificate.label}, radius ${certificate.radius}, but now class ${again.label}, radius ${again.radius}`,
    ];
  } finally {
    x.dispose();
  }
}

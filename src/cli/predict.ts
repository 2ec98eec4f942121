import { selectedIndices } from '../data/dataset-selection.ts';
import { withContext } from '../options/call-context.ts';
import { createKey } from '../random/key.ts';
import { exampleKey } from '../random/purposes.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { PredictSettings } from './commands/predict.ts';
import { selectionOf } from './common-options.ts';
import { CliError, type CliIo, EXIT, note, printJson } from './io.ts';
import type { OpenedData } from './opened-data.ts';
import { gaussianOf, openRun } from './open-run.ts';

/** The answer for one image. */
interface PredictedImage {
  readonly index: number;
  readonly name: string | undefined;
  /** The true class, where it is known. */
  readonly label: number | undefined;
  /** The class, −1 for an abstention. */
  readonly predicted: number;
  readonly className: string | undefined;
  readonly abstained: boolean;
  readonly counts: readonly number[];
}

/** Predicts images and prints a line for each. @internal */
export async function predict(settings: PredictSettings, io: CliIo): Promise<void> {
  await using run = await openRun(settings, io, { allowsUnlabelled: true });
  const { data, opened } = run;
  const g = run.smoothed(gaussianOf(settings));
  if (!settings.json) io.stdout(`${columns(data).join('\t')}\n`);
  const rows: PredictedImage[] = [];
  const context = { data, settings, io, run: {} };
  for (const index of selectedIndices(data.dataset.size, selectionOf(settings))) {
    const row = await predicted(g, index, context);
    rows.push(row);
    if (!settings.json) io.stdout(`${line(row, data)}\n`);
  }
  if (settings.json) printJson(io, { runtime: opened.runtime, ...figures(rows, data), rows });
  else if (data.isLabelled && rows.length > 0) note(io, figuresText(figures(rows, data)));
}

interface PredictContext {
  readonly data: OpenedData;
  readonly settings: PredictSettings;
  readonly io: CliIo;
  /** All images are one run. */
  readonly run: object;
}

async function predicted(
  g: SmoothedClassifier,
  index: number,
  { data, settings, io, run }: PredictContext,
): Promise<PredictedImage> {
  const { dataset, isLabelled, names, classNames } = data;
  const { x, label } = await dataset.example(index);
  const { n, alpha, seed } = settings;
  const image = tensorOver(x, dataset.shape, 'float32');
  try {
    const key = exampleKey(createKey(seed), index);
    const answer = await g.predict(image, withContext({ key, n, alpha, signal: io.signal }, { run }));
    const { label: found, abstained, counts } = answer;
    return {
      index,
      name: names?.[index],
      label: isLabelled ? label : undefined,
      predicted: found,
      className: classNames?.[found],
      abstained,
      counts,
    };
  } catch (error) {
    if (!io.signal.aborted) throw error;
    throw new CliError(`interrupted before image ${index} (--start ${index} goes on with it)`, EXIT.interrupted);
  } finally {
    image.dispose();
  }
}

function columns({ names, isLabelled }: OpenedData): string[] {
  return ['idx', ...(names ? ['file'] : []), ...(isLabelled ? ['label'] : []), 'predict', 'counts'];
}

function line(row: PredictedImage, { names, isLabelled }: OpenedData): string {
  const { index, name = '', label, predicted: found, className, abstained, counts } = row;
  const answer = abstained ? 'abstain' : (className ?? String(found));
  return [index, ...(names ? [name] : []), ...(isLabelled ? [label] : []), answer, counts.join(',')].join('\t');
}

interface PredictFigures {
  readonly images: number;
  readonly abstained: number;
  /** Share of the images that are predicted as their true class, where it is known. */
  readonly accuracy: number | undefined;
}

function figures(rows: readonly PredictedImage[], { isLabelled }: OpenedData): PredictFigures {
  const right = rows.filter(({ label, predicted: found }) => label === found).length;
  const abstained = rows.filter((row) => row.abstained).length;
  const accuracy = isLabelled && rows.length > 0 ? right / rows.length : undefined;
  return { images: rows.length, abstained, accuracy };
}

function figuresText({ images, abstained, accuracy = 0 }: PredictFigures): string {
  return `${images} images, accuracy ${(100 * accuracy).toFixed(1)} %, ${abstained} abstained`;
}

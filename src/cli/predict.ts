import { selectedIndices } from '../data/dataset-selection.ts';
import type { Prediction } from '../certify/types.ts';
import { isDeterministic } from '../noise/batch-copies.ts';
import { withContext } from '../options/call-context.ts';
import { createKey } from '../random/key.ts';
import { exampleKey } from '../random/purposes.ts';
import type { PredictOptions } from '../smoothed/call-options.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import type { Certifier, StreamExample } from '../smoothed/types.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { PredictSettings } from './commands/predict.ts';
import { selectionOf } from './common-options.ts';
import { CliError, type CliIo, EXIT, note, printJson } from './io.ts';
import type { OpenedData } from './opened-data.ts';
import { checkNoiseChoice } from './noise-options.ts';
import { openRun } from './open-run.ts';
import { openThreads } from './open-threads.ts';

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
  checkNoiseChoice(settings);
  await using run = await openRun(settings, io, { allowsUnlabelled: true });
  await using threads = await openThreads(run, settings, io);
  const { data, opened } = run;
  const indices = [...selectedIndices(data.dataset.size, selectionOf(settings))];
  const { n, alpha, seed } = settings;
  const options = { key: createKey(seed), n, alpha, signal: io.signal };
  const labels: number[] = [];
  const examples = examplesOf(data, indices, labels);
  const answers = isDeterministic(run.noise)
    ? votesOfAll((threads ?? run.smoothed()) as Certifier<object>, examples, io.signal)
    : threads
      ? threads.answers<Prediction>('predict', examples, options)
      : oneByOne(run.sampled(), examples, options);
  if (!settings.json) io.stdout(`${columns(data).join('\t')}\n`);
  const rows: PredictedImage[] = [];
  try {
    for await (const answer of answers) {
      const row = rowOf(answer, { index: indices[rows.length] as number, label: labels[rows.length], data });
      rows.push(row);
      if (!settings.json) io.stdout(`${line(row, data)}\n`);
    }
  } catch (error) {
    if (!io.signal.aborted) throw error;
    const index = indices[rows.length] ?? 0;
    throw new CliError(`interrupted before image ${index} (--start ${index} goes on with it)`, EXIT.interrupted);
  }
  if (settings.json)
    printJson(io, {
      runtime: opened.runtime,
      engine: opened.engine,
      denoiser: settings.denoiser,
      ...figures(rows, data),
      rows,
    });
  else if (data.isLabelled && rows.length > 0) note(io, `${figuresText(figures(rows, data))}, on ${opened.engine}`);
}

/** The images, with their labels put into a list as they are read. */
async function* examplesOf(
  { dataset }: OpenedData,
  indices: readonly number[],
  labels: number[],
): AsyncGenerator<StreamExample, void, undefined> {
  for (const index of indices) {
    const example = await dataset.example(index);
    labels.push(example.label);
    const x = tensorOver(example.x, dataset.shape, 'float32');
    try {
      yield { x, index };
    } finally {
      x.dispose();
    }
  }
}

/** The answers by the votes of all copies: the certificates have them. */
async function* votesOfAll(
  g: Certifier<object>,
  examples: AsyncIterable<StreamExample>,
  signal: AbortSignal,
): AsyncGenerator<Pick<Prediction, 'label' | 'abstained' | 'counts'>, void, undefined> {
  for await (const { certificate } of g.certifyStream(examples, { signal })) yield certificate;
}

/** The answers of this thread; all images are one run. */
async function* oneByOne(
  g: SmoothedClassifier,
  examples: AsyncIterable<StreamExample>,
  { key, ...options }: PredictOptions,
): AsyncGenerator<Prediction, void, undefined> {
  const run = {};
  for await (const { x, index } of examples) {
    yield await g.predict(x, withContext({ ...options, key: exampleKey(key, index) }, { run }));
  }
}

interface Asked {
  readonly index: number;
  readonly label: number | undefined;
  readonly data: OpenedData;
}

function rowOf(
  { label: predicted, abstained, counts }: Pick<Prediction, 'label' | 'abstained' | 'counts'>,
  { index, label, data }: Asked,
): PredictedImage {
  const { isLabelled, names, classNames } = data;
  return {
    index,
    name: names?.[index],
    label: isLabelled ? label : undefined,
    predicted,
    className: classNames?.[predicted],
    abstained,
    counts,
  };
}

function columns({ names, isLabelled }: OpenedData): string[] {
  return ['idx', ...(names ? ['file'] : []), ...(isLabelled ? ['label'] : []), 'predict', 'counts'];
}

/** Label and prediction in one naming: the names of the classes where they have some. */
function line(row: PredictedImage, { names, isLabelled, classNames }: OpenedData): string {
  const { index, name = '', label = -1, predicted: found, abstained, counts } = row;
  const named = (one: number): string => classNames?.[one] ?? String(one);
  const answer = abstained ? 'abstain' : named(found);
  return [index, ...(names ? [name] : []), ...(isLabelled ? [named(label)] : []), answer, counts.join(',')].join('\t');
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

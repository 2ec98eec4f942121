import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { foldIn, plannedRadius } from 'catrs';
import { decodeSafetensors, type LabelledDataset } from 'catrs/data';
import { type AskedExample, certifyToLog } from 'catrs/node';
import { classProbabilities } from '../../examples/adaptive-sampling.ts';
import { startCertifiers } from '../ours/certify-images.ts';
import { firstValueFor } from '../ours/classifier.ts';
import { type EngineName, engineEnvironment, whyMissing } from '../ours/engines.ts';
import { cleanEnvironment } from '../peer/environment.ts';
import { median, significant } from '../statistics.ts';
import { type SubjectFiles, subjectFiles } from '../subject-files.ts';
import { key } from '../subjects.ts';
import { type BenchSettings, type GroupResult, roundsOf } from '../targets.ts';

/** A row of the published logs. */
const SIGMA = 0.25;
const RADIUS = 0.25;
const WORKERS = 2;
/** Images of the long run, about 500 copies each, on the fastest engine of each kind. */
const IMAGES: Readonly<Partial<Record<EngineName, number>>> = { onnxruntime: 10_000, wasm: 10_000 };

/** What a fresh process is asked: a whole run over so many images into a log, with bare passes of the same threads before and after. */
interface ScaleWork {
  readonly engine: EngineName;
  readonly files: SubjectFiles;
  readonly probabilities: readonly number[];
  readonly images: number;
  /** Copies of one image in the bare passes, and of how many images. */
  readonly bare: { readonly copies: number; readonly images: number };
}

interface ScaleAnswer {
  /** Copies of the run, and its seconds from the first image to the end of the log. */
  readonly copies: number;
  readonly seconds: number;
  /** Copies a second of the bare passes. */
  readonly bare: readonly number[];
  /** Peak memory of the process with its threads. */
  readonly megabytes: number;
}

/**
 * A whole run over a data set, `certifyToLog` with two workers and one radius, against the passes that it is made of: noise, LeNet and votes of the
 * same threads. And its peak memory against the number of images.
 */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  await tf.setBackend('cpu');
  const files = await subjectFiles(['lenet'], quick);
  const probabilities = await classProbabilities(SIGMA, quick ? 500 : 1);
  const few = quick ? 4 : 100;
  const bare = quick ? { copies: 512, images: 2 } : { copies: 50_000, images: 4 };
  const figures: Record<string, unknown> = {};
  for (const [engine, most] of Object.entries(IMAGES) as [EngineName, number][]) {
    const many = quick ? 12 : most;
    const missing = whyMissing(engine);
    if (missing !== undefined) {
      figures[engine] = missing;
      continue;
    }
    const ask = (images: number): Promise<ScaleAnswer> =>
      inFreshProcess({ engine, files, probabilities, images, bare });
    const small = await ask(few);
    const rounds: ScaleAnswer[] = [];
    for (let round = 0; round < roundsOf(settings, 1); round++) rounds.push(await ask(many));
    const share = rounds.map(({ copies, seconds, bare: rates }) => copies / seconds / median(rates));
    const rate = median(rounds.map(({ copies, seconds }) => copies / seconds));
    const [run] = rounds as [ScaleAnswer];
    figures[engine] = {
      images: many,
      'copies an image': significant(run.copies / many),
      'copies a second': significant(rate),
      'images an hour': significant((3600 * rate * many) / run.copies),
      'share of the speed of its passes': significant(median(share)),
      'MB with 100 images': significant(small.megabytes),
      'MB with all': significant(Math.max(...rounds.map(({ megabytes }) => megabytes))),
    };
  }
  return { figures: { 'a data set with one radius, LeNet, 2 workers': figures } };
}

/** The images of the subject over and over, with the class probabilities of the published logs; none is kept. */
function datasetOf(
  values: Float32Array,
  shape: readonly number[],
  { images, probabilities }: ScaleWork,
): LabelledDataset {
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    size: images,
    shape,
    example: (index) => {
      const from = (index * size) % values.length;
      const x = values.slice(from, from + size);
      x[0] = firstValueFor(probabilities[index % probabilities.length]!, SIGMA);
      return { x, label: 0 };
    },
  };
}

async function run(work: ScaleWork): Promise<ScaleAnswer> {
  await tf.setBackend('cpu'); // of this thread, which computes nothing
  const { engine, files, images, bare } = work;
  const workers = await startCertifiers(WORKERS, { engine, threads: 1, files, network: 'decide', sigma: SIGMA });
  const tensor = decodeSafetensors(await readFile(files.lenet!.data)).tensors.get('images')!;
  const dataset = datasetOf(tensor.data as Float32Array, tensor.shape.slice(1), work);
  const folder = await mkdtemp(join(tmpdir(), 'catrs-scale-'));
  const barePasses = async (): Promise<number> => {
    const begin = performance.now();
    let copies = 0;
    const counts = workers.answers<number[]>('sampleCounts', examples(dataset, bare.images), { key, n: bare.copies });
    for await (const votes of counts) copies += votes.reduce((sum, count) => sum + count, 0);
    return (1000 * copies) / (performance.now() - begin);
  };
  try {
    await barePasses();
    const before = await barePasses();
    const begin = performance.now();
    const rule = plannedRadius({ radius: RADIUS });
    const options = { key: foldIn(key, 2), n0: 0, n: 100_000, alpha: 0.001, checkEvery: 10, rule };
    const summary = await certifyToLog(workers, dataset, { ...options, file: join(folder, 'run.tsv') });
    const seconds = (performance.now() - begin) / 1000;
    const rates = [before, await barePasses()];
    return { copies: summary.meanSamples * images, seconds, bare: rates, megabytes: await peakMegabytes() };
  } finally {
    await workers.close();
    await rm(folder, { recursive: true });
  }
}

async function* examples(dataset: LabelledDataset, count: number): AsyncGenerator<AskedExample> {
  for (let index = 0; index < count; index++) {
    const { x } = await dataset.example(index % dataset.size);
    const image = tf.tensor(x, [...dataset.shape], 'float32');
    yield { x: image, index };
    image.dispose();
  }
}

/** Linux hands the peak of the parent on to `resourceUsage` of a child; the peak of the memory itself starts anew. */
async function peakMegabytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kilobytes) / 1024;
}

function inFreshProcess(work: ScaleWork): Promise<ScaleAnswer> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ['run'], {
      stdio: ['ignore', 2, 2, 'ipc'],
      env: cleanEnvironment(process.env, engineEnvironment(work.engine, 1)),
    });
    let answer: ScaleAnswer | undefined;
    child.on('message', (message) => (answer = message as ScaleAnswer));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (answer === undefined) reject(new Error(`the process for ${work.engine} ended with code ${code}`));
      else resolve(answer);
    });
    child.send(work);
  });
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'run') {
  process.on('disconnect', () => process.exit(1)); // the run was stopped
  process.once('message', (work) => {
    void run(work as ScaleWork).then((answer) => process.send?.(answer, () => process.exit(0)));
  });
}

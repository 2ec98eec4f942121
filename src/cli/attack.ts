import { stat } from 'node:fs/promises';
import { SmoothedDdn } from '../attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../attacks/smoothed-pgd.ts';
import type { InputAttack } from '../attacks/types.ts';
import { tryGradient } from '../classifier/check-gradients.ts';
import { selectedIndices } from '../data/dataset-selection.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { attackDataset, type AttackDatasetOptions } from '../evaluate/attack-dataset.ts';
import type { AttackThreads } from '../evaluate/attacked-classifier.ts';
import type { LoggedRow } from '../evaluate/rows.ts';
import { attackLogRow, type AttackLogRow } from '../node/attack-log-rows.ts';
import { type AttackProgress, attackToLog } from '../node/attack-to-log.ts';
import { engineOfRecord } from '../node/earlier-engine.ts';
import { formatDuration } from '../node/run-progress.ts';
import { createKey } from '../random/key.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { reportAttack } from './attack-report.ts';
import type { AttackSettings } from './commands/attack.ts';
import { selectionOf } from './common-options.ts';
import { CliError, type CliIo, withProgress } from './io.ts';
import { readLog } from './log-figures.ts';
import { refuseOnnx } from './open-onnx.ts';
import { type OpenedRun, openRun } from './open-run.ts';
import { openThreads } from './open-threads.ts';

/** Attacks a data set and prints what is left of the accuracy. @internal */
export async function attack(settings: AttackSettings, io: CliIo): Promise<void> {
  refuseOnnx(settings.model);
  const { out, epsilon: epsilons } = settings;
  // Made before anything is opened: their class checks the options.
  const [moves] = epsilons.map((epsilon) => attackOf(settings, epsilon)) as [InputAttack];
  const before = out === undefined || settings.resume !== true ? undefined : await engineOfRecord(out);
  const earlier = before && { ...before, file: out ?? '' };
  await using opened = await openRun(settings, io, { purpose: 'gradients', earlier });
  const { dataset } = opened.data;
  const { runtime, engine } = opened.opened;
  const indices = [...selectedIndices(dataset.size, selectionOf(settings))];
  const certified = settings.certified === undefined ? undefined : await certifiedLog(settings, indices);
  await refuseOther(settings);
  await refuseWithoutGradient(opened);
  await using threads = await openThreads(opened, settings, io);
  const rows = await withProgress(
    io,
    async (display) => {
      const { n, alpha, norm, seed } = settings;
      const asked = { n, alpha, norm, key: createKey(seed), select: selectionOf(settings), signal: io.signal };
      const g = threads ?? opened.sampled();
      const tell = (progress: AttackProgress): void => display.update(progressOf(progress));
      if (out === undefined) {
        const total = indices.length * epsilons.length;
        return attackAll({ g, moves, dataset, asked: { ...asked, epsilons, clean: true } }, total, tell);
      }
      const { inputRange, output, layout, mean, std, denoiser } = settings;
      const { diffusion, diffusionSteps, predicts, rescaleTime, timeInput } = settings;
      const ofDiffusion = diffusion && { diffusion, diffusionSteps, predicts, rescaleTime, timeInput };
      const own = { seed, inputRange, output, layout, mean, std, denoiser, runtime, ...ofDiffusion };
      const log = { file: out, epsilons, settings: own, onProgress: tell };
      return (await attackToLog(g, moves, dataset, { ...asked, ...log })).rows;
    },
    () =>
      out === undefined ? '; nothing was written' : `; ${out} is valid, and the same command with --resume goes on`,
  );
  reportAttack(rows, { settings, certified, runtime, engine }, io);
}

interface AttackRun {
  readonly g: SmoothedClassifier | AttackThreads;
  readonly moves: InputAttack;
  readonly dataset: LabelledDataset;
  readonly asked: AttackDatasetOptions;
}

/** The rows of a run that writes no log, so many in all. */
async function attackAll(
  { g, moves, dataset, asked }: AttackRun,
  total: number,
  tell: (progress: AttackProgress) => void,
): Promise<AttackLogRow[]> {
  const rows: AttackLogRow[] = [];
  const begun = performance.now();
  for await (const row of attackDataset(g, moves, dataset, asked)) {
    rows.push(attackLogRow(row, row.epsilon ?? NaN));
    const millisecondsLeft = ((performance.now() - begun) / rows.length) * (total - rows.length);
    const broken = rows.filter((each) => each.broken).length;
    tell({ done: rows.length, total, resumed: 0, broken, millisecondsLeft });
  }
  return rows;
}

function progressOf({ done, total, broken, millisecondsLeft = 0 }: AttackProgress): string {
  return `${done}/${total}, ${broken} broken, ${done === total ? 'done' : `${formatDuration(millisecondsLeft)} left`}`;
}

/** Throws ClassifierError where the model has no gradient at the first image, and names the layer. */
async function refuseWithoutGradient({ data: { dataset }, opened: { classifier } }: OpenedRun): Promise<void> {
  const { x } = await dataset.example(0);
  const row = tensorOver(new Float32Array(x), [1, ...dataset.shape], 'float32');
  try {
    tryGradient('attack', classifier, row);
  } finally {
    row.dispose();
  }
}

/** Throws CliError where `--out` is there and is not to be gone on with. */
async function refuseOther({ out, resume }: AttackSettings): Promise<void> {
  if (out === undefined || resume === true || (await stat(out).catch(() => undefined)) === undefined) return;
  throw new CliError(`--out must be a new file, got ${out}, which exists (add --resume to go on with it)`);
}

function attackOf(settings: AttackSettings, epsilon: number): InputAttack {
  const { attack: name, steps, numNoise, stepSize, norm } = settings;
  const common = { epsilon, steps, numNoise };
  if (name === 'pgd') return new SmoothedPgd({ ...common, norm, stepSize });
  if (norm !== 'l2') throw new CliError(`--norm must be l2 for --attack ddn, got ${norm} (take --attack pgd)`);
  if (stepSize !== undefined) throw new CliError('--step-size must be left out for --attack ddn, which finds its own');
  return new SmoothedDdn(common);
}

/** The rows of `--certified` for these images. */
async function certifiedLog(
  { certified = '', sigma }: AttackSettings,
  indices: readonly number[],
): Promise<readonly LoggedRow[]> {
  const all = await readLog(certified);
  const found = all.find(({ certificate }) => certificate !== undefined)?.certificate?.noise.parameters['sigma'];
  if (found !== undefined && String(found) !== String(sigma)) {
    throw new CliError(
      `${certified}: must be a log of --sigma ${String(sigma)}, got one of ${String(found)} (attack with that sigma)`,
    );
  }
  const attacked = new Set(indices);
  const rows = all.filter(({ index }) => attacked.has(index));
  if (rows.length === indices.length) return rows;
  const text = `${certified}: must have all ${indices.length} images to attack, got ${rows.length} (give --start, --skip and --max of the log)`;
  throw new CliError(text);
}

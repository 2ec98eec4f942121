import { SmoothedDdn } from '../attacks/smoothed-ddn.ts';
import { SmoothedPgd } from '../attacks/smoothed-pgd.ts';
import type { InputAttack } from '../attacks/types.ts';
import { selectedIndices, SELECTION_DEFAULTS } from '../data/dataset-selection.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { attackDataset } from '../evaluate/attack-dataset.ts';
import type { LoggedRow } from '../evaluate/rows.ts';
import { formatDuration } from '../node/run-progress.ts';
import { withContext } from '../options/call-context.ts';
import { createKey } from '../random/key.ts';
import { ATTACK_DERIVATION } from '../random/purposes.ts';
import { predictOptions } from '../smoothed/call-options.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import { type AttackCell, AttackLog } from './attack-log.ts';
import { reportAttack } from './attack-report.ts';
import type { AttackSettings } from './commands/attack.ts';
import { selectionOf } from './common-options.ts';
import { CliError, type CliIo, withProgress } from './io.ts';
import { readLog } from './log-figures.ts';
import { refuseOnnx } from './open-model.ts';
import { gaussianOf, openRun } from './open-run.ts';

/** Attacks a data set and prints what is left of the accuracy. @internal */
export async function attack(settings: AttackSettings, io: CliIo): Promise<void> {
  refuseOnnx(settings.model);
  const attacks = settings.epsilon.map((epsilon) => attackOf(settings, epsilon));
  await using opened = await openRun(settings, io);
  const { dataset } = opened.data;
  const { runtime } = opened.opened;
  const indices = [...selectedIndices(dataset.size, selectionOf(settings))];
  const certified = settings.certified === undefined ? undefined : await certifiedLog(settings, indices);
  const { out, resume = false } = settings;
  const cells = await withProgress(
    io,
    async (display) => {
      const { shape, size } = dataset;
      const record = { ...recordOf(settings), keys: ATTACK_DERIVATION, shape, size, runtime };
      await using log = await AttackLog.open(out, { record, resume });
      const g = opened.smoothed(gaussianOf(settings));
      return await run({ g, dataset, indices, attacks, settings, log, io }, (line) => display.update(line));
    },
    () =>
      out === undefined ? '; nothing was written' : `; ${out} is valid, and the same command with --resume goes on`,
  );
  reportAttack(cells, { settings, certified, runtime }, io);
}

interface Run {
  readonly g: SmoothedClassifier;
  readonly dataset: LabelledDataset;
  readonly indices: readonly number[];
  readonly attacks: readonly InputAttack[];
  readonly settings: AttackSettings;
  readonly log: AttackLog;
  readonly io: CliIo;
}

/** Attacks every image with every epsilon, after the rows that the log has. */
async function run(
  { g, dataset, indices, attacks, settings, log, io }: Run,
  tell: (line: string) => void,
): Promise<AttackCell[]> {
  const { n, alpha, seed, norm, epsilon: epsilons } = settings;
  const oneRun = {};
  const cells = log.earlier(epsilons.flatMap((epsilon) => indices.map((index) => ({ epsilon, index }))));
  const [begun, before, total] = [performance.now(), cells.length, indices.length * epsilons.length];
  for (let done = before; done < total; done++) {
    const index = indices[done % indices.length] as number;
    const which = Math.floor(done / indices.length);
    const select = { start: index, max: 1 };
    const one = { select, key: createKey(seed), n, alpha, norm, clean: which === 0, signal: io.signal };
    for await (const row of attackDataset(
      g,
      attacks[which] as InputAttack,
      dataset,
      withContext(one, { run: oneRun }),
    )) {
      cells.push(await log.append({ ...row, epsilon: epsilons[which] as number }));
    }
    const left = ((performance.now() - begun) / (done + 1 - before)) * (total - done - 1);
    const broken = cells.filter((cell) => cell.broken).length;
    tell(`${done + 1}/${total}, ${broken} broken, ${done + 1 === total ? 'done' : `${formatDuration(left)} left`}`);
  }
  return cells;
}

function attackOf(settings: AttackSettings, epsilon: number): InputAttack {
  const { attack: name, steps, numNoise, stepSize, norm } = settings;
  const common = { epsilon, steps, numNoise };
  if (name === 'pgd') return new SmoothedPgd({ ...common, norm, stepSize });
  if (norm !== 'l2') throw new CliError(`--norm must be l2 for --attack ddn, got ${norm} (take --attack pgd)`);
  if (stepSize !== undefined) throw new CliError('--step-size must be left out for --attack ddn, which finds its own');
  return new SmoothedDdn(common);
}

/** What the rows depend on, beside the data and the model. */
function recordOf(settings: AttackSettings): Readonly<Record<string, unknown>> {
  const {
    attack: name,
    epsilon,
    steps,
    numNoise,
    stepSize,
    norm,
    sigma,
    n = predictOptions.defaults.n,
    alpha = predictOptions.defaults.alpha,
    seed,
    inputRange,
    output,
  } = settings;
  const run = { attack: name, epsilon, steps, numNoise, stepSize, norm, sigma, n, alpha, seed, inputRange, output };
  const { start = SELECTION_DEFAULTS.start, skip = SELECTION_DEFAULTS.skip, max, shard } = settings;
  return { ...run, start, skip, max, shard };
}

/** The rows of `--certified` for these images. */
async function certifiedLog(
  { certified = '', sigma }: AttackSettings,
  indices: readonly number[],
): Promise<readonly LoggedRow[]> {
  const all = await readLog(certified);
  const found = all.find(({ certificate }) => certificate !== undefined)?.certificate?.noise.parameters['sigma'];
  if (found !== undefined && found !== sigma) {
    throw new CliError(`${certified}: must be a log of --sigma ${sigma}, got one of ${found} (attack with that sigma)`);
  }
  const attacked = new Set(indices);
  const rows = all.filter(({ index }) => attacked.has(index));
  if (rows.length === indices.length) return rows;
  const text = `${certified}: must have all ${indices.length} images to attack, got ${rows.length} (give --start, --skip and --max of the log)`;
  throw new CliError(text);
}

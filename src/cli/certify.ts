import { readFile } from 'node:fs/promises';
import type { CertificationRule } from '../certify/rule.ts';
import { selectedIndices } from '../data/dataset-selection.ts';
import { certificationLogHeader } from '../evaluate/certification-log.ts';
import { parseCertificationLog } from '../evaluate/parse-certification-log.ts';
import { certifyToLog } from '../node/certify-to-log.ts';
import { engineOfLog } from '../node/earlier-engine.ts';
import { ruleOfLog } from '../node/earlier-rule.ts';
import type { LogSummary } from '../node/log-run.ts';
import type { RunProgress } from '../node/run-progress.ts';
import type { WorkerCertifier } from '../node/start-workers.ts';
import { isDeterministic } from '../noise/batch-copies.ts';
import type { Noise } from '../noise/types.ts';
import { createKey } from '../random/key.ts';
import { type CertifyOptions, certifyOptions } from '../smoothed/call-options.ts';
import type { Certifier } from '../smoothed/types.ts';
import type { ProbabilityBound } from '../types.ts';
import { isThere, removeEmpty } from './begun-log-file.ts';
import type { CertifySettings } from './commands/certify.ts';
import { selectionOf } from './common-options.ts';
import { CliError, type CliIo, EXIT, printJson, withProgress } from './io.ts';
import { logFigures, summaryText } from './log-figures.ts';
import { estimateText, type RunSize, timeCopies } from './estimate-cost.ts';
import type { OpenedClassifier } from './open-model.ts';
import { withPlans } from './kept-plans.ts';
import { checkNoiseChoice } from './noise-options.ts';
import { type OpenedRun, openRun } from './open-run.ts';
import { openThreads } from './open-threads.ts';
import { ruleFor, type RunRule } from './rule-of-run.ts';
import { RunTeller } from './run-teller.ts';
import { checkKeptVotes, checkSelection, hasVotes } from './changed/check-changed-options.ts';
import { checkTaskOptions } from './outputs/check-task-options.ts';

/** Certifies a data set into a log. @internal */
export async function certify(settings: CertifySettings, io: CliIo): Promise<void> {
  checkTaskOptions(settings);
  const { task } = settings;
  if (task !== 'class') {
    const { certifyOutputs } = await import('./outputs/certify-outputs.ts');
    return certifyOutputs({ ...settings, task }, io);
  }
  if (settings.experts !== undefined || settings.expertSigmas !== undefined) {
    const { certifyRouted } = await import('./routed/certify-routed.ts');
    return certifyRouted(settings, io);
  }
  if (settings.fromLog !== undefined) {
    const { certifyChanged } = await import('./changed/certify-changed.ts');
    return certifyChanged({ ...settings, fromLog: settings.fromLog }, io);
  }
  checkKeptVotes(settings);
  checkNoiseChoice(settings);
  const isNew = !(await isThere(settings));
  const earlierRule = isNew ? undefined : await ruleOfLog(settings.out);
  const chosen = ruleFor(settings, earlierRule);
  checkSelection(settings, chosen.n0);
  const before = isNew ? undefined : await engineOfLog(settings.out);
  const earlier = before && { ...before, file: settings.out };
  await using run = await openRun(settings, io, { earlier });
  const { out } = settings;
  const { n0, checkEvery } = chosen;
  const rule = await plannedFor(chosen, { settings, run, io, logged: earlierRule?.rule.parameters['plans'] });
  const teller = new RunTeller(io, await costOf(settings, run, chosen, io));
  await using threads = await openThreads(run, settings, io);

  const summary = await withProgress(
    io,
    (display) =>
      certifyAll({ run, threads, settings, rule: { rule, n0, checkEvery } }, io, (progress) =>
        teller.tell(progress, display),
      ),
    () => `; ${out} is valid, and the same command with --resume goes on`,
  ).catch(async (error: unknown) => {
    const isEmpty = isNew && (await removeEmpty(out, certificationLogHeader({ votes: hasVotes(settings) })));
    if (!isEmpty || !io.signal.aborted) throw error;
    throw new CliError('interrupted before the first image was done', EXIT.interrupted);
  });
  await report(summary, { settings, opened: run.opened, io });
}

interface AllImages {
  readonly run: OpenedRun;
  readonly threads: WorkerCertifier | undefined;
  readonly settings: CertifySettings;
  readonly rule: RunRule;
}

/** Certifies all images: of a noise that is enumerated nothing is drawn, so there is neither key, nor n, nor alpha. */
function certifyAll(
  { run, threads, settings, rule: { rule, n0, checkEvery } }: AllImages,
  { signal }: CliIo,
  onProgress: (progress: RunProgress) => void,
): Promise<LogSummary> {
  const { seed, n, alpha, keepVotes, out: file, recheck, durable } = settings;
  const log = { select: selectionOf(settings), file, recheck, durable, signal, onProgress };
  const g = threads ?? run.smoothed();
  if (isDeterministic(run.noise)) return certifyToLog(g as Certifier<object>, run.data.dataset, log);
  return certifyToLog(g as Certifier<CertifyOptions>, run.data.dataset, {
    ...log,
    key: createKey(seed ?? 0),
    n,
    n0,
    alpha,
    keepVotes,
    ...(checkEvery !== undefined && { checkEvery }),
    rule,
  });
}

/** The rule, with its boundaries where it is planned: threads need not derive them again. */
async function plannedFor(
  { rule, n0, checkEvery }: RunRule,
  { settings, run, io, logged }: PlannedRun,
): Promise<CertificationRule | undefined> {
  if (rule === undefined) return undefined;
  const { defaults } = certifyOptions;
  const { noise } = run;
  if (isDeterministic(noise)) return undefined;
  const norm = noise.norms[0] ?? 'l2';
  const dimension = run.data.dataset.shape.reduce((product, length) => product * length, 1);
  const context = {
    ...{ countsSelection: [], cAHat: 0, draw: 0.5 },
    ...{ n0: n0 ?? defaults.n0 ?? 0, n: settings.n ?? defaults.n ?? 0, alpha: settings.alpha ?? defaults.alpha ?? 0 },
    checkEvery: checkEvery ?? defaults.checkEvery ?? 0,
    norm,
    radius: (bound: ProbabilityBound) => noise.radius(bound, { norm, dimension }),
  };
  rule.assertFeasible?.('certify', context);
  const kept = { folder: io.planFolder, noise: `${noiseText(noise)} ${norm}`, logged, context };
  return withPlans(rule, kept);
}

/** What a kept plan says of its noise. */
function noiseText({ name, parameters }: Noise): string {
  return name === 'gaussian' ? `gaussian ${String(parameters['sigma'])}` : `${name} ${JSON.stringify(parameters)}`;
}

interface PlannedRun {
  readonly settings: CertifySettings;
  readonly run: OpenedRun;
  readonly io: CliIo;
  /** Boundaries in the log that is gone on with. */
  readonly logged: unknown;
}

/** What a run will take, once it is known how many images are left; undefined for a short one. */
type CostText = (imagesLeft: number) => string | undefined;

/** Times a few noisy copies. */
async function costOf(
  settings: CertifySettings,
  { data: { dataset }, smoothed, noise }: OpenedRun,
  { rule, n0 }: RunRule,
  { signal }: CliIo,
): Promise<CostText> {
  const { defaults } = certifyOptions;
  const sampled = (n0 ?? defaults.n0 ?? 0) + (settings.n ?? defaults.n ?? 0);
  const copies = isDeterministic(noise) ? noise.copies : sampled;
  const [index, ...more] = selectedIndices(dataset.size, selectionOf(settings));
  if (index === undefined) return () => undefined;
  const size: RunSize = {
    images: 1 + more.length,
    copies,
    workers: settings.workers,
    shape: dataset.shape,
    rule: rule && (settings.radius ? '--radius' : '--adaptive'),
  };
  const timed = timeCopies(smoothed(), dataset, { index, size, signal });
  const perCopy = await timed.catch((error: unknown) => {
    if (!signal.aborted || error !== signal.reason) throw error;
    return undefined; // the run itself says what an interruption leaves
  });
  return (images) => (perCopy === undefined || images === 0 ? undefined : estimateText(perCopy, { ...size, images }));
}

/** What the whole log says now, rows of earlier runs included. */
async function report(
  { resumed, done, file }: LogSummary,
  {
    settings,
    opened,
    io,
  }: { readonly settings: CertifySettings; readonly opened: OpenedClassifier; readonly io: CliIo },
): Promise<void> {
  const figures = done === 0 ? undefined : logFigures(parseCertificationLog(await readFile(file, 'utf8')));
  const { inputRange = [0, 1] } = settings;
  if (settings.json) {
    const { denoiser } = settings;
    const { runtime, engine } = opened;
    printJson(io, { file, runtime, engine, denoiser, resumed, done, inputRange, ...figures });
  } else if (figures === undefined) io.stdout(`${file}: no image in this part of the run\n`);
  else io.stdout(summaryText(file, figures, inputRange));
}

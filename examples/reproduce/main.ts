/**
 * Trains the seven methods on Fashion-MNIST, certifies them and compares with the official results: `npm run reproduce`.
 *
 * Everything can be stopped at any moment; the same command goes on where it was.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel, saveModel } from 'catrs/node';
import { parseCommandLine, USAGE, UsageError } from './command-line.ts';
import type { Request } from './command-line.ts';
import { quickened, readConfig } from './config.ts';
import type { Job, Places } from './job.ts';
import { plannedJobs } from './jobs.ts';
import type { PlannedJob } from './jobs.ts';
import { runQueue } from './queue.ts';
import { checkReport, writeReport } from './report/check.ts';
import { writePlots } from './report/plots.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const children = new Set<ReturnType<typeof spawn>>();

async function main(args: readonly string[]): Promise<number> {
  try {
    const request = parseCommandLine(args);
    const { results } = request.places;
    if (request.action === 'help') process.stdout.write(USAGE);
    else if (request.action === 'check') {
      await checkReport(results, `${results}.md`);
      process.stdout.write(`${results}.md: the logs give its tables\n`);
    } else {
      if (request.action === 'run') await runAll(request);
      await writePlots(results);
      process.stdout.write(`${await writeReport(results, `${results}.md`)}\n`);
    }
    return 0;
  } catch (error) {
    const usage = error instanceof UsageError;
    process.stderr.write(
      `\nerror: ${error instanceof Error ? error.message : String(error)}\n${usage ? `\n${USAGE}` : ''}`,
    );
    return usage ? 2 : 1;
  }
}

async function runAll({ places, names, width }: Request): Promise<void> {
  const jobs = plannedJobs(names, places.quick);
  say(`${jobs.length} jobs, ${width} at once; trainings in ${places.runs}, results in ${places.results}`);
  await runQueue(
    jobs.map((planned) => ({ ...planned, run: () => runOne(planned, places) })),
    width,
  );
}

/** Runs a job in a process, then keeps what is small of a training beside the results: log, configuration, two of the models. */
async function runOne({ name, job }: PlannedJob, places: Places): Promise<void> {
  const begun = performance.now();
  say(`${name}: begins`);
  await runInProcess(job, places);
  if (job.kind === 'train') await keep(job.run, places);
  say(`${name}: done after ${((performance.now() - begun) / 60_000).toFixed(1)} minutes`);
}

async function runInProcess(job: Job, places: Places): Promise<void> {
  const file = fileURLToPath(new URL('./job-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, JSON.stringify([job, places])], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  children.delete(child);
  if (code !== 0)
    throw new Error(`${job.kind} ${job.run} ended with ${signal ?? `exit code ${code}`}; what it printed is above`);
}

async function keep(run: string, { runs, results, quick }: Places): Promise<void> {
  const model = join(results, 'models', run);
  const log = join(results, 'training', `${run}.tsv`);
  await mkdir(dirname(log), { recursive: true });
  await copyFile(join(runs, run, 'training.tsv'), log);
  const config = quick ? quickened(readConfig(run)) : readConfig(run);
  await writeFile(join(results, 'training', `${run}.json`), `${JSON.stringify(config, undefined, 2)}\n`);
  if (run !== 'gaussian' && run !== 'catrs') return;
  const trained = await loadModel(join(runs, run, 'model.json'), { format: 'layers-model' });
  await saveModel(trained, model, { overwrite: true });
  trained.dispose();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of children) child.kill('SIGTERM');
    say('\nStopped; the same command goes on from the last checkpoints.');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
process.exitCode = await main(process.argv.slice(2));

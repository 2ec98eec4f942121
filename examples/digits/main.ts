/**
 * The main job: trains a digit classifier with plain Gaussian noise and with CAT-RS, certifies both on digits held out from
 * training, and says which one certifies larger radii. Run it with `npm start`; `npm start -- --help` lists the options.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCommandLine, USAGE, UsageError } from './command-line.ts';
import type { Request } from './command-line.ts';
import { loadDigits } from './data.ts';
import { PHASES, runExperiment } from './experiment.ts';
import { writeOutput } from './output.ts';
import { WorkerPool } from './pool.ts';
import { ProgressBoard } from './progress.ts';
import { formatReport, makeReport } from './report.ts';
import { durations, presets } from './settings.ts';
import type { WorkerInput } from './worker.ts';

const THREADS = 2;
const USUAL_FOLDER = fileURLToPath(new URL('../../results/digits', import.meta.url));

/** Runs the command line; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const request = parseCommandLine(args);
    if (request.help) process.stdout.write(USAGE);
    else await compare(request);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const usage = error instanceof UsageError;
    process.stderr.write(`\nerror: ${message}\n${usage ? `\n${USAGE}` : ''}`);
    return usage ? 2 : 1;
  }
}

async function compare({ preset, seed, json, out }: Request): Promise<void> {
  const settings = presets[preset];
  const { sigma, trainingDigits, evaluationDigits } = settings;
  process.stderr.write(
    `CAT-RS beside plain Gaussian training, on handwritten digits with noise sigma ${sigma}:\n` +
      `${trainingDigits} digits to train on, ${evaluationDigits} others to certify, ${THREADS} threads, seed ${seed}.\n` +
      `It takes ${durations[preset]}.\n\n`,
  );
  const digits = await loadDigits();
  const pool = new WorkerPool({ size: THREADS, workerData: { digits } satisfies WorkerInput });
  try {
    const board = new ProgressBoard(process.stderr, PHASES);
    const outcome = await runExperiment(pool, {
      settings,
      seed,
      part: 'evaluation',
      onPhase: (...progress) => board.update(...progress),
    });
    const files = await writeOutput(out === undefined ? USUAL_FOLDER : resolve(out), outcome, settings);
    const report = makeReport(outcome, { settings, seed, files, seconds: performance.now() / 1000 });
    process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : formatReport(report));
  } finally {
    await pool.close();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    process.stderr.write('\nStopped before the end; nothing was written.\n');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
process.exitCode = await main(process.argv.slice(2));

/**
 * One trial of the search for settings, on the validation digits: the evaluation digits play no part in it.
 *
 * `npx tsx examples/digits/search.ts [preset=default] [seed=0] [out=results/digits/search.jsonl] [name=value ...]` where a name is
 * one of settings.ts. Makes the same comparison as main.ts with these settings, and appends one JSON line to the file.
 * Needs `npm run build` first.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { averageCertifiedRadius } from 'catrs';
import { loadDigits } from './data.ts';
import { PHASES, runExperiment } from './experiment.ts';
import { WorkerPool } from './pool.ts';
import { ProgressBoard } from './progress.ts';
import { presets } from './settings.ts';
import type { PresetName, Settings } from './settings.ts';
import type { WorkerInput } from './worker.ts';

interface Trial {
  readonly settings: Settings;
  readonly seed: number;
  readonly out: string;
}

function parseTrial(args: readonly string[]): Trial {
  const pairs = Object.fromEntries(args.map((argument) => argument.split('=', 2) as [string, string]));
  const { preset = 'default', seed = '0', out = 'results/digits/search.jsonl', ...changes } = pairs;
  const base = presets[preset as PresetName] as Settings | undefined;
  if (base === undefined) throw new Error(`preset must be one of ${Object.keys(presets).join(', ')}, got '${preset}'`);
  const numbers = Object.entries(changes).map(([name, value]): [string, number] => {
    if (name in base && Number.isFinite(parseFloat(value))) return [name, Number(value)];
    throw new Error(`${name}=${value} must be a setting with a number; settings: ${Object.keys(base).join(', ')}`);
  });
  return { settings: { ...base, ...Object.fromEntries(numbers) }, seed: Number(seed), out };
}

async function runTrial({ settings, seed, out }: Trial): Promise<void> {
  const pool = new WorkerPool({ size: 2, workerData: { digits: await loadDigits() } satisfies WorkerInput });
  try {
    const board = new ProgressBoard(process.stderr, PHASES);
    const { gaussian, catrs, difference } = await runExperiment(pool, {
      settings,
      seed,
      part: 'validation',
      onPhase: (...progress) => board.update(...progress),
    });
    const averageRadius = {
      gaussian: averageCertifiedRadius(gaussian.rows),
      catrs: averageCertifiedRadius(catrs.rows),
    };
    const trainingSeconds = { gaussian: gaussian.trainingSeconds, catrs: catrs.trainingSeconds };
    const seconds = performance.now() / 1000;
    const line = JSON.stringify({ settings, seed, averageRadius, difference, trainingSeconds, seconds });
    await mkdir(dirname(out), { recursive: true });
    await appendFile(out, `${line}\n`);
    process.stdout.write(`${line}\n`);
  } finally {
    await pool.close();
  }
}

try {
  await runTrial(parseTrial(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

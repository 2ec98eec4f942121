import { latexTable, markdownTable } from '../evaluate/tables.ts';
import type { LoggedRow } from '../evaluate/log-row.ts';
import { analysisOf, type LogAnalysis } from './log-analysis.ts';
import { logNames } from './log-names.ts';
import { note, printJson } from './note.ts';
import { type PlotSettings, writePlots } from './plot-logs.ts';
import { readLog } from './read-log.ts';
import { radiiFor, summaryText } from './summary.ts';
import type { CliIo } from './types.ts';

/** The options of `catrs analyze`. @internal */
export interface AnalyzeSettings extends PlotSettings {
  readonly radii?: readonly number[];
  readonly table: 'text' | 'markdown' | 'latex';
  readonly alpha?: number;
  readonly json?: true;
}

/** One log. @internal */
export interface NamedLog {
  readonly name: string;
  readonly file: string;
  readonly rows: readonly LoggedRow[];
}

/** Prints tables of logs and writes their plots. @internal */
export async function analyze(files: readonly string[], settings: AnalyzeSettings, io: CliIo): Promise<void> {
  const names = logNames(files);
  const logs: NamedLog[] = [];
  for (const [i, file] of files.entries()) logs.push({ name: names[i] ?? file, file, rows: await readLog(file) });
  const radii = settings.radii ?? radiiFor(logs.map(({ rows }) => rows));
  const analyses = logs.map((log) => analysisOf(log, { radii, ...settings, first: logs[0] }));
  // Tables first: they need nothing that could be missing.
  if (!settings.json) io.stdout(tables(analyses, radii, settings.table));
  const plots = await writePlots(logs, settings);
  if (settings.json) printJson(io, { radii, logs: analyses, plots });
  else for (const file of plots) note(io, `wrote ${file}`);
}

function tables(analyses: readonly LogAnalysis[], radii: readonly number[], kind: AnalyzeSettings['table']): string {
  const methods = analyses.map(({ name, certifiedAccuracy }) => ({
    name,
    accuracies: certifiedAccuracy.map(({ accuracy }) => accuracy),
  }));
  if (kind === 'markdown') return `${markdownTable(methods, radii).trimEnd()}\n`;
  if (kind === 'latex') return `${latexTable(methods, radii).trimEnd()}\n`;
  return analyses.map((analysis) => `${summaryText(analysis.name, analysis)}${moreText(analysis)}`).join('\n');
}

/** What only whole logs say: bounds, the class probability, the comparison with the first log. */
function moreText({ highProbabilityAccuracy, probability, difference }: LogAnalysis): string {
  const lines: string[] = [];
  if (highProbabilityAccuracy) {
    const values = highProbabilityAccuracy.map(({ radius, accuracy }) => `${radius}: ${(100 * accuracy).toFixed(1)}`);
    lines.push(`  but for wrong certificates, with probability 99.9 %, at least: ${values.join(', ')} %`);
  }
  if (probability) {
    const values = probability.map(({ probability: p, share }) => `${p}: ${(100 * share).toFixed(1)}`);
    lines.push(`  share correct with p_A of at least ${values.join(', ')} %`);
  }
  if (difference) {
    const { to, mean, low, high } = difference;
    const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(3)}`;
    lines.push(
      `  average certified radius to ${to}: ${signed(mean)} (95 %: ${signed(low)} to ${signed(high)}, paired)`,
    );
  }
  return lines.map((text) => `${text}\n`).join('');
}

import { certifiedAccuracyCurve } from '../evaluate/metrics.ts';
import { probabilityDistribution } from '../evaluate/probability-distribution.ts';
import { radiusUnit } from '../evaluate/radius-unit.ts';
import { latexTable, markdownTable } from '../evaluate/tables.ts';
import { certifiedAccuracySpec } from '../plots/certified-accuracy-spec.ts';
import { probabilityDistributionSpec } from '../plots/probability-distribution-spec.ts';
import { renderSvg, type VegaLiteSpec } from '../plots/render-svg.ts';
import { rangeIn } from '../smoothed/range-assumption.ts';
import type { AnalyzeSettings } from './commands/analyze.ts';
import { CliError, type CliIo, note, printJson } from './io.ts';
import { analysisOf, canGiveProbability, type LogAnalysis } from './log-analysis.ts';
import { type NamedLog, normOf, radiiFor, summaryText } from './log-figures.ts';
import { type PredictionAnalysis, predictionAnalysisOf, predictionText } from './prediction-figures.ts';
import { type NamedPredictions, readLogs } from './read-logs.ts';
import { analyzeOutputs, outputLogs } from './outputs/analyze-outputs.ts';
import { writePicture } from './write-picture.ts';

/** Prints tables of logs and writes their plots. @internal */
export async function analyze(settings: AnalyzeSettings, io: CliIo, files: readonly string[]): Promise<void> {
  const outputs = await outputLogs(files, settings);
  if (outputs !== undefined) return analyzeOutputs(settings, io, outputs);
  const { curve, picture, pictureInputs, pictureRadii } = settings;
  const ofOutputs = { '--curve': curve, '--picture': picture, '--picture-inputs': pictureInputs, '--picture-radii': pictureRadii }; // prettier-ignore
  const [flag] = Object.entries(ofOutputs).find(([, value]) => value !== undefined) ?? [];
  if (flag !== undefined) {
    throw new CliError(`${flag} is for logs of other outputs than classes, got ${files.join(', ')} (leave it out)`);
  }
  const { certificates: logs, predictions } = await readLogs(files, settings.pieces === true, io);
  checkUse(logs, predictions, settings, io);
  const { table: kind } = settings;
  const unit = radiusUnit(logs.flatMap(({ rows }) => rows));
  const inputRange = rangeOf(logs, settings, io);
  const radii = settings.radii ?? radiiFor(logs.map(({ rows }) => rows));
  const analyses = logs.map((log) =>
    analysisOf(log, { radii, alpha: settings.alpha, sigma: settings.sigma, first: logs[0] }),
  );
  const predicted = predictions.map(({ name, file, rows }) => predictionAnalysisOf(name, file, rows));
  // Tables first: they need nothing that could be missing.
  if (!settings.json) io.stdout(tables(analyses, predicted, { radii, kind, inputRange, unit }));
  const plots = await writePlots(logs, { ...settings, inputRange, unit });
  if (settings.json) printJson(io, { radii, inputRange, logs: analyses, predictions: predicted, plots });
  else for (const file of plots) note(io, `wrote ${file}`);
}

/** The range in whose units the radii are: that of the option or of the logs, which must not contradict each other; undefined where none names one. */
function rangeOf(logs: readonly NamedLog[], { inputRange }: AnalyzeSettings, io: CliIo): AnalyzeSettings['inputRange'] {
  const named = logs.flatMap(({ name, file, rows }) => {
    const range = rangeIn(rows.find(({ certificate }) => certificate)?.certificate?.assumptions ?? []);
    return range ? [{ name, file, range, shown: range.join(' to ') }] : [];
  });
  const other = inputRange && named.find(({ shown }) => shown !== inputRange.join(' to '));
  if (other) {
    const got = `${other.file}, which is in units of ${other.shown}`;
    throw new CliError(
      `--input-range must be that of the logs, got ${inputRange.join(' to ')} for ${got} (leave it out)`,
    );
  }
  const [first] = named;
  if (first === undefined || inputRange) return inputRange;
  if (named.length === logs.length && named.every(({ shown }) => shown === first.shown)) return first.range;
  const units = logs.map(
    ({ name }) => `${named.find((one) => one.name === name)?.shown ?? '0 to 1, or not named'} in ${name}`,
  );
  note(io, `radii in units of different input ranges cannot be compared: ${units.join(', ')}`);
  return undefined;
}

/** Says what logs are not used for, and which cannot be compared. */
function checkUse(
  logs: readonly NamedLog[],
  predictions: readonly NamedPredictions[],
  { plot, plotProbability, table, json }: AnalyzeSettings,
  io: CliIo,
): void {
  const drawn = [plot !== undefined || plotProbability !== undefined, table !== 'text' && json !== true];
  const uses = ['a plot', `a ${table} table`].filter((_, i) => drawn[i]).join(' and ');
  const [one] = predictions;
  if (one !== undefined && uses !== '') {
    if (logs.length === 0) {
      throw new CliError(
        `${one.file}: has predictions only, and no certificates for ${uses} (take logs of certificates)`,
      );
    }
    for (const { file } of predictions) note(io, `${file}: has predictions only, and is left out of ${uses}`);
  }
  const norms = logs.flatMap(({ name, rows }) => {
    const norm = normOf(rows);
    const unit = radiusUnit(rows);
    // Scales of other noises are other units.
    const scales = norm === 'scaled' ? ` ${JSON.stringify(rows[0]?.certificate?.noise.parameters)}` : '';
    const measure = unit === undefined ? norm : `${norm} (${unit}${scales})`;
    return norm === undefined ? [] : [{ name, measure }];
  });
  if (new Set(norms.map(({ measure }) => measure)).size > 1) {
    const said = norms.map(({ name, measure }) => `${measure} in ${name}`).join(', ');
    note(io, `radii of different norms cannot be compared: ${said}`);
  }
}

interface TableForm {
  readonly radii: readonly number[];
  readonly kind: AnalyzeSettings['table'];
  readonly inputRange: AnalyzeSettings['inputRange'];
  /** What radii count; undefined where one of them is a length. */
  readonly unit: string | undefined;
}

function tables(
  analyses: readonly LogAnalysis[],
  predicted: readonly PredictionAnalysis[],
  { radii, kind, inputRange, unit }: TableForm,
): string {
  const methods = analyses.map(({ name, certifiedAccuracy }) => ({
    name,
    accuracies: certifiedAccuracy.map(({ accuracy }) => accuracy),
  }));
  if (kind === 'markdown') return `${markdownTable(methods, radii, { unit }).trimEnd()}\n`;
  if (kind === 'latex') return `${latexTable(methods, radii, { unit }).trimEnd()}\n`;
  return [
    ...analyses.map((analysis) => `${summaryText(analysis.name, analysis, inputRange)}${moreText(analysis)}`),
    ...predicted.map(predictionText),
  ].join('\n');
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

/** Writes the plots that are asked for, and gives their files. */
async function writePlots(
  logs: readonly NamedLog[],
  settings: AnalyzeSettings & Pick<TableForm, 'unit'>,
): Promise<string[]> {
  const { plot, plotProbability, title, sigma, unit } = settings;
  const inputRange = unit === undefined ? settings.inputRange : undefined;
  const specs: (readonly [string, VegaLiteSpec])[] = [];
  if (plot !== undefined) {
    const curves = logs.map(({ name, rows }) => ({ name, points: certifiedAccuracyCurve(rows) }));
    specs.push([plot, certifiedAccuracySpec(curves, { title, inputRange, unit })]);
  }
  if (plotProbability !== undefined) {
    const unknown = logs.find(({ rows }) => !canGiveProbability(rows, sigma));
    if (unknown) throw new CliError(`${unknown.file}: does not hold its class probabilities (add --sigma)`);
    const curves = logs.map(({ name, rows }) => ({
      name,
      points: probabilityDistribution(rows, { sigma: radiusUnit(rows) === undefined ? sigma : undefined }),
    }));
    specs.push([plotProbability, probabilityDistributionSpec(curves, { title })]);
  }
  for (const [file, spec] of specs) await writePicture(file, await renderSvg(spec), settings.force === true);
  return specs.map(([file]) => file);
}

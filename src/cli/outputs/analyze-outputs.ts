import { outputFigures } from '../../evaluate/output-figures.ts';
import type { OutputLog } from '../../evaluate/output-log.ts';
import type { OutputCurve, OutputFigures } from '../../evaluate/task-evaluation.ts';
import { outputCurvesSpec } from '../../plots/output-curves-spec.ts';
import { renderSvg } from '../../plots/render-svg.ts';
import type { AnalyzeSettings } from '../commands/analyze.ts';
import { CliError, type CliIo, note, printJson } from '../io.ts';
import { logNames } from '../log-names.ts';
import { writePicture } from '../write-picture.ts';
import { type MaskPicture, maskPicture } from './mask-picture.ts';
import { figuresText } from './output-figures-text.ts';
import { readOutputs } from './read-outputs.ts';

/** A log of outputs, under a short name. @internal */
export interface NamedOutputs extends OutputLog {
  readonly name: string;
  readonly file: string;
}

/** The logs, if they are of outputs; undefined if none is. Throws CliError for logs of classes among them, and of several tasks. @internal */
export async function outputLogs(
  files: readonly string[],
  { pieces }: Pick<AnalyzeSettings, 'pieces'>,
): Promise<readonly NamedOutputs[] | undefined> {
  const names = logNames(files);
  const read: (OutputLog | undefined)[] = [];
  for (const file of files) read.push(await readOutputs(file));
  const logs = read.flatMap((log, i) => (log ? [{ ...log, name: names[i] ?? '', file: files[i] ?? '' }] : []));
  const [first] = logs;
  if (first === undefined) return undefined;
  const other = files.find((_, i) => read[i]?.task !== first.task);
  if (other !== undefined) {
    const task = read[files.indexOf(other)]?.task ?? 'classes';
    throw new CliError(`${other}: must be a log of ${first.task} as ${first.file}, got one of ${task}`);
  }
  return pieces ? [asOne(logs, first)] : logs;
}

function asOne(logs: readonly NamedOutputs[], first: NamedOutputs): NamedOutputs {
  const rows = logs.flatMap((log) => log.rows.map((row) => ({ row, file: log.file })));
  const seen = new Map<number, string>();
  for (const { row, file } of rows) {
    const before = seen.get(row.index);
    if (before !== undefined)
      throw new CliError(`${file}: must have other inputs than the other pieces, got ${row.index} of ${before} again`);
    seen.set(row.index, file);
  }
  const file = logs.map((log) => log.file).join(' ');
  return { ...first, file, rows: rows.map(({ row }) => row) };
}

/** Prints the figures of logs of outputs and writes a plot of their curves. @internal */
export async function analyzeOutputs(
  settings: AnalyzeSettings,
  io: CliIo,
  logs: readonly NamedOutputs[],
): Promise<void> {
  refuseOptions(settings, logs[0]?.file ?? '');
  const some = logs.filter(({ rows }) => rows.length > 0);
  for (const { file, rows } of logs) if (rows.length === 0) note(io, `${file}: has no row, and is left out`);
  if (some.length === 0) throw new CliError(`${logs[0]?.file}: must have at least one row, got none`);
  const found = some.map((log) => ({ ...log, figures: outputFigures(log.rows) }));
  const { plot, json } = settings;
  const shown = pictureOf(settings, some);
  if (!json) io.stdout(found.map(({ name, figures }) => figuresText(name, figures)).join(''));
  if (plot !== undefined) {
    const { curves, others } = chosenCurves(found, settings.curve);
    await writePicture(
      plot,
      await renderSvg(outputCurvesSpec(curves, { title: settings.title })),
      settings.force === true,
    );
    const more =
      others.length === 0 ? '' : ` (--curve draws others: ${others.map((y) => JSON.stringify(y)).join(', ')})`;
    note(io, `wrote ${plot}: ${curves[0]?.y}${more}`);
  }
  if (shown) {
    await writePicture(shown.file, shown.png, settings.force === true);
    note(io, `wrote ${shown.file}: ${shown.legend}`);
  }
  if (json) {
    const logged = found.map(({ name, file, figures }) => ({ name, file, ...figures }));
    printJson(io, { logs: logged, plots: [plot, shown?.file].filter((file) => file !== undefined) });
  }
}

/** The picture of masks that is asked for. */
function pictureOf(
  { picture: file, pictureInputs: inputs, pictureRadii: radii }: AnalyzeSettings,
  logs: readonly NamedOutputs[],
): (MaskPicture & { readonly file: string }) | undefined {
  if (file !== undefined) return { file, ...maskPicture(logs, { inputs, radii }) };
  if (inputs === undefined && radii === undefined) return undefined;
  const flag = inputs === undefined ? '--picture-radii' : '--picture-inputs';
  throw new CliError(`--picture must be given with ${flag}: where the picture goes`);
}

/** Throws CliError for an option that says something of classes only. */
function refuseOptions(settings: AnalyzeSettings, file: string): void {
  const { table, radii, alpha, sigma, inputRange, plotProbability } = settings;
  const given = { '--radii': radii, '--alpha': alpha, '--sigma': sigma, '--input-range': inputRange, '--plot-probability': plotProbability, '--table': table === 'text' ? undefined : table }; // prettier-ignore
  const flag = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (flag === undefined) return;
  throw new CliError(
    `${flag} is for logs of classes, got ${file} of other outputs, which says it itself (leave it out)`,
  );
}

/** A log with its figures. */
interface FoundFigures extends NamedOutputs {
  readonly figures: OutputFigures;
}

/** The curves of one pair of axes: those that are named by what is at the side, or the first ones against a radius. */
function chosenCurves(
  logs: readonly FoundFigures[],
  asked: string | undefined,
): { readonly curves: readonly OutputCurve[]; readonly others: readonly string[] } {
  const all = logs.flatMap(({ figures }) => figures.curves).filter(({ points }) => points.length > 0);
  const ordered = [...all.filter(isOfRadius), ...all.filter((curve) => !isOfRadius(curve))];
  const names = [...new Set(ordered.map(({ y }) => y))];
  const chosen = ordered.find(({ y }) => y === (asked ?? names[0]));
  if (names.length === 0) throw new CliError(`${logs[0]?.file}: must have curves for a plot, got figures only`);
  if (chosen === undefined) {
    const known = names.map((name) => JSON.stringify(name)).join(', ');
    throw new CliError(`--curve must be one of ${known}, got ${JSON.stringify(asked)}`);
  }
  return { curves: joined(logs, chosen), others: names.filter((name) => name !== chosen.y) };
}

const isOfRadius = ({ x }: OutputCurve): boolean => x.startsWith('radius');

/** The curves of logs with these axes. Curves of one point each, as those of runs with one radius, are joined over the logs of one noise. */
function joined(logs: readonly FoundFigures[], { x, y }: OutputCurve): OutputCurve[] {
  const found = logs.flatMap((log) =>
    log.figures.curves
      .filter((curve) => curve.x === x && curve.y === y && curve.points.length > 0)
      .map((curve) => ({ log, curve })),
  );
  const labels = new Set(found.map(({ curve }) => curve.label));
  if (logs.length === 1) return found.map(({ curve }) => curve);
  const named = (name: string, label: string): string => (labels.size === 1 ? name : `${name}, ${label}`);
  if (found.some(({ curve }) => curve.points.length > 1)) {
    return found.map(({ log, curve }) => ({ ...curve, label: named(log.name, curve.label) }));
  }
  const groups = new Map<string, OutputCurve>();
  for (const { log, curve } of found) {
    const label = named(noiseText(log), curve.label);
    const before = groups.get(label);
    const points = [...(before?.points ?? []), ...curve.points].sort(([a], [b]) => a - b);
    groups.set(label, { ...curve, label, points });
  }
  const twice = [...groups.values()].some(({ points }) => points.some(([at], i) => points[i - 1]?.[0] === at));
  // Two logs of one noise and one radius: each is shown by itself.
  return twice
    ? found.map(({ log, curve }) => ({ ...curve, label: named(log.name, curve.label) }))
    : [...groups.values()];
}

function noiseText({ rows: [row] }: NamedOutputs): string {
  const { name, parameters } = row?.certificate.noise ?? { name: '', parameters: {} };
  return [name, ...Object.entries(parameters).map(([key, value]) => `${key} ${String(value)}`)].join(' ');
}

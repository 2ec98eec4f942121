import { writeFile } from 'node:fs/promises';
import { certifiedAccuracyCurve } from '../evaluate/metrics.ts';
import { probabilityDistribution } from '../evaluate/probability-distribution.ts';
import { certifiedAccuracySpec } from '../plots/certified-accuracy-spec.ts';
import { probabilityDistributionSpec } from '../plots/probability-distribution-spec.ts';
import { renderSvg, type VegaLiteSpec } from '../plots/render-svg.ts';
import type { NamedLog } from './analyze.ts';
import { CliError } from './cli-error.ts';
import { inFile } from './in-file.ts';
import { canGiveProbability } from './log-analysis.ts';

/** Which plots to write. @internal */
export interface PlotSettings {
  readonly plot?: string;
  readonly plotProbability?: string;
  readonly title?: string;
  readonly sigma?: number;
  readonly force?: true;
}

/** Writes the plots that are asked for, and gives their files. @internal */
export async function writePlots(logs: readonly NamedLog[], settings: PlotSettings): Promise<string[]> {
  const { plot, plotProbability, title, sigma } = settings;
  const options = title === undefined ? {} : { title };
  const specs: (readonly [string, VegaLiteSpec])[] = [];
  if (plot !== undefined) {
    const curves = logs.map(({ name, rows }) => ({ name, points: certifiedAccuracyCurve(rows) }));
    specs.push([plot, certifiedAccuracySpec(curves, options)]);
  }
  if (plotProbability !== undefined) {
    const unknown = logs.find(({ rows }) => !canGiveProbability(rows, sigma));
    if (unknown) throw new CliError(`${unknown.file}: does not hold its class probabilities (add --sigma)`);
    const curves = logs.map(({ name, rows }) => ({
      name,
      points: probabilityDistribution(rows, sigma === undefined ? {} : { sigma }),
    }));
    specs.push([plotProbability, probabilityDistributionSpec(curves, options)]);
  }
  for (const [file, spec] of specs) await writeSvg(file, await renderSvg(spec), settings.force === true);
  return specs.map(([file]) => file);
}

async function writeSvg(file: string, svg: string, replaces: boolean): Promise<void> {
  await inFile(file, async () => {
    try {
      await writeFile(file, svg, { flag: replaces ? 'w' : 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new CliError(`${file}: must be a new file, got one that exists (add --force to replace it)`);
    }
  });
}

/**
 * The pictures of the results page.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certifiedAccuracyCurve } from 'catrs';
import type { LoggedRow } from 'catrs';
import { certifiedAccuracySpec, renderSvg } from 'catrs/plots';
import type { VegaLiteSpec } from 'catrs/plots';
import type { PublishedMethod } from 'catrs/recipes';
import { learningCurvesSpec } from './learning-curves-spec.ts';
import { cappedRows } from './official-at-n.ts';
import { hasLog } from './ranking.ts';
import { readResults, titleOf } from './read-results.ts';
import type { Results, ResultsPlaces } from './read-results.ts';

const TITLE = 'Fashion-MNIST, σ = 0.25';

/** Writes the pictures into the folder of the results; returns their names. Those that nothing is known for are left out. */
export async function writePlots(folder: string, places: Omit<ResultsPlaces, 'folder'> = {}): Promise<string[]> {
  const specs = Object.entries(plotSpecs(await readResults({ ...places, folder })));
  const written = specs.map(async ([name, spec]) => {
    await writeFile(join(folder, name), `${await renderSvg(spec)}\n`);
    return name;
  });
  return Promise.all(written);
}

/** The specifications by file name. */
export function plotSpecs(results: Results): Record<string, VegaLiteSpec> {
  const rivals: readonly PublishedMethod[] = ['gaussian', 'catrs'];
  const run = results.methods.filter(hasLog);
  const both = run.filter(({ method }) => rivals.includes(method));
  // The colours begin again after the seventh curve: first the two methods that also have an official curve.
  const all = [...both, ...run.filter(({ method }) => !rivals.includes(method))];
  const ours = (side: (typeof run)[number], suffix = ''): Curve =>
    curve(`${titleOf(side.method)}${suffix}`, side.log.rows);
  const official = ({ method, log, official: rows }: (typeof run)[number]): Curve => {
    const images = new Set(log.rows.map(({ index }) => index));
    const same = rows.filter(({ index }) => images.has(index));
    return curve(`${titleOf(method)} official`, cappedRows(same, log.setup));
  };
  const learning = learningCurvesSpec(results);
  return {
    ...(all.length > 0 && {
      'certified-accuracy.svg': certifiedAccuracySpec([...all.map((side) => ours(side)), ...both.map(official)], {
        title: TITLE,
        width: 560,
        height: 340,
      }),
    }),
    ...(both.length > 0 && {
      'catrs-vs-gaussian.svg': certifiedAccuracySpec(
        [...both.map((side) => ours(side, ' ours')), ...both.map(official)],
        {
          title: `${TITLE}, same images and cap`,
        },
      ),
    }),
    ...(learning && { 'learning-curves.svg': learning }),
  };
}

type Curve = Parameters<typeof certifiedAccuracySpec>[0][number];

function curve(name: string, rows: readonly LoggedRow[]): Curve {
  return { name, points: certifiedAccuracyCurve(rows) };
}

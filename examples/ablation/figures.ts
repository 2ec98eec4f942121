/**
 * What the examples of ablation find: clean and certified accuracy by the number of changed positions, as a table and a picture.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certifiedAccuracy, type CertifiedRow } from 'catrs';
import { renderSvg } from 'catrs/plots';

/** The figures of one run. */
export interface AblationFigures {
  readonly images: number;
  readonly n: number;
  readonly alpha: number;
  /** Share of inputs whose class is right and proven: at least 0 changes. */
  readonly clean: number;
  readonly abstained: number;
  /** Number of changes that half of all inputs are certified for with the right class; undefined where it is fewer than half at 0. */
  readonly median: number | undefined;
  /** Share right and certified for at least r changes, r = 0, 1, ... up to the largest radius. */
  readonly atLeast: readonly number[];
  readonly secondsEach: number;
  /** What is counted, in the plural. */
  readonly unit: string;
}

/** Puts the rows of a run together. */
export function figuresOf(
  rows: readonly CertifiedRow[],
  { seconds, ...run }: Pick<AblationFigures, 'n' | 'alpha' | 'unit'> & { readonly seconds: number },
): AblationFigures {
  const largest = Math.max(...rows.map(({ radius }) => radius));
  const radii = Array.from({ length: largest + 1 }, (_, r) => r);
  const atLeast = certifiedAccuracy(rows, radii);
  const median = atLeast.findLastIndex((share) => share >= 0.5);
  return {
    ...run,
    images: rows.length,
    clean: atLeast[0] ?? 0,
    abstained: rows.filter(({ abstained }) => abstained).length / rows.length,
    median: median < 0 ? undefined : median,
    atLeast,
    secondsEach: seconds / rows.length,
  };
}

/** The table "at least r", in Markdown. */
export function tableOf(named: Readonly<Record<string, AblationFigures>>, radii: readonly number[]): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const lines = Object.entries(named).map(
    ([name, { atLeast, median, abstained }]) =>
      `| ${name} | ${radii.map((r) => percent(atLeast[r] ?? 0)).join(' | ')} | ${median ?? 'none'} | ${percent(abstained)} |`,
  );
  const head = `|  | ${radii.map((r) => `r ≥ ${r}`).join(' | ')} | median r | abstained |`;
  return [head, head.replaceAll(/[^|]+/g, ' --- '), ...lines, ''].join('\n');
}

/** The stairs of one or more runs as SVG: share certified for at least r changes. */
export function pictureOf(named: Readonly<Record<string, AblationFigures>>, title: string): Promise<string> {
  const [{ unit } = { unit: '' }] = Object.values(named);
  // A radius covers every number of changes up to it: the stair falls behind it.
  const values = Object.entries(named).flatMap(([run, { atLeast }]) =>
    [...atLeast, 0].map((share, r) => ({ run, r, share: 100 * share })),
  );
  return renderSvg({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title,
    width: 480,
    height: 280,
    background: 'white',
    data: { values },
    mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2 },
    encoding: {
      x: { field: 'r', type: 'quantitative', title: `changed ${unit}, at most`, axis: { tickMinStep: 1 } },
      y: { field: 'share', type: 'quantitative', title: 'right and certified (%)', scale: { domain: [0, 100] } },
      color: { field: 'run', type: 'nominal', title: null, sort: Object.keys(named) },
    },
  });
}

/** Says the figures on the console; with `--report folder` on the command line the picture and the figures go there. */
export async function tell(
  name: string,
  named: Readonly<Record<string, AblationFigures>>,
  title: string,
): Promise<void> {
  const [first] = Object.values(named);
  if (first === undefined) return;
  const longest = Math.max(...Object.values(named).map(({ atLeast }) => atLeast.length));
  const radii = Array.from({ length: longest }, (_, r) => r);
  console.log(
    `${first.images} inputs, n = ${first.n}, alpha = ${first.alpha}: share right and certified for at least r ${first.unit}`,
  );
  console.log(tableOf(named, radii));
  const at = process.argv.indexOf('--report');
  const folder = at < 0 ? undefined : process.argv[at + 1];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.svg`), await pictureOf(named, title));
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(named, null, 2)}\n`);
}

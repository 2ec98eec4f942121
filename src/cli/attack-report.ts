import { brokenCertificates, empiricalRobustAccuracy } from '../evaluate/attacked-metrics.ts';
import { certifiedAccuracy } from '../evaluate/metrics.ts';
import type { LoggedRow } from '../evaluate/rows.ts';
import type { AttackLogRow } from '../node/attack-log-rows.ts';
import type { AttackSettings } from './commands/attack.ts';
import { CliError, type CliIo, EXIT, printJson } from './io.ts';

/** What belongs to the figures. @internal */
export interface AttackContext {
  readonly settings: AttackSettings;
  readonly certified: readonly LoggedRow[] | undefined;
  readonly runtime: string;
  readonly engine: string;
}

/** Prints the figures of an attacked data set. Throws CliError (exit code 1) if a certificate is contradicted. @internal */
export function reportAttack(cells: readonly AttackLogRow[], context: AttackContext, io: CliIo): void {
  const { settings, runtime, engine } = context;
  const { attack, norm, steps, numNoise, sigma, out, json } = settings;
  const first = cells.filter(({ clean, epsilon }) => clean !== undefined && epsilon === settings.epsilon[0]);
  if (first.length === 0) {
    if (json) printJson(io, { runtime, engine, images: 0 });
    else io.stdout('no image in this part of the run\n');
    return;
  }
  const robust = settings.epsilon.map((epsilon) =>
    empiricalRobustAccuracy(cells.filter((cell) => cell.epsilon === epsilon)),
  );
  const cleanAccuracy = first.filter(({ clean, label }) => clean === label).length / first.length;
  const comparison = compare(cells, context);
  const figures = {
    images: first.length,
    cleanAccuracy,
    empiricalRobustAccuracy: settings.epsilon.map((epsilon, i) => ({ epsilon, accuracy: robust[i] ?? 0 })),
    ...comparison,
  };
  if (json)
    printJson(io, {
      file: out,
      runtime,
      engine,
      attack,
      norm,
      steps,
      numNoise,
      sigma,
      ...figures,
    });
  else {
    io.stdout(`${attack}, ${norm}, ${steps} steps on ${numNoise} copies: ${first.length} images, on ${engine}\n`);
    io.stdout(`  correct without attack ${percent(cleanAccuracy)} %\n`);
    const rows: [string, readonly (number | undefined)[]][] = [['under attack at most %', robust]];
    if (comparison) rows.push([`certified at least %`, comparison.certifiedAccuracy.map(({ accuracy }) => accuracy)]);
    const { inputRange = [0, 1] } = settings;
    io.stdout(`  sigma and epsilon in units of the input range ${inputRange.join(' to ')}\n`);
    io.stdout(`  ${'epsilon'.padEnd(24)}${settings.epsilon.map((epsilon) => String(epsilon).padStart(8)).join('')}\n`);
    for (const [name, values] of rows) {
      io.stdout(`  ${name.padEnd(24)}${values.map((value) => percent(value ?? 0).padStart(8)).join('')}\n`);
    }
    if (comparison) io.stdout(`  contradicted certificates: ${comparison.brokenCertificates.length}\n`);
  }
  if (comparison && comparison.brokenCertificates.length > 0) {
    const images = [...new Set(comparison.brokenCertificates.map(({ index }) => index))].join(', ');
    const text = `certificates must hold under attack, got another class within the radius of image ${images} (is it the same model, sigma and data?)`;
    throw new CliError(text, EXIT.failed);
  }
}

const percent = (share: number): string => (100 * share).toFixed(1);

interface Comparison {
  readonly certifiedAccuracy: readonly { readonly epsilon: number; readonly accuracy: number }[];
  readonly brokenCertificates: readonly AttackLogRow[];
}

/** What the log says of the images that were attacked. */
function compare(cells: readonly AttackLogRow[], { certified, settings }: AttackContext): Comparison | undefined {
  if (certified === undefined) return undefined;
  const accuracies = certifiedAccuracy(certified, settings.epsilon);
  const brokenCells = settings.epsilon.flatMap((epsilon) =>
    brokenCertificates(
      certified,
      cells.filter((cell) => cell.epsilon === epsilon),
    ),
  );
  return {
    certifiedAccuracy: settings.epsilon.map((epsilon, i) => ({ epsilon, accuracy: accuracies[i] ?? 0 })),
    brokenCertificates: brokenCells,
  };
}

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { abstentionRate } from '../../src/evaluate/abstention-rate.ts';
import { averageCertifiedRadius } from '../../src/evaluate/average-certified-radius.ts';
import { certifiedAccuracy, certifiedAccuracyCurve } from '../../src/evaluate/certified-accuracy.ts';
import type { CertifiedOutcome } from '../../src/evaluate/certified-outcome.ts';
import { markdownTable } from '../../src/evaluate/markdown-table.ts';
import { readFixture } from '../helpers/fixtures.ts';

interface PublishedLog {
  readonly path: string;
  readonly log_file: string | null;
  readonly rows: number;
  readonly abstain: number;
  readonly acr: number;
  readonly radii: number[];
  readonly approximate_accuracy: number[];
}

interface PublishedTable {
  readonly file: string;
  readonly legends_in_order: string[];
  readonly logs_in_order: string[];
}

interface Reference {
  readonly logs: PublishedLog[];
  readonly tables: PublishedTable[];
}

const fixture = (name: string): URL => new URL(`../fixtures/${name}`, import.meta.url);

async function readPublishedRows(name: string): Promise<CertifiedOutcome[]> {
  const [, ...lines] = gunzipSync(await readFile(fixture(name)))
    .toString()
    .trimEnd()
    .split('\n');
  return lines.map((line) => {
    const [index, label, predicted, radius, correct] = line.split('\t').map(Number);
    return {
      index: index!,
      label: label!,
      predicted: predicted!,
      radius: radius!,
      correct: correct === 1,
      abstained: predicted === -1,
    };
  });
}

describe('metrics of a published CAT-RS log (Fashion-MNIST, sigma 0.25)', () => {
  it('equal the reference', async () => {
    const { logs } = await readFixture<Reference>('analysis_reference.json');
    const log = logs.find(({ log_file }) => log_file === 'logs/fmnist/cat-rs__0.25.tsv.gz')!;
    const rows = await readPublishedRows(log.log_file!);
    expect(rows.length).toBe(log.rows);
    expect(abstentionRate(rows)).toBe(log.abstain / log.rows);
    expect(averageCertifiedRadius(rows)).toBeCloseTo(log.acr, 12);
    expect(certifiedAccuracy(rows, log.radii)).toEqual(log.approximate_accuracy);
  });

  it('the curve agrees with the accuracies at its corners', async () => {
    const rows = await readPublishedRows('logs/fmnist/cat-rs__0.25.tsv.gz');
    const curve = certifiedAccuracyCurve(rows);
    expect(curve.map(({ accuracy }) => accuracy)).toEqual(
      certifiedAccuracy(
        rows,
        curve.map(({ radius }) => radius),
      ),
    );
  });
});

describe('markdownTable', () => {
  it.each(['table_cifar10_0.5_markdown.txt', 'table_fmnist_0.5_markdown.txt'])('%s, byte for byte', async (file) => {
    const { logs, tables } = await readFixture<Reference>('analysis_reference.json');
    const table = tables.find((entry) => entry.file === file)!;
    const inOrder = table.logs_in_order.map((path) => logs.find((log) => log.path === path)!);
    const methods = inOrder.map((log, i) => ({
      name: table.legends_in_order[i]!,
      accuracies: log.approximate_accuracy,
    }));
    expect(markdownTable(methods, inOrder[0]!.radii)).toBe(await readFile(fixture(file), 'utf8'));
  });

  it('rounds exact ties to the even digit, as Python does', () => {
    const accuracies = [0.125, 0.375, 0.625, 0.875, 0.25];
    const [, , cells] = markdownTable([{ name: 'm', accuracies }], [0, 1, 2, 3, 4])
      .replaceAll('<b>*</b>', '')
      .split('\n');
    expect(cells).toBe('<b> m </b>| 0.12 |0.38 |0.62 |0.88 |0.25 |');
  });
});

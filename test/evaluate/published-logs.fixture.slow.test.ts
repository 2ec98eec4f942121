import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  abstentionRate,
  averageCertifiedRadius,
  certifiedAccuracy,
  certifiedAccuracyCurve,
} from '../../src/evaluate/metrics.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import { highProbabilityAccuracy } from '../../src/evaluate/high-probability-accuracy.ts';
import { latexTable, markdownTable } from '../../src/evaluate/tables.ts';
import { logsAtHand, readPublishedRows, readUnpacked, reference } from './published-logs.ts';

/**
 * 45 of the 705 published logs are at hand: MNIST 3 of 3, Fashion-MNIST 21 of 21, CIFAR-10 20 of 20, ImageNet 1 of 1. The others
 * (CIFAR-100 14, CIFAR-10-C 630, MNIST-C 16) cannot be checked here.
 */
it('the logs at hand', () => {
  expect(reference.logs).toHaveLength(705);
  const count = (logs: readonly { dataset: string }[]): Record<string, number> =>
    logs.reduce<Record<string, number>>((all, { dataset }) => ({ ...all, [dataset]: (all[dataset] ?? 0) + 1 }), {});
  expect(count(logsAtHand)).toEqual({ mnist: 3, fmnist: 21, cifar10: 20, imagenet: 1 });
  expect(count(reference.logs)).toEqual({
    ...count(logsAtHand),
    cifar100: 14,
    cifar10c: 630,
    mnistc: 16,
  });
});

describe.each(logsAtHand)('$log_file', (log) => {
  it('is the published file', async () => {
    const bytes = await readUnpacked(log.log_file);
    expect(bytes.length).toBe(log.bytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(log.sha256);
  });

  it('has the figures of the official analysis', async () => {
    const rows = await readPublishedRows(log.log_file);
    expect(rows.length).toBe(log.rows);
    expect(abstentionRate(rows)).toBe(log.abstain / log.rows);
    expect(rows.filter(({ correct }) => correct)).toHaveLength(log.correct);
    expect(Math.max(...rows.map(({ radius }) => radius))).toBe(log.max_radius);
    expect(Math.abs(averageCertifiedRadius(rows) - log.acr)).toBeLessThan(1e-10);
    expect(certifiedAccuracy(rows, log.radii)).toEqual(log.approximate_accuracy);
    const legacy = highProbabilityAccuracy(rows, log.radii, { ...reference.high_prob, method: 'legacy' });
    legacy.forEach((accuracy, i) => expect(Math.abs(accuracy - log.high_prob_accuracy[i]!)).toBeLessThan(1e-12));
  });

  it('is written again as it was published', async () => {
    // The published radii have three digits already: no format changes them.
    const rows = await readPublishedRows(log.log_file);
    const text = (await readUnpacked(log.log_file)).toString();
    expect(certificationLog(rows, { format: log.dataset === 'cifar10' ? 'reference-rounded' : 'reference' })).toBe(
      text,
    );
  });
});

it('a curve agrees with the accuracies at its corners', async () => {
  const rows = await readPublishedRows('logs/fmnist/cat-rs__0.25.tsv.gz');
  const curve = certifiedAccuracyCurve(rows);
  const radii = curve.map(({ radius }) => radius);
  expect(curve.map(({ accuracy }) => accuracy)).toEqual(certifiedAccuracy(rows, radii));
});

it('the figures of docs/guide/evaluation.md', async () => {
  const [gaussian, stability] = await Promise.all(
    ['cohen', 'stab'].map((method) => readPublishedRows(`logs/cifar10/${method}__1.0.tsv.gz`)),
  );
  expect([gaussian!, stability!].map((rows) => averageCertifiedRadius(rows).toFixed(4))).toEqual(['0.5105', '0.5145']);
  const accuracies = [gaussian!, stability!].map((rows) => certifiedAccuracy(rows, [0, 0.25, 0.5]));
  expect(accuracies).toEqual([
    [0.4715, 0.4094, 0.3377],
    [0.4297, 0.3776, 0.3247],
  ]);
  expect(certifiedAccuracy(await readPublishedRows('logs/cifar10/cat-rs__0.5.tsv'), [1.91])).toEqual([0.1491]);
});

const curvesAtHand = reference.published_curves.flatMap(({ log_file, curve_file }) =>
  log_file !== undefined && curve_file !== undefined ? [{ log_file, curve_file }] : [],
);

// They were read off at the products i · 0.005, which matters: 382 · 0.005 is above 1.91, the largest radius of a log.
it('4 of the 6 published curves are at hand', () => expect(curvesAtHand).toHaveLength(4));

it.each(curvesAtHand)('$curve_file', async ({ log_file, curve_file }) => {
  const lines = (await readUnpacked(curve_file)).toString().trimEnd().split('\n');
  expect(lines).toHaveLength(801);
  const rows = await readPublishedRows(log_file);
  const radii = lines.map((_, i) => i * 0.005);
  const accuracies = certifiedAccuracy(rows, radii);
  lines.forEach((line, i) => {
    const [radius, accuracy] = line.split('\t').map(Number);
    expect(radius).toBeCloseTo(radii[i]!, 10);
    expect(accuracies[i], `at ${radius}`).toBeCloseTo(accuracy!, 10);
  });
});

describe('tables', () => {
  it('all eight are at hand', () => expect(reference.tables).toHaveLength(8));

  it.each(reference.tables)('$file, byte for byte, from the logs', async (table) => {
    const radii = Array.from({ length: table.radius_stop / table.radius_step + 1 }, (_, i) => i * table.radius_step);
    const methods = await Promise.all(
      table.logs_in_order.map(async (path, i) => {
        const log = logsAtHand.find((entry) => entry.path === path)!;
        const rows = await readPublishedRows(log.log_file);
        return { name: table.legends_in_order[i]!, accuracies: certifiedAccuracy(rows, radii) };
      }),
    );
    const written = table.kind === 'latex' ? latexTable(methods, radii) : markdownTable(methods, radii);
    expect(written).toBe(await readFile(new URL(`../fixtures/${table.file}`, import.meta.url), 'utf8'));
  });

  it('round exact ties to the even digit, and radii to three digits, as Python does', () => {
    const methods = [{ name: 'm', accuracies: [0.125, 0.375, 0.625, 0.875, 0.25] }];
    const radii = [0, 1, 2.345, 0.1234, 1e-5];
    expect(markdownTable(methods, radii).replaceAll('<b>*</b>', '').split('\n')).toEqual([
      '|  | r = 0.0 |r = 1.0 |r = 2.35 |r = 0.123 |r = 1e-05 |',
      '| --- |  --- | --- | --- | --- | --- |',
      '<b> m </b>| 0.12 |0.38 |0.62 |0.88 |0.25 |',
      '',
    ]);
    expect(latexTable(methods, [0, 1, 2, 3, 4]).split('\n')[2]).toBe(
      'm & \\textbf{0.12} & \\textbf{0.38} & \\textbf{0.62} & \\textbf{0.88} & \\textbf{0.25}\\\\',
    );
  });
});

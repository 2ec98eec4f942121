import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificationLog, certifyCounts, GaussianNoise } from 'catrs';
import type { LoggedRow } from 'catrs';
import type { PublishedMethod } from 'catrs/recipes';
import * as prettier from 'prettier';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootstrapMean } from '../../examples/reproduce/report/bootstrap.ts';
import { checkReport, writeReport } from '../../examples/reproduce/report/check.ts';
import { compareWithOfficial, leadOf } from '../../examples/reproduce/report/compare.ts';
import type { Lead } from '../../examples/reproduce/report/compare.ts';
import { shareOfLead } from '../../examples/reproduce/report/lead-table.ts';
import { dropsOf } from '../../examples/reproduce/report/learning-curves.ts';
import { reportTables } from '../../examples/reproduce/report/markdown.ts';
import { countOfRadius, scaledRadius } from '../../examples/reproduce/report/official-at-n.ts';
import { plotSpecs } from '../../examples/reproduce/report/plots.ts';
import { pairOf, ranking } from '../../examples/reproduce/report/ranking.ts';
import { OFFICIAL, readResults, RESULTS_FOLDER } from '../../examples/reproduce/report/read-results.ts';
import type { MethodResults, Results } from '../../examples/reproduce/report/read-results.ts';
import { trainingLog } from '../../examples/reproduce/training-log.ts';

const SETUP = { sigma: 0.25, n: 1000, alpha: 0.001, dimension: 784 };
/** 0.25 Φ⁻¹(Beta(k, 1001 − k) at 0.001), by SciPy. */
const RADIUS = { 600: 0.0320947, 800: 0.1753316, 900: 0.2786208, 990: 0.4945024, 999: 0.5894126, 1000: 0.6158157 };
const noise = new GaussianNoise({ sigma: 0.25 });

/** A row of ours: image `index` of class 1, `votes` of 1000 for class `chosen`. */
function ours(index: number, votes: number, chosen = 1): LoggedRow {
  const counts = Array.from({ length: 10 }, (_, i) => (i === chosen ? votes : i === 9 ? 1000 - votes : 0));
  const countsSelection = Array.from({ length: 10 }, (_, i) => (i === chosen ? 100 : 0));
  const request = { countsSelection, counts, n: 1000, alpha: 0.001, noise, norm: 'l2', dimension: 784 } as const;
  const found = certifyCounts(request);
  const { label: predicted, radius, abstained } = found;
  const certificate = {
    ...{ ...found, norm: 'l2', stop: 'all-drawn', topK: 1, bound: 'clopper-pearson', n0: 100, n: 1000, failures: 0 },
    rule: { name: 'fixed-sample', parameters: { bound: 'clopper-pearson' } },
    ...{ alpha: 0.001, countsSelection, counts, checkEvery: 100, key: [0, index], domain: 'real' },
    noise: { name: noise.name, parameters: noise.parameters },
    ...{ assumptions: ['real arithmetic'], smoothing: 'hard', dimension: 784 },
  } as unknown as NonNullable<LoggedRow['certificate']>;
  return { index, label: 1, predicted, radius, correct: predicted === 1, abstained, milliseconds: 1, certificate };
}

/** A row of an official log; radius 0 is an abstention. */
function official(index: number, radius: number, predicted = radius > 0 ? 1 : -1): LoggedRow {
  return { index, label: 1, predicted, radius, correct: predicted === 1, abstained: predicted === -1, milliseconds: 1 };
}

const OURS: Partial<Record<PublishedMethod, readonly LoggedRow[]>> = {
  gaussian: [ours(0, 1000), ours(50, 900), ours(100, 990, 2), ours(150, 540), ours(200, 600)],
  stability: [ours(50, 500), ours(200, 500)],
  catrs: [0, 50, 100, 150, 200, 250].map((index) => ours(index, 1000)),
};
const INDICES = [0, 50, 100, 150, 200, 250, 300];
const OFFICIAL_GAUSSIAN = [
  ...[official(0, 0.953), official(50, 0.316), official(100, 0.572, 2), official(150, 0), official(200, 0.0157)],
  ...[official(250, 0.5), official(300, 0.5)],
];
const SHOWN = { gaussian: 'Gaussian', catrs: 'CAT-RS' };

let folder: string;
let places: { folder: string; official: string };
let page: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-report-'));
  places = { folder: join(folder, 'results'), official: join(folder, 'official') };
  page = join(folder, 'results.md');
  await mkdir(join(places.folder, 'training'), { recursive: true });
  await mkdir(places.official);
  for (const [method, rows] of Object.entries(OURS)) await store(method, rows);
  const row = { epoch: 0, seconds: 1, learningRate: 0.01, trainingLoss: 1, testLoss: 0.7, testAccuracy: 0.75 };
  const rows = [row, { ...row, epoch: 1, learningRate: 0.001, testAccuracy: 0.8 }];
  await writeFile(join(places.folder, 'training', 'gaussian.tsv'), trainingLog(rows));
  const curve = {
    epoch: [0, 1, 2],
    learningRate: [0.01, 0.0001, 0.001],
    testLoss: [1, 1, 1],
    testAccuracy: [74, 77.5, 81.2],
  };
  const methods = Object.fromEntries(Object.values(OFFICIAL).map((name) => [name, curve]));
  await writeFile(join(places.official, 'official-training-0.25.json'), JSON.stringify({ methods }));
  for (const [method, name] of Object.entries(OFFICIAL)) {
    const log = method === 'gaussian' ? OFFICIAL_GAUSSIAN : INDICES.map((index) => official(index, 0.953));
    const text = certificationLog(log, { format: 'reference-rounded' });
    await writeFile(join(places.official, `${name}__0.25.tsv.gz`), text);
  }
});
afterEach(() => rm(folder, { recursive: true }));

const store = (name: string, rows: readonly LoggedRow[]): Promise<void> =>
  writeFile(join(places.folder, `${name}.tsv`), certificationLog(rows, { format: 'full' }));

const resultsOf = ({ methods }: Results, method: PublishedMethod): MethodResults =>
  methods.find((results) => results.method === method)!;

describe('the figures', () => {
  it('are those of the images of the log: ours, capped, and at our n', async () => {
    const { log, official: rows } = resultsOf(await readResults(places), 'gaussian');
    const found = compareWithOfficial(log!, rows);
    expect(found).toMatchObject({ images: 5, n: 1000 });
    expect(found.cap).toBeCloseTo(RADIUS[1000], 6);
    expect(found.ours.averageCertifiedRadius).toBeCloseTo((RADIUS[1000] + RADIUS[900] + RADIUS[600]) / 5, 6);
    expect(found.capped.averageCertifiedRadius).toBeCloseTo((RADIUS[1000] + 0.316 + 0.0157) / 5, 6);
    // 53 000 of 100 000 votes certify, 530 of 1000 do not.
    expect(found.atOurN.averageCertifiedRadius).toBeCloseTo((RADIUS[1000] + RADIUS[900]) / 5, 3);
    expect([found.ours, found.capped, found.atOurN].map(({ abstained }) => abstained)).toEqual([1, 1, 2]);
    expect(found.ours.accuracy).toEqual([0.6, 0.4, 0.2, 0]);
    expect(found.capped.accuracy).toEqual([0.6, 0.4, 0.2, 0]);
    expect(found.atOurN.accuracy).toEqual([0.4, 0.4, 0.2, 0]);
    // Φ(0.0321 / 0.25) = 0.551, Φ(0.2786 / 0.25) = 0.867, Φ(0.6158 / 0.25) = 0.99312; Φ(0.316 / 0.25) = 0.897
    expect(found.ours.distribution).toEqual([0.6, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0]);
    expect(found.capped.distribution).toEqual([0.6, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0]);
    expect(found.difference.mean).toBeCloseTo((RADIUS[900] + RADIUS[600] - 0.316 - 0.0157) / 5, 6);
  });

  it.each([
    // Counts of 100 000, their logged radius (by SciPy), and the radius of the same share of 1000.
    [80_000, 0.207, RADIUS[800]],
    [90_000, 0.316, RADIUS[900]],
    [99_000, 0.572, RADIUS[990]],
    [99_950, 0.793, (RADIUS[999] + RADIUS[1000]) / 2],
    [100_000, 0.953, RADIUS[1000]],
    [53_000, 0.0157, 0],
  ])('takes %i of 100 000 votes back to 1000', (votes, radius, expected) => {
    expect(Math.abs(countOfRadius(radius, { ...SETUP, n: 100_000 }) - votes)).toBeLessThanOrEqual(60);
    expect(Math.abs(scaledRadius(radius, SETUP) - expected)).toBeLessThan(0.0012);
  });

  it('resamples paired differences', () => {
    expect(bootstrapMean([0.5, 0.5, 0.5])).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
    const { mean, low, high } = bootstrapMean(Array.from({ length: 400 }, (_, i) => i % 2));
    expect(mean).toBe(0.5);
    // 1.96 standard errors of 0.5 / 20
    expect(low).toBeCloseTo(0.451, 2);
    expect(high).toBeCloseTo(0.549, 2);
  });

  it('give the lead on the shared images, and its share', async () => {
    const results = await readResults(places);
    const [a, b] = [resultsOf(results, 'catrs'), resultsOf(results, 'gaussian')];
    const lead = leadOf({ official: a.official, log: a.log! }, { official: b.official, log: b.log! })!;
    const oursMean = RADIUS[1000] - (RADIUS[1000] + RADIUS[900] + RADIUS[600]) / 5;
    const cappedMean = RADIUS[1000] - (RADIUS[1000] + 0.316 + 0.0157) / 5;
    expect(lead.images).toBe(5);
    expect(lead.ours.mean).toBeCloseTo(oursMean, 6);
    expect(lead.studentT.mean).toBeCloseTo(oursMean, 6);
    expect(lead.capped.mean).toBeCloseTo(cappedMean, 6);
    expect(shareOfLead(lead.ours.mean, lead.capped.mean)).toBeCloseTo((100 * oursMean) / cappedMean, 4);
    expect(shareOfLead(0.01, 0)).toBeUndefined();
  });

  it('rank two methods only where both intervals exclude 0', async () => {
    const found = ranking(await readResults(places));
    expect(found.map(({ a, b, lead, verdict }) => [a, b, lead.images, verdict])).toEqual([
      ['stability', 'gaussian', 2, 'disagree'],
      ['catrs', 'gaussian', 5, 'agree'],
      ['catrs', 'stability', 2, 'undecided'],
    ]);
    const verdict = (low: number, high: number): string => {
      const lead = { ours: { low, high }, capped: { low: 0.1, high: 0.2 } } as unknown as Lead;
      return pairOf('catrs', 'macer', lead).verdict;
    };
    expect([verdict(0.1, 0.2), verdict(0, 0.2), verdict(-0.1, 0.2), verdict(-0.2, -0.1)]).toEqual(
      ['agree', 'undecided', 'undecided', 'disagree'], // prettier-ignore
    );
  });

  it('name the drops of a schedule as the official scheduler prints it', () => {
    expect(dropsOf([29, 30, 31, 32, 33], [0.01, 0.01, 0.0001, 0.001, 0.001])).toBe('31');
    expect(dropsOf([0, 1], [0.01, 0.01])).toBe('-');
  });
});

describe('the tables', () => {
  it('hold the figures, and say what was not run', async () => {
    const lines = reportTables(await readResults(places)).split('\n');
    const cells = (start: string): string[][] =>
      lines.filter((line) => line.startsWith(`| ${start} `)).map((line) => line.split('|').map((cell) => cell.trim()));
    const [gaussian] = cells(SHOWN.gaussian);
    expect(gaussian!.slice(3, 8)).toEqual(['5', '1000', '0.185', '1', '0.190']);
    const [macer] = cells('MACER');
    expect(macer!.slice(3, 6)).toEqual(['not run', '-', '-']);
    expect(macer!.at(-2)).toBe('0.953');
    expect(cells('METHOD.tsv')[0]!.slice(2, 5)).toEqual(['5', '1000', expect.stringMatching(/^\+0\.431 \[\+0\./)]);
    expect(cells('METHOD.tsv')[0]![7]).toBe('101 %');
    expect(cells('METHOD-100k.tsv')[0]![2]).toBe('not run');
    expect(lines).toContain(
      'Of 3 pairs 1 agree, 1 disagree, 1 are undecided. Not run: SmoothAdv, MACER, Consistency, SmoothMix.',
    );
    expect(cells('1').at(-1)!.slice(2, 4)).toEqual(['75.0 / 74.0', '- / 74.0']);
    expect(cells('2').at(-1)!.slice(2, 4)).toEqual(['80.0 / 77.5', '- / 77.5']);
    expect(cells('the last')[0]!.slice(2, 4)).toEqual(['80.0 / 81.2', '- / 81.2']);
  });

  it('hold the longer runs and the ablation beside what they are compared with', async () => {
    await mkdir(join(places.folder, 'ablation'));
    await store('teacher', [ours(0, 1000), ours(50, 1000)]);
    await store('ablation/catrs', [ours(0, 1000), ours(50, 900)]);
    await store('ablation/no-mask', [ours(50, 1000), ours(0, 900, 2)]);
    const lines = reportTables(await readResults(places)).split('\n');
    const cells = (...begin: readonly string[]): string[][] =>
      lines
        .map((line) =>
          line
            .split('|')
            .map((text) => text.trim())
            .slice(1, -1),
        ) // prettier-ignore
        .filter((row) => begin.every((text, column) => row[column] === text));
    const [mean, official] = [RADIUS[1000], (RADIUS[1000] + 0.316) / 2].map((value) => value.toFixed(3));
    expect(cells('Gaussian', '24')[0]!.slice(2, 6)).toEqual(['2', '1000', mean, official]);
    expect(cells('Gaussian', '90')[0]!.slice(2, 4)).toEqual(['not run', '-']);
    expect(cells('catrs', '0.25')[0]!.slice(3)).toEqual(['0.447', '-', '1.000', '1.000', '0.500', '0.000']);
    const [row] = cells('no-mask');
    expect(row!.slice(1, 4)).toEqual(['0.25', '4', '0.308']);
    // Image 50 gains 0.337, image 0 loses 0.616, whatever the order of the rows.
    expect(row![4]).toMatch(/^-0\.139 \[-0\.616, \+0\.337\]$/);
    expect(cells('m8')[0]!.slice(1, 5)).toEqual(['0.25', '8', 'not run', '-']);
  });

  it('have the published figures of all images beside them', async () => {
    const text = reportTables(await readResults({ folder: join(folder, 'nothing') }));
    const published = [0.67, 0.689, 0.756, 0.727, 0.744, 0.745, 0.757]; // of the issue of this comparison
    const found = [...text.matchAll(/ \((?:90|150)\) +\| not run .* ([\d.]+) +\|$/gm)].map(([, radius]) =>
      Number(radius),
    );
    expect(found).toEqual(published);
    expect(text).toContain('No pair of methods can be compared.');
    expect(text).toMatch(/\| CAT-RS +\| not run +\| - +\| - +\| 150 +\| 51, 101 /);
  });
});

describe('the page', () => {
  const check = (): Promise<void> => checkReport(places.folder, page, places);
  const write = (): Promise<string> => writeReport(places.folder, page, places);

  it('is made, passes its check, and is formatted', async () => {
    const tables = await write();
    const text = await readFile(page, 'utf8');
    expect(text).toContain(tables);
    await check();
    expect(await prettier.check(text, { parser: 'markdown', printWidth: 120 })).toBe(true);
  });

  it('keeps what is around the tables', async () => {
    await write();
    const text = await readFile(page, 'utf8');
    await writeFile(page, `${text.replace('0.185', '0.285')}\nThe end.\n`);
    await write();
    expect(await readFile(page, 'utf8')).toBe(`${text}\nThe end.\n`);
  });

  it('fails where one digit was changed, and names the line', async () => {
    await write();
    const text = await readFile(page, 'utf8');
    const line = text.split('\n').findIndex((row) => row.includes('0.185')) + 1;
    await writeFile(page, text.replace('0.185', '0.186'));
    await expect(check()).rejects.toThrow(`${page}, line ${line}: the logs give "| Gaussian `);
  });

  it('fails where a line is missing', async () => {
    await write();
    const text = await readFile(page, 'utf8');
    await writeFile(page, text.replace(/\| the last .*\n/, ''));
    await expect(check()).rejects.toThrow('the logs give "| the last');
  });

  it('fails where a row of a log is another one', async () => {
    await write();
    await store('gaussian', [ours(0, 990), ...OURS.gaussian!.slice(1)]);
    await expect(check()).rejects.toThrow(`${page}, line `);
  });

  it.each<[string, Partial<LoggedRow>, string]>([
    ['a radius', { radius: 0.5 }, 'line 2: '],
    ['a smaller radius', { radius: 0.6158 }, 'line 2: the radius must be 0.6158156'],
    ['another label', { label: 2, correct: false }, 'line 2: the label of image 0 must be 1 as officially, got 2'],
  ])('fails where a log claims %s', async (_, change, message) => {
    await write();
    const [first, ...rest] = OURS.gaussian!;
    const certificate = { ...first!.certificate!, radius: change.radius ?? first!.radius };
    await store('gaussian', [{ ...first!, ...change, certificate }, ...rest]);
    await expect(check()).rejects.toThrow(message);
  });

  it('fails without the markers', async () => {
    await writeFile(page, '# Nothing\n');
    await expect(check()).rejects.toThrow(
      'must have the lines <!-- tables: begin --> and <!-- tables: end -->, once each',
    );
  });

  it('refuses a training log that was cut or changed', async () => {
    const file = join(places.folder, 'training', 'gaussian.tsv');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.trimEnd());
    await expect(write()).rejects.toThrow(`${file} must end with a line end`);
    await writeFile(file, text.replace('\n1\t', '\n2\t'));
    await expect(write()).rejects.toThrow(`${file}, line 3 must be the row of epoch 1`);
  });
});

it('the plots have our curves, and the official ones of the same images', async () => {
  const specs = plotSpecs(await readResults(places));
  const namesIn = (file: string): string[] => {
    const { values } = specs[file]!['data'] as { values: { method?: string; title?: string }[] };
    return [...new Set(values.map(({ method, title }) => method ?? title ?? ''))];
  };
  const officialNames = ['Gaussian official', 'CAT-RS official'];
  expect(namesIn('certified-accuracy.svg')).toEqual(['Gaussian', 'CAT-RS', 'Stability', ...officialNames]);
  expect(namesIn('catrs-vs-gaussian.svg')).toEqual(['Gaussian ours', 'CAT-RS ours', ...officialNames]);
  expect(namesIn('learning-curves.svg')).toEqual(['Gaussian']);
});

it('the stored logs give the stored tables', () => checkReport(RESULTS_FOLDER, `${RESULTS_FOLDER}.md`));

import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import { decodeCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { certificate, loggedRow } from '../evaluate/rows.ts';
import { maxBytes } from './data-targets.ts';
import type { FuzzTarget } from './fuzz.ts';

const rows: LoggedRow[] = [
  loggedRow(),
  loggedRow({ index: 40, predicted: -1, correct: false, abstained: true, radius: 0, milliseconds: 1e8 + 0.001 }),
  loggedRow({ index: 60, radius: Infinity, certificate: certificate({ key: null, pBBar: 1e-9, draw: 0.25 }) }),
  loggedRow({
    index: 80,
    radius: 3.63e-5,
    certificate: certificate({
      counts: [],
      stop: ' "odd"\t',
      scores: { sum: 12.5, sumOfSquares: 1.25 },
      steps: [{ radius: 0.5, nA: 99, n: 100 }],
      rule: { name: 'top-k', parameters: { k: 3, labelFrom: 'selection' } },
    }),
  }),
];

/** The first lines of a published log. */
function published(file: string, lines: number): string {
  const text = gunzipSync(readFileSync(new URL(`../fixtures/logs/${file}.gz`, import.meta.url))).toString();
  return `${text.split('\n').slice(0, lines).join('\n')}\n`;
}

const texts = [
  certificationLog(rows),
  certificationLog(rows.slice(0, 1)),
  certificationLog(rows, { format: 'reference' }),
  certificationLog(rows, { format: 'reference-rounded' }),
  published('cifar10/cat-rs__0.5.tsv', 6),
  published('cifar10/cohen__0.25.tsv', 4),
  published('imagenet/cat-rs__1.0.tsv', 4),
  'idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t3.0\t3.0\t0.9529\t1.0\t16.6\n20\t5\t-1\t0.0\t0\t1 day, 2:03:04.000005\n',
];

/** Logs: a full one is written again and compared, the others are read by an obvious reader. */
export const logTarget: FuzzTarget<LoggedRow[]> = {
  name: 'log',
  seeds: texts.map((text) => new TextEncoder().encode(text)),
  tokens: [
    ['0', '1', '2', '3', '7', '9'],
    ['\t1\t', '\t0\t', '\t5\t'],
    ['0.0', '1.0', 'inf', '1e2', '1E2', '.5e'],
    ['l1\t', 'l2\t', 'L2\t'],
    ['real', 'unit'],
    ['hard', 'soft'],
  ],
  decode: (file) => decodeCertificationLog(file, { maxBytes }),
  check: (read, file) => {
    const text = Buffer.from(file)
      .toString('utf8')
      .replace(/^\uFEFF{1,2}/, '')
      .replaceAll('\r\n', '\n')
      .replace(/\n\r$/, '\n');
    const [header, ...lines] = text.split('\n');
    assert.equal(lines.pop(), '');
    assert.equal(read.length, lines.length);
    assert.equal(new Set(read.map(({ index }) => index)).size, read.length);
    if (read.some((row) => row.certificate !== undefined)) assert.equal(certificationLog(read), text);
    else if (read.length > 0) assert.equal(header!.split('\t').length, lines[0]!.split('\t').length);
    lines.forEach((line, i) => checkOutcome(read[i]!, line.split('\t')));
  },
};

function checkOutcome(row: LoggedRow, cells: readonly string[]): void {
  const [index, label, predicted, radius, correct, time, fullRadius] = cells as [
    string,
    string,
    string,
    string,
    string,
    string,
    string?,
  ];
  assert.equal(row.index, Number(index));
  assert.equal(row.label, Number(label));
  assert.equal(row.predicted, Number(predicted));
  assert.equal(row.radius, number(fullRadius ?? radius));
  assert.ok(row.radius >= number(radius));
  assert.equal(row.correct, Number(correct) === 1);
  assert.equal(row.correct, row.label === row.predicted);
  assert.equal(row.abstained, Number(predicted) === -1);
  if (row.abstained) assert.equal(row.radius, 0);
  const milliseconds = elapsed(time);
  assert.ok(
    Math.abs(row.milliseconds - milliseconds) <= 0.0006 + 1e-12 * milliseconds,
    `${row.milliseconds} for ${time}`,
  );
}

const number = (text: string): number => (text === 'inf' ? Infinity : Number(text));

/** `[D day[s], ]H:MM:SS[.ffffff]`, or seconds. */
function elapsed(text: string): number {
  const [days, clock] = text.includes(',') ? text.split(',') : ['0', text];
  const seconds = clock!.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
  return (86_400 * Number.parseInt(days!, 10) + seconds) * 1000;
}

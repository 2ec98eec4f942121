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
  'idx \t label \t predict \t linf_radius \t prob_lb \t correct \t time\n0 \t 3 \t 3 \t 0.0031 \t 0.7565 \t 1 \t 0:01:05.795429\n50 \t 4 \t -1 \t -0.0019 \t 0.3338 \t 0 \t 0:01:05.000001\n',
  'idx,label,predict,radius,correct,time\r\n0,3,3,-1.0,True,"1 day, 0:00:08"\r\n20,3,4,0.5,False,1.5e+00\r\n',
  'idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t3\t3\t0.5\t1\t1.5\nidx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t3\t3\t0.5\t1\t1.6\n4\t2\t2\tnan\tTrue\t1.5\n\n',
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
    const text = new TextDecoder(file[0] === 0xff ? 'utf-16le' : file[0] === 0xfe ? 'utf-16be' : 'utf-8').decode(file);
    const lines = text
      .split('\n')
      .map((line) =>
        line
          .replace(/^\uFEFF+/, '')
          .replace(/\r$/, '')
          .replace(/ +$/, ''),
      )
      .filter((line) => line.trim() !== '' && !line.startsWith('#'));
    const [header = '', ...others] = lines;
    const names = cellsOf(header, header).map((name) => name.toLowerCase());
    const found = new Map(read.map((row) => [row.index, row]));
    assert.equal(found.size, read.length);
    const isFull = read.some((row) => row.certificate !== undefined);
    const said = new Set<number>();
    for (const line of others) {
      const cells = cellsOf(line, header);
      if (cells[names.indexOf('idx')]!.toLowerCase() === 'idx') continue; // the header of another piece
      const row = found.get(Number(cells[names.indexOf('idx')]))!;
      checkOutcome(row, names, cells);
      if (!said.has(row.index)) checkTime(row, names, cells);
      said.add(row.index);
    }
    assert.equal(said.size, read.length);
    if (isFull)
      for (const line of certificationLog(read).slice(0, -1).split('\n')) assert.ok(lines.includes(line), line);
  },
};

/** The cells of a line: of these three separators one that the header has. */
function cellsOf(line: string, header: string): string[] {
  const separator = header.includes('\t') ? '\t' : header.includes(',') ? ',' : /\s+/;
  return (header.includes('fullRadius') ? line : line.trim())
    .split(separator)
    .map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function checkOutcome(row: LoggedRow, names: readonly string[], cells: readonly string[]): void {
  const cell = (name: string): string => cells[names.findIndex((one) => one.endsWith(name))]!;
  assert.equal(row.label, Number(cell('label')));
  assert.equal(row.abstained, row.predicted === -1);
  assert.equal(row.correct, row.label === row.predicted && row.label >= 0);
  const radius = number(cell('radius'));
  const isCalledCorrect = /^(1|1\.0*|true|1\.?0*e[+-]?0+)$/i.test(cell('correct'));
  const isDeclined = radius === 0 && Number(cell('predict')) === row.label && !isCalledCorrect;
  if (radius >= 0 && !isDeclined) {
    assert.equal(row.predicted, Number(cell('predict')));
    assert.equal(row.radius, number(names.includes('fullradius') ? cell('fullradius') : cell('radius')));
    assert.ok(row.radius >= radius);
    assert.equal(row.correct, isCalledCorrect);
  } else assert.ok(row.abstained);
  if (row.abstained) assert.equal(row.radius, 0);
  if (!names.includes('prob_lb')) assert.equal(row.pABar, undefined);
  else assert.equal(row.pABar, Number(cell('prob_lb')));
}

/** Of lines that say the same of an image the first gives the time. A time with days has a comma and a blank in it. */
function checkTime(row: LoggedRow, names: readonly string[], cells: readonly string[]): void {
  const at = names.indexOf('time');
  const parts = cells.slice(at, cells.length - (names.length - at - 1));
  const time = parts
    .join(' ')
    .replaceAll('"', '')
    .replace(/(days?),? /, '$1, ');
  const milliseconds = elapsed(time);
  assert.ok(
    Math.abs(row.milliseconds - milliseconds) <= 0.0006 + 1e-12 * milliseconds,
    `${row.milliseconds} for ${time}`,
  );
}

const number = (text: string): number => (text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text) + 0); // no -0

/** `[D day[s], ]H:MM:SS[.ffffff]`, or seconds. */
function elapsed(text: string): number {
  const [days, clock] = text.includes(',') ? text.split(',') : ['0', text];
  const seconds = clock!.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
  return (86_400 * Number.parseInt(days!, 10) + seconds) * 1000;
}

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import { decodeCertificationLog, parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { abstention, certificate, loggedRow } from './rows.ts';

const HEADER = 'idx\tlabel\tpredict\tradius\tcorrect\ttime';
const parseLine = (line: string): unknown => parseCertificationLog(`${HEADER}\n${line}\n`)[0];

describe('parseCertificationLog', () => {
  it('reads a published row', () => {
    expect(parseLine('20\t3\t3\t1.12e-05\t1\t0:00:08.593859')).toEqual({
      index: 20,
      label: 3,
      predicted: 3,
      radius: 1.12e-5,
      correct: true,
      abstained: false,
      milliseconds: 8593.859,
    });
    expect(parseLine('0\t0\t-1\t0.0\t0\t0:00:36.443103')).toMatchObject({
      predicted: -1,
      radius: 0,
      correct: false,
      abstained: true,
    });
  });

  it.each([
    ['0:00:08.593859', 8593.859],
    ['0:00:08', 8000],
    ['12:34:56.000001', 45_296_000.001],
    ['1 day, 2:03:04.500000', 93_784_500],
    ['12 days, 0:00:00', 1_036_800_000],
    ['16.6', 16_600],
    ['0.07', 70],
    ['7', 7000],
    ['9.5e-05', 0.095],
  ])('reads the time %s', (time, milliseconds) => {
    expect(parseLine(`0\t3\t3\t1.5\t1\t${time}`)).toMatchObject({ milliseconds });
  });

  it.each([
    ['0.9529', 0.9529],
    ['1e+02', 100],
    ['1.23e+02', 123],
    ['3', 3],
    ['0.0', 0],
    ['inf', Infinity],
    ['5e-324', 5e-324],
  ])('reads the radius %s', (text, radius) => {
    expect(parseLine(`0\t3\t3\t${text}\t1\t0:00:00`)).toMatchObject({ radius });
  });

  it('reads classes that are written as floats', () => {
    expect(parseLine('0\t3.0\t3\t1.5\t1\t0:00:00')).toMatchObject({ label: 3, predicted: 3, correct: true });
    expect(parseLine('7.0\t3.0\t-1.0\t0.0\t0.0\t0:00:00')).toMatchObject({ index: 7, abstained: true });
  });

  it('reads lines that end in CR LF, and a byte order mark', () => {
    const rows = parseCertificationLog(`\uFEFF${HEADER}\r\n5\t3\t3\t1.5\t1\t0:00:01\r\n6\t3\t3\t1.5\t1\t0:00:01\r\n`);
    expect(rows.map(({ index, milliseconds }) => [index, milliseconds])).toEqual([
      [5, 1000],
      [6, 1000],
    ]);
  });

  it('reads a log without rows', () => {
    expect(parseCertificationLog(`${HEADER}\n`)).toEqual([]);
    expect(parseCertificationLog(certificationLog([]))).toEqual([]);
  });

  it('reads a log of catrs 0.1.0: the full radius, no certificate', () => {
    const log =
      `${HEADER}\tfullRadius\tnorm\tcAHat\tnA\tn0\tn\tnUsed\tcheckEvery\talpha\tpABar\tqABar\tnoise\tnoiseParameters\tkey\n` +
      '0\t6\t6\t1.23\t1\t0:00:00.264049\t1.2316313073901617\tl2\t6\t1000\t100\t1000\t1000\t100\t0.001\t0.9931160484209292\t' +
      '0.006883951579070799\tgaussian\t{"sigma":0.5}\t3879665177:4038424624\n';
    expect(parseCertificationLog(log)).toEqual([
      {
        index: 0,
        label: 6,
        predicted: 6,
        radius: 1.2316313073901617,
        correct: true,
        abstained: false,
        milliseconds: 264.049,
      },
    ]);
  });

  it('gives back the rows of the full format', () => {
    const rows = [
      loggedRow(),
      loggedRow({
        ...abstention,
        index: 3,
        certificate: certificate({ reason: 'out-of-reach', stop: 'out-of-reach' }),
      }),
      loggedRow({
        index: 7,
        milliseconds: 86_400_000.5,
        certificate: certificate({
          pBBar: 0.25,
          draw: 0.125,
          scores: { sum: 12.5, sumOfSquares: 1e-300 },
          steps: [{ radius: 0.5, nA: 99, n: 100 }],
          counts: [],
          countsSelection: [0, 0, 0],
          key: null,
        }),
      }),
    ];
    expect(parseCertificationLog(certificationLog(rows))).toStrictEqual(rows);
  });
});

describe('decodeCertificationLog', () => {
  const rows = [loggedRow(), loggedRow({ index: 21 })];
  const bytes = new TextEncoder().encode(certificationLog(rows));

  it('reads plain and packed bytes', async () => {
    expect(await decodeCertificationLog(bytes)).toStrictEqual(rows);
    expect(await decodeCertificationLog(bytes.slice().buffer)).toStrictEqual(rows);
    expect(await decodeCertificationLog(new Uint8Array(gzipSync(bytes)))).toStrictEqual(rows);
  });
});

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import {
  decodeCertificationLog,
  parseCertificationLog,
  parsePredictionLog,
} from '../../src/evaluate/parse-certification-log.ts';
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

describe('logs of other code', () => {
  const nothing = { predicted: -1, radius: 0, correct: false, abstained: true };

  it.each(['-1.0', '-0.00194', '-inf', 'nan', 'NaN', '-1e-05'])('a radius of %s certifies nothing', (radius) => {
    expect(parseLine(`40\t2\t2\t${radius}\tTrue\t0:09:01.250000`)).toEqual({
      ...{ index: 40, label: 2, milliseconds: 541_250 },
      ...nothing,
    });
    expect(parseLine(`40\t2\t3\t${radius}\tFalse\t0:09:01.250000`)).toMatchObject(nothing);
    expect(parseLine(`40\t2\t-1\t${radius}\t0\t0:09:01.250000`)).toMatchObject(nothing);
  });

  it('a right class with radius 0 that is not called correct is not certified either', () => {
    expect(parseLine('40\t2\t2\t0.0\t0\t0:00:01')).toMatchObject(nothing);
    expect(parseLine('40\t2\t2\t0.0\t1\t0:00:01')).toMatchObject({ predicted: 2, radius: 0, correct: true });
  });

  it('a label of -1 is not known: nothing is correct, an abstention neither', () => {
    expect(parseLine('40\t-1\t2\t0.5\t0\t0:00:01')).toMatchObject({ label: -1, predicted: 2, correct: false });
    expect(parseLine('40\t-1\t-1\t0.0\t0\t0:00:01')).toMatchObject({ label: -1, abstained: true, correct: false });
    expect(() => parseLine('40\t-1\t-1\t0.0\t1\t0:00:01')).toThrow('`correct` must be 0 for label -1 and predict -1');
  });

  it.each(['True', 'true', 'TRUE', '1', '1.0', '1.'])('correct as %s', (correct) => {
    expect(parseLine(`40\t2\t2\t0.5\t${correct}\t1.5`)).toMatchObject({ correct: true });
    const wrong = { True: 'False', true: 'false', TRUE: 'FALSE', '1': '0', '1.0': '0.0', '1.': '0.' }[correct];
    expect(parseLine(`40\t2\t3\t0.5\t${wrong}\t1.5`)).toMatchObject({ correct: false });
  });

  it('numbers as NumPy writes them', () => {
    const text = '2.000000000000000000e+01\t3.000000000000000000e+00\t3.\t1.25E-01\t1.000000000000000000e+00\t1.66e+01';
    const read = { index: 20, label: 3, predicted: 3, radius: 0.125, correct: true, milliseconds: 16_600 };
    expect(parseLine(text)).toMatchObject(read);
  });

  it('the columns of adaptive randomized smoothing, with their blanks', () => {
    // As src/certify.py of github.com/ubc-systopia/adaptive-randomized-smoothing writes them; the values are made up.
    const log = [
      'idx \t label \t predict \t linf_radius \t prob_lb \t correct \t time',
      '0 \t 3 \t 3 \t 0.0125 \t 0.99625 \t 1 \t 0:01:05.750000',
      '50 \t 9 \t -1 \t -0.002 \t 0.34375 \t 0 \t 0:01:05.750000',
      '100 \t 9 \t 4 \t 0.001 \t 0.625 \t 0 \t 0:01:05.750000',
      '',
    ].join('\n');
    const common = { norm: 'linf', milliseconds: 65_750 };
    expect(parseCertificationLog(log)).toEqual([
      { ...common, index: 0, label: 3, predicted: 3, radius: 0.0125, pABar: 0.99625, correct: true, abstained: false },
      { ...common, index: 50, label: 9, pABar: 0.34375, ...nothing },
      { ...common, index: 100, label: 9, predicted: 4, radius: 0.001, pABar: 0.625, correct: false, abstained: false },
    ]);
    expect(parseCertificationLog(log.replace('linf_', 'l2_'))[0]).toMatchObject({ norm: 'l2' });
    expect(() => parseCertificationLog(log.replace('0.625', '1.5'))).toThrow('`prob_lb` must be a number in [0, 1]');
  });

  it.each([
    ['commas', (log: string) => log.replaceAll('\t', ',')],
    ['commas and quotes', (log: string) => log.replaceAll('\t', ',').replace(/(1 day.*)/, '"$1"')],
    ['blanks', (log: string) => log.replaceAll('\t', '   ')],
    ['UTF-16', (log: string) => log],
  ])('parted by %s', async (name, spell) => {
    const log = `${HEADER}\n0\t3\t3\t0.5\t1\t1 day, 0:00:08.250000\n20\t3\t-1\t0.0\t0\t0:00:08\n`;
    const text = spell(log);
    const bytes = name === 'UTF-16' ? Buffer.from(`\uFEFF${text}`, 'utf16le') : Buffer.from(text);
    expect(await decodeCertificationLog(bytes)).toEqual(parseCertificationLog(log));
  });

  it('with blanks and tabs at the ends of lines, and the numbers of rows of pandas', () => {
    const rows = parseCertificationLog(`${HEADER}\n20\t3\t3\t0.5\t1\t1.5\n`);
    expect(parseCertificationLog(`${HEADER}\t \n20\t3\t3\t0.5\t1\t1.5\t\n`)).toEqual(rows);
    expect(parseCertificationLog(`,${HEADER.replaceAll('\t', ',')}\n0,20,3,3,0.5,True,1.5\n`)).toEqual(rows);
  });

  it('columns in another order', () => {
    expect(parseCertificationLog('label\tidx\tcorrect\tradius\tpredict\ttime\n3\t20\t1\t0.5\t3\t1.5\n')).toEqual(
      parseCertificationLog(`${HEADER}\n20\t3\t3\t0.5\t1\t1.5\n`),
    );
  });

  it('a last line that has its whole time needs no line end', () => {
    const log = `${HEADER}\n20\t3\t3\t0.5\t1\t0:00:01.250000`;
    expect(parseCertificationLog(log)).toHaveLength(1);
    for (let end = log.length - 1; end > HEADER.length + 1; end--) {
      expect(() => parseCertificationLog(log.slice(0, end))).toThrow('must end with a line end');
    }
  });
});

describe('parsePredictionLog', () => {
  // As code/predict.py of github.com/locuslab/smoothing and github.com/Hadisalman/smoothing-adversarial write them; the values are made up.
  const plain = 'idx\tlabel\tpredict\tcorrect\ttime\n0\t3\t-1\t0\t0:00:01.250000\n20\t7\t7\t1\t0:00:01.250000\n';
  const attacked =
    'idx\tlabel\tpredict\tbasePredict\tcorrect\ttime\r\n0\t3\t-1\t5\t0\t0:00:01.250000\r\n20\t7\t7\t3\t1\t0:00:01\r\n';

  it('reads predictions', () => {
    expect(parsePredictionLog(plain)).toEqual([
      { index: 0, label: 3, predicted: -1, correct: false, abstained: true, milliseconds: 1250 },
      { index: 20, label: 7, predicted: 7, correct: true, abstained: false, milliseconds: 1250 },
    ]);
    expect(parsePredictionLog(attacked)).toMatchObject([
      { index: 0, predicted: -1, basePredicted: 5 },
      { index: 20, predicted: 7, basePredicted: 3, milliseconds: 1000 },
    ]);
  });

  it.each([
    [`${HEADER}\n`, 'must be a log of predictions, got "idx\\tlabel\\tpredict\\tradius\\tcorrect\\ttime", which has'],
    [plain.replace('\t1\t', '\t0\t'), '`correct` must be 1 for label 7 and predict 7 in line 3, got "0"'],
    [plain.replace('-1', '-2'), '`predict` must be an integer of at least -1 in line 2, got "-2"'],
    [`${plain}20\t7\t6\t0\t0:00:01\n`, '`idx` must not be of an image of which line 3 says something else'],
  ])('case %#', (log, message) => {
    expect(() => parsePredictionLog(log)).toThrow(message);
    expect(() => parsePredictionLog(log)).toThrow(/^parsePredictionLog: /);
  });

  it('is text', () => {
    expect(() => parsePredictionLog(1 as never)).toThrow('parsePredictionLog: `text` must be a string, got 1');
  });
});

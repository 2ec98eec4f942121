import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.ts';
import {
  certificationLog,
  certificationLogHeader,
  formatCertificationRow,
} from '../../src/evaluate/certification-log.ts';
import { decodeCertificationLog, parseCertificationLog, parseLog } from '../../src/evaluate/parse-certification-log.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { expectError } from '../helpers/errors.ts';
import { certificate, loggedRow, row } from './rows.ts';

const HEADER = 'idx\tlabel\tpredict\tradius\tcorrect\ttime';
const PARSE = 'parseCertificationLog:';

describe('parseCertificationLog: the log', () => {
  const names = [
    'idx label predict radius correct time, with l1_radius, l2_radius, linf_radius, l0_radius, patch_radius or edit_radius for radius and prob_lb beside it or not',
    'without radius for predictions, with basePredict beside them or not',
    'or that of catrs',
  ].join('; ');
  const begin = `${PARSE} \`text\` must begin with the header of a log (${names}), got`;
  const end = `${PARSE} \`text\` must end with a line end, got`;
  const way = '(the log may be cut off; add a line end if it is complete)';
  const width = (n: number): string => `with ${n} (cut off or damaged)`;
  it.each([
    ['', `${begin} ""`],
    [
      'idx\tlabel\tpredict\tcorrect\ttime\n',
      `${PARSE} \`text\` must be a log of certificates, got "idx\\tlabel\\tpredict\\tcorrect\\ttime", which has predictions (parsePredictionLog reads them)`,
    ],
    [
      'idx\tlabel\tpredict\tradius\tcorrect\tLip\ttime\n',
      `${begin} "idx\\tlabel\\tpredict\\tradius\\tcorrect\\tLip\\ttime", with columns that are not known: Lip`,
    ],
    [
      'idx\tlabel\tpredict\tradius\tradius\ttime\n',
      `${begin} "idx\\tlabel\\tpredict\\tradius\\tradius\\ttime", without correct`,
    ],
    ['x'.repeat(70), `${begin} "${'x'.repeat(60)}..."`],
    [`${HEADER}\tnew\n`, `${begin} "${HEADER.replaceAll('\t', '\\t')}\\tnew", with columns that are not known: new`],
    [HEADER, `${end} "${HEADER.replaceAll('\t', '\\t')}" ${way}`],
    [`${HEADER}\n0\t3\t3\t1.5\t1\t0:00:08`, `${end} "0\\t3\\t3\\t1.5\\t1\\t0:00:08" ${way}`],
    [
      `${HEADER}\n0\t3\t3\t1.5\t1\n`,
      `${PARSE} \`text\` must have 6 columns in line 2, got "0\\t3\\t3\\t1.5\\t1" ${width(5)}`,
    ],
    [
      `${HEADER}\n0\t3\t3\t1.5\t1\t0:00:08\n\n5\t3\t3\t1.5\t1\t0:00:08\n`,
      `${PARSE} \`text\` must have 6 columns in line 3, got "" ${width(1)}`,
    ],
    ...['0\t3\t3\t1.6\t1\t0:00:08', '0\t3\t-1\t0.0\t0\t0:00:08', '0\t4\t3\t1.5\t0\t0:00:08'].map(
      (line): [string, string] => [
        `${HEADER}\n0\t3\t3\t1.5\t1\t0:00:08\n5\t3\t3\t1.5\t1\t0:00:08\n${line}\n`,
        `${PARSE} \`idx\` must not be of an image of which line 2 says something else, in line 4, got "0"`,
      ],
    ),
    [
      `${HEADER}\n0\t3\t3\t1.5\t1\t0:00:08\nidx\tlabel\tpredict\tcorrect\ttime\n5\t3\t3\t1\t0:00:08\n`,
      `${PARSE} \`text\` must have one header for all its pieces, that of line 1, in line 3, got "idx\\tlabel\\tpredict\\tcorrect\\ttime"`,
    ],
  ])('case %#', async (text, message) => {
    await expectError(() => parseCertificationLog(text), DataError, message);
  });

  it('is text', async () => {
    await expectError(
      () => parseCertificationLog(new Uint8Array(2) as never),
      OptionError,
      `${PARSE} \`text\` must be a string, got an object (Uint8Array) (decodeCertificationLog takes bytes)`,
    );
  });
});

const NOT_NUMBERS = [
  '',
  '1 1',
  '0x10',
  '١',
  'NaN',
  'nan',
  'Infinity',
  '-0',
  '+1',
  '1_0',
  '1,5',
  '007',
  '.5',
  '1e',
  'e1',
];

describe('parseCertificationLog: the official columns', () => {
  const whole = 'must be an integer of at least 0 in line 2';
  const radius = 'must be a number that a double can hold, or inf in line 2';
  const time = 'must be a time (H:MM:SS.ffffff, days in front if any, or seconds) in line 2';
  const line = { idx: '0', label: '3', predict: '3', radius: '1.5', correct: '1', time: '0:00:08' };
  const refused = (
    column: keyof typeof line,
    cells: readonly string[],
    must: string,
  ): [object, string, string, string][] => cells.map((text) => [{ ...line, [column]: text }, column, text, must]);
  it.each([
    ...refused('idx', [...NOT_NUMBERS, '-1', '1.5', '1e-3', '9007199254740992'], whole),
    ...refused('label', [...NOT_NUMBERS, '-2', '3.5', 'tensor(3)'], 'must be an integer of at least -1 in line 2'),
    ...refused('predict', [...NOT_NUMBERS, '-2', '-1.5'], 'must be an integer of at least -1 in line 2'),
    ...refused(
      'radius',
      [
        ...NOT_NUMBERS.filter((text) => !['NaN', 'nan', '-0'].includes(text)),
        ...['1e999', '1e-999', '-1e-999', '-1e999', '1e-0400', '1.5.5', '--1', 'INF', '1.5d2'],
      ],
      radius,
    ),
    ...refused('correct', ['', '2', 'yes', 'T', '-1', '01'], 'must be 0, 1, True or False in line 2'),
    ...refused(
      'time',
      [
        ...NOT_NUMBERS.filter((text) => text !== ''),
        '0:60:00',
        '24:00:00',
        '0:00:60',
        '0:0:0',
        '0:00:08.5',
        '-1 day, 0:00:00',
        '1e999',
      ],
      time,
    ),
  ])('%o: %s', async (cells, column, text, must) => {
    const log = `${HEADER}\n${Object.values(cells).join('\t')}\n`;
    await expectError(() => parseCertificationLog(log), DataError, `${PARSE} \`${column}\` ${must}, got "${text}"`);
  });

  it.each([
    ['0\t3\t3\t1.5\t0\t0:00:08', '`correct` must be 1 for label 3 and predict 3 in line 2, got "0"'],
    ['0\t3\t4\t1.5\t1\t0:00:08', '`correct` must be 0 for label 3 and predict 4 in line 2, got "1"'],
    ['0\t3\t-1\t1.5\t0\t0:00:08', '`radius` must be 0 for an abstention in line 2, got "1.5"'],
  ])('%s', async (text, message) => {
    await expectError(() => parseCertificationLog(`${HEADER}\n${text}\n`), DataError, `${PARSE} ${message}`);
  });
});

describe('parseCertificationLog: the full format', () => {
  const names = certificationLogHeader().split('\t');
  const withCell = (column: string, text: string): string => {
    const cells = formatCertificationRow(loggedRow()).split('\t');
    return `${names.join('\t')}\n${cells.with(names.indexOf(column), text).join('\t')}\n`;
  };
  const integer = 'must be an integer of at least 0';
  const probability = 'must be a number in [0, 1]';
  const votes = 'must be the number of classes and class:count for each class with votes, ascending';
  const key = 'must be word0:word1, two integers below 2^32, or empty';
  const rule = 'must be {"name":text,"parameters":object}';
  const noise = 'must be {"name":text,"parameters":{name:number, text, boolean or list of numbers}}';
  const steps = 'must be a list of {"radius":number,"nA":number,"n":number}';
  const refused = (column: string, cells: readonly string[], must: string): [string, string, string][] =>
    cells.map((text) => [column, text, must]);
  it.each([
    ...refused('idx', ['020', '20.0'], integer),
    ...refused(
      'time',
      ['0.373426', '00:00:00.373426'],
      'must be a time (H:MM:SS.ffffff, days in front if any, or seconds)',
    ),
    ...refused('radius', ['1.90', '1.90e+00', '-1', 'nan'], 'must be a number that a double can hold, or inf'),
    ...refused('radius', ['1.91', '1.8'], 'must be 1.9 (fullRadius rounded down)'),
    ...refused(
      'fullRadius',
      ['', '-1', '1.90572828169495720', 'Infinity', '1e999', 'NaN'],
      'must be a number of at least 0',
    ),
    ...refused(
      'reason',
      ['', 'Certified', 'toString'],
      'must be one of certified, low-confidence, out-of-reach, declined, undecided',
    ),
    ...refused('norm', ['l3', ''], 'must be one of l1, l2, linf, l0, patch, edit, parameter, scaled'),
    ...refused('nUsed', ['', '-1', '1.5', '1e5', '100000.0', ' 1', '0x10', '١', '9007199254740993'], integer),
    ...refused('alpha', ['', '1.5', '-0.1', '1e-3', '.001', 'NaN', 'inf'], probability),
    ...refused('pBBar', ['2', ' '], probability),
    ...refused(
      'counts',
      ['x', '10 1', '10 1:', '10 10:1', '10 1:-1', '10 1:1.5', '10 3:1 1:1', '10 1:0', '10  1:1', '10 1:1 '],
      votes,
    ),
    ...refused('counts', ['10 1:1:1', '01 0:1', '10 1:1 1:2', '99999999999', '1e1 1:1', '-1', '10 0x1:1'], votes),
    ...refused('key', ['1', '1:2:3', '1:-2', '1:4294967296', '01:2', 'null', '1:'], key),
    ...refused(
      'rule',
      ['', 'fixed-sample', '{"name":"a"}', '{"name":1,"parameters":{}}', '{"name":"a","parameters":[]}', '[]', 'null'],
      rule,
    ),
    ...refused(
      'rule',
      ['{"name":"a","parameters":{},"x":1}', '{"name":"a","parameters":{"x":1e400}}', '{"name": "a","parameters":{}}'],
      rule,
    ),
    ...refused('rule', [`{"name":"a","parameters":{"x":${'['.repeat(50)}`], rule),
    ...refused(
      'noise',
      ['{"name":"a","parameters":{"sizes":[1,"2"]}}', '{"name":"a","parameters":{"sigma":null}}'],
      noise,
    ),
    ...refused(
      'scores',
      ['{}', '{"sum":1,"sumOfSquares":null}'],
      'must be {"sum":number,"sumOfSquares":number}, with "counts" (a list of numbers) or not',
    ),
    ...refused('steps', ['{}', '[1]', '[{"radius":1,"nA":2}]'], steps),
    ...refused('domain', ['any'], 'must be one of real, unit, uint8, binary, tokens'),
    ...refused('assumptions', ['[1]', '"a"', ''], 'must be a list of texts'),
    ...refused('smoothing', ['medium'], 'must be one of hard, soft'),
    ...refused(
      'stop',
      ['', ' a', '"plain"', '"cut'],
      'must be a text, or a JSON string if it has control characters, quotes, backslashes or blanks at its ends',
    ),
  ])('%s: %s', async (column, text, must) => {
    const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
    const message = `${PARSE} \`${column}\` ${must} in line 2, got ${shown}`;
    await expectError(() => parseCertificationLog(withCell(column, text)), DataError, message);
  });

  it.each([
    ['rule', (inside: string): string => `{"name":"a","parameters":{"x":${inside}}}`, 2],
    ['assumptions', (inside: string): string => `[${inside}]`, 1],
  ] as const)('%s: JSON that is nested too deeply is refused, not run into', (column, around, outer) => {
    const nested = (levels: number): string => around(`${'['.repeat(levels - outer)}${']'.repeat(levels - outer)}`);
    expect(() => parseCertificationLog(withCell(column, nested(2e5)))).toThrow(DataError);
    expect(() => parseCertificationLog(withCell(column, nested(65)))).toThrow(DataError);
    if (column === 'rule') expect(parseCertificationLog(withCell(column, nested(64)))).toHaveLength(1);
    // Brackets in a text are no levels.
    const text = JSON.stringify(`${'['.repeat(100)}"\\`);
    expect(parseCertificationLog(withCell(column, around(text)))).toHaveLength(1);
  });

  it('nothing is written that is nested too deeply to be read again', () => {
    const deep = JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`) as never;
    const one = loggedRow({ certificate: certificate({ rule: { name: 'mine', parameters: { deep } } }) });
    expect(() => formatCertificationRow(one)).toThrow(OptionError);
  });

  it('a log that lies about its number of classes is refused before it fills the memory', async () => {
    const log = certificationLog([loggedRow(), loggedRow({ index: 1 }), loggedRow({ index: 2 })]);
    const third = JSON.stringify(`${log.split('\n')[3]!.slice(0, 60)}...`);
    await expectError(
      () => parseLog(log, 40),
      DataError,
      `${PARSE} \`counts\` must not exceed 40 entries in all in line 4, got ${third}`,
    );
    expect(parseLog(log, 60)).toHaveLength(3);
  });
});

describe('decodeCertificationLog: errors', () => {
  const bytes = new TextEncoder().encode(certificationLog([loggedRow()]));
  const CALL = 'decodeCertificationLog:';

  it.each([
    ['text' as never, '`bytes` must be a Uint8Array or an ArrayBuffer, got "text"'],
    [new Uint8Array([0x69, 0xff]), '`bytes` must be UTF-8 text, got 2 bytes that are not'],
    [
      new Uint8Array(gzipSync(bytes)).slice(0, 30),
      '`bytes` must be an intact gzip file, got 30 bytes that do not unpack (damaged)',
    ],
  ])('case %#', async (file, message) => {
    await expect(decodeCertificationLog(file)).rejects.toThrow(`${CALL} ${message}`);
    await expect(decodeCertificationLog(file)).rejects.toBeInstanceOf(DataError);
  });

  it('more bytes than allowed, plain and packed', async () => {
    const size = bytes.length;
    await expectError(
      () => decodeCertificationLog(bytes, { maxBytes: 100 }),
      DataError,
      `${CALL} \`bytes\` must be at most 100 bytes, got ${size} (raise \`maxBytes\` if the file is trusted)`,
    );
    await expectError(
      () => decodeCertificationLog(new Uint8Array(gzipSync(bytes)), { maxBytes: 100 }),
      DataError,
      `${CALL} \`bytes\` must unpack to at most 100 bytes, got more (raise \`maxBytes\` if the file is trusted)`,
    );
    expect(await decodeCertificationLog(bytes, { maxBytes: size })).toHaveLength(1);
  });

  it('options', async () => {
    await expectError(
      () => decodeCertificationLog(bytes, { maxBytes: 0 }),
      OptionError,
      `${CALL} \`maxBytes\` must be an integer of at least 1, got 0`,
    );
  });
});

describe('formatCertificationRow: errors', () => {
  const FORMAT = 'formatCertificationRow:';
  const good = loggedRow();
  const bare: LoggedRow = { ...row(1), milliseconds: 1 };
  it.each<[Partial<LoggedRow>, string]>([
    [{ index: 1.5 }, '`index` must be an integer of at least 0, got 1.5'],
    [{ label: -2, correct: false }, '`label` must be an integer of at least -1, got -2'],
    [{ predicted: NaN }, '`predicted` must be an integer of at least -1, got NaN'],
    [
      { milliseconds: NaN },
      '`milliseconds` must be a time (H:MM:SS.ffffff, days in front if any, or seconds), got NaN',
    ],
    [{ milliseconds: -1 }, '`milliseconds` must be a time (H:MM:SS.ffffff, days in front if any, or seconds), got -1'],
    [{ radius: NaN }, '`radius` must be a number of at least 0, got NaN'],
    [{ radius: -1 }, '`radius` must be a number of at least 0, got -1'],
    [{ correct: false }, '`correct` must be true in this row, got false'],
    [{ abstained: true, radius: 0 }, '`abstained` must be false in this row, got true'],
    [
      { predicted: -1, correct: false, abstained: true },
      '`radius` must be 0 for an abstention, got 1.9057282816949572',
    ],
    [{ certificate: certificate({ label: 2 }) }, '`certificate.label` must be 1 in this row, got 2'],
    [{ certificate: certificate({ radius: 1 }) }, '`certificate.radius` must be 1.9057282816949572 in this row, got 1'],
    [{ certificate: certificate({ abstained: true }) }, '`certificate.abstained` must be false in this row, got true'],
    [{ certificate: certificate({ nA: NaN }) }, '`certificate.nA` must be an integer of at least 0, got NaN'],
    [{ certificate: certificate({ alpha: 2 }) }, '`certificate.alpha` must be a number in [0, 1], got 2'],
    [
      { certificate: certificate({ nUsed: undefined as never }) },
      '`certificate.nUsed` must be an integer of at least 0, got undefined',
    ],
    [
      { certificate: certificate({ noise: { name: 'mine', parameters: { scale: Infinity } } }) },
      '`certificate.noise` must be {"name":text,"parameters":{name:number, text, boolean or list of numbers}}, got an object (Object)',
    ],
  ])('case %#', async (change, message) => {
    await expectError(() => formatCertificationRow({ ...good, ...change }), OptionError, `${FORMAT} ${message}`);
  });

  it('the full format needs the certificate', async () => {
    await expectError(
      () => formatCertificationRow(bare),
      OptionError,
      `${FORMAT} \`certificate\` must be there for the full format, got undefined (format 'reference' needs none)`,
    );
  });

  it('options', async () => {
    const calls: [string, (options: never) => unknown][] = [
      ['formatCertificationRow', (options) => formatCertificationRow(good, options)],
      ['certificationLogHeader', (options) => certificationLogHeader(options)],
      ['certificationLog', (options) => certificationLog([good], options)],
    ];
    for (const [call, run] of calls) {
      const must = "`format` must be 'full', 'reference' or 'reference-rounded', got \"short\"";
      await expectError(() => run({ format: 'short' } as never), OptionError, `${call}: ${must}`);
      await expectError(
        () => run({ digits: 3 } as never),
        OptionError,
        `${call}: unknown option \`digits\`; known options: \`format\`, \`votes\``,
      );
    }
  });
});

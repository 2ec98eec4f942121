import { describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.ts';
import { formatOutputLog, isOutputLog, parseOutputLog } from '../../src/evaluate/output-log.ts';
import type { OutputRow } from '../../src/evaluate/output-rows.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { createKey } from '../../src/random/key.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { outputCertifierOf, outputFamilyOf, targetsOf } from '../helpers/output-families.ts';

async function rowsOf(): Promise<OutputRow[]> {
  await useBackend('cpu');
  const family = outputFamilyOf('confidence');
  const rows: OutputRow[] = [];
  const options = { ...family.options, key: createKey(1) };
  for await (const row of certifyDataset(await outputCertifierOf(family), targetsOf(family, 2), options))
    rows.push(row);
  return rows;
}

const damaged = (got: string): string => `parseOutputLog: \`text\` must be a log of outputs without damage, got ${got}`;

describe('parseOutputLog', () => {
  it('names line and reason of what is no log', async () => {
    const rows = await rowsOf();
    const text = formatOutputLog('confidence', rows);
    const change = (from: string | RegExp, to: string): string => text.replace(from, to);
    const cases: [string, string][] = [
      [text.slice(0, -1), 'no line end at its end (the log may be cut off)'],
      ['', '"" for its first line'],
      ['idx\tlabel\n', '"idx\\tlabel" for its first line'],
      [change('"version":1', '"version":2'), 'version 2 of the format in line 1, which a later catrs writes'],
      [change('"version":1', '"version": 1'), 'line 1, which is not as it was written'],
      [change('"index":1', '"index":0'), 'line 3, which has example 0, as line 2 has'],
      [change('"index":0', '"index":-1'), 'line 2, whose `index` is no index'],
      [change('"index":0', '"index": 0'), 'line 2, which is not as it was written'],
      [change(/"target":\d,/, ''), 'line 2, which has no `target`'],
      [change(/"engine":"[^"]*"/, '"engine":3'), 'line 2, whose `engine` is no text'],
      [change(/"milliseconds":/, '"milliseconds":-'), 'line 2, whose `milliseconds` are no time'],
      [change('"certificate":{', '"other":{'), 'line 2, which has no `certificate`'],
      [
        change('{"task":"confidence"', '{"task":"center"'),
        'line 2, whose certificate is of "center" in a log of confidence',
      ],
      [`${text}\n`, 'line 4, which is no row: ""'],
    ];
    for (const [wrong, got] of cases) await expectError(() => parseOutputLog(wrong), DataError, damaged(got));
    expect(() => parseOutputLog(change(/"target":\d/, '"target":"cat"'))).toThrow(/got line 2, where `.*` must/);
    expect(() => parseOutputLog(change('"n":200', '"n":"many"'))).toThrow(/got line 2, where `n` must/);
    await expectError(() => parseOutputLog(3 as never), OptionError, 'parseOutputLog: `text` must be a string, got 3');
  });
});

describe('formatOutputLog', () => {
  it('refuses what JSON cannot hold, rows of another task, and a task that is none', async () => {
    const [row] = await rowsOf();
    const nan = { ...row!, certificate: { ...row!.certificate, alpha: NaN } };
    await expectError(
      () => formatOutputLog('confidence', [nan]),
      OptionError,
      'formatOutputLog: `rows` must hold values of JSON only, got NaN at row.certificate.alpha of example 0',
    );
    await expectError(
      () => formatOutputLog('center', [row!]),
      OptionError,
      'formatOutputLog: `rows` must all be of center, got one of confidence at example 0',
    );
    expect(() => formatOutputLog('walk' as never, [])).toThrow(
      /^formatOutputLog: `task` must be one of .*, got "walk"$/,
    );
  });
});

it('isOutputLog tells a log by its beginning', () => {
  expect(['{"catrs":"outputs",', '{"ca', ''].map(isOutputLog)).toEqual([true, true, false]);
  expect(['idx\tlabel', '{"other":1}'].map(isOutputLog)).toEqual([false, false]);
});

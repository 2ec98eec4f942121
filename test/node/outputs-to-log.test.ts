import { appendFile, readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { formatOutputLog } from '../../src/evaluate/output-log.ts';
import type { OutputRow } from '../../src/evaluate/output-rows.ts';
import { mergeLogs } from '../../src/node/merge-logs.ts';
import { mergeOutputLogs } from '../../src/node/merge-output-logs.ts';
import type { OutputProgress } from '../../src/node/output-progress.ts';
import { progressLine } from '../../src/node/run-progress.ts';
import { createKey } from '../../src/random/key.ts';
import type { SampleProgress } from '../../src/smoothed/call-options.ts';
import { useBackend } from '../helpers/backends.ts';
import { thrownBy } from '../helpers/errors.ts';
import { gaussian, outputCertifierOf, outputFamilies, outputFamilyOf, targetsOf } from '../helpers/output-families.ts';
import { expectBytesHeld, expectCutsGoneOnWith } from './output-cuts.ts';
import { outputKey, outputsWithoutTimes, readOutputs, runOutputs, SIZE } from './output-runs.ts';
import { OUTPUT_CHILD, runAndKill, runProcess } from './processes.ts';
import { run as runClasses, useFolder } from './run.ts';

const { path, names } = useFolder();
beforeAll(() => useBackend('cpu'));
const regression = outputFamilyOf('regression');

/** A log up to its last line end. */
const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);

/** The error of a run that must leave its file as it is. */
async function refusedBy(file: string, run: () => Promise<unknown>): Promise<Error> {
  const before = await readFile(file);
  const error = await thrownBy(run);
  expect(await readFile(file), 'the file is as it was').toEqual(before);
  return error as Error;
}

describe.each(outputFamilies)('a log of $name', (family) => {
  const file = (name: string): string => path(`${family.name.replaceAll(' ', '-')}-${name}.jsonl`);
  let whole = '';
  beforeAll(async () => {
    const rows: OutputRow[] = [];
    const g = await outputCertifierOf(family);
    const options = { ...family.options, key: outputKey };
    for await (const row of certifyDataset(g, targetsOf(family, SIZE), options)) rows.push(row);
    whole = outputsWithoutTimes(formatOutputLog(g.task, rows));
    await runOutputs(family, file('whole'));
  });

  it('is that of certifyDataset, and leaves nothing else behind', async () => {
    expect(await readOutputs(file('whole'))).toBe(whole);
    const name = `${family.name.replaceAll(' ', '-')}-whole.jsonl`;
    expect((await names()).filter((found) => found.startsWith(name))).toEqual([name]);
    const { task } = await outputCertifierOf(family);
    const again = await runOutputs(family, file('whole'));
    expect(again).toEqual({ file: file('whole'), task, done: SIZE, resumed: SIZE });
    expect(await readOutputs(file('whole'))).toBe(whole);
  });

  it('is gone on with after an abort, to the same bytes', async () => {
    const abort = new AbortController();
    const onProgress = ({ done }: OutputProgress): void => {
      if (done === 2) abort.abort(new Error('enough'));
    };
    await expect(runOutputs(family, file('aborted'), { onProgress, signal: abort.signal })).rejects.toThrow('enough');
    const part = await readOutputs(file('aborted'));
    expect(whole.startsWith(part)).toBe(true);
    const resumed = part.split('\n').length - 2; // rows that are certain are still written
    expect(resumed).toBeGreaterThanOrEqual(2);
    expect(await runOutputs(family, file('aborted'), { batchSize: 13 })).toMatchObject({ resumed, done: SIZE });
    expect(await readOutputs(file('aborted'))).toBe(whole);
  });

  it('in shards is merged to the same bytes', async () => {
    const shards = [0, 1, 2].map((index) => file(`shard-${index}`));
    for (const [index, shard] of shards.entries()) {
      await runOutputs(family, shard, { select: { shard: { index, count: 3 } } });
    }
    const merged = file('merged');
    const { task } = await outputCertifierOf(family);
    const options = { file: merged, key: outputKey, size: SIZE };
    expect(await mergeOutputLogs(shards.toReversed(), options)).toEqual({ file: merged, task, done: SIZE, resumed: 0 });
    expect(await readOutputs(merged)).toBe(whole);
    expect(await runOutputs(family, merged)).toMatchObject({ resumed: SIZE });
    const other = mergeOutputLogs(shards, { ...options, key: createKey(7), file: file('other') });
    await expect(other).rejects.toThrow(/^mergeOutputLogs: `key` must be the same for all rows of a log/);
  });

  it('of secret keys is gone on with without one, and by no run with a key', async ({ skip }) => {
    if (!family.mayBeSecret) skip();
    const log = file('secret');
    await runOutputs(family, log, { key: undefined, select: { max: 2 } });
    const error = await refusedBy(log, () => runOutputs(family, log));
    expect(error.message).toMatch(/`key` must be the same for all rows of a log, got .* has none/);
    expect(await runOutputs(family, log, { key: undefined })).toMatchObject({ resumed: 2, done: SIZE });
    const refused = await refusedBy(file('whole'), () => runOutputs(family, file('whole'), { key: undefined }));
    expect(refused.message).toContain('`key` must be the same');
    const merged = { file: file('secret-merged'), size: SIZE };
    expect(await mergeOutputLogs([log], merged)).toMatchObject({ done: SIZE });
    await expect(mergeOutputLogs([log], { ...merged, key: outputKey })).rejects.toThrow('`key` must be the same');
  });

  it('is not gone on with by a run of another kind, and left as it is', async () => {
    const log = file('part');
    await writeFile(log, (await readFile(file('whole'), 'utf8')).split('\n').slice(0, 3).join('\n').concat('\n'));
    for (const change of family.others) {
      for (const recheck of [true, false]) {
        const error = await refusedBy(log, () => runOutputs(family, log, { ...change, recheck }));
        expect(error, JSON.stringify(change)).toBeInstanceOf(OptionError);
        expect(error.message).toMatch(/^certifyToLog: `\w+` must be the same for all rows of a log, got/);
      }
    }
    const otherKey = await refusedBy(log, () => runOutputs(family, log, { key: createKey(7) }));
    expect(otherKey.message).toBe(
      `certifyToLog: \`key\` must be the same for all rows of a log, got [0,7] where ${log}, line 2, has one made from another key` +
        ' (one log holds one run: use its settings, or another file)',
    );
    const g = await family.make((x: tf.Tensor) => tf.tidy(() => tf.mul(family.model(x), -2)), gaussian);
    const otherModel = await refusedBy(log, () => runOutputs(family, log, {}, { g }));
    expect(otherModel).toBeInstanceOf(OptionError);
    expect(otherModel.message).toMatch(/must be a log of this model|must be the same for all rows/);
    const dataset = { ...targetsOf(family, SIZE), example: (i: number) => targetsOf(family, 9).example(i + 1) };
    const otherData = await refusedBy(log, () => runOutputs(family, log, {}, { dataset }));
    expect(otherData).toBeInstanceOf(DataError);
    expect(otherData.message).toMatch(
      /^certifyToLog: `file` must be a log of this data set, with the target of example 0 as it is there, got another one in /,
    );
    const gap = await refusedBy(log, () => runOutputs(family, log, { select: { start: 1 } }));
    expect(gap.message).toMatch(/^certifyToLog: `file` must go on with image 1, got image 0 in /);
    expect(await runOutputs(family, log)).toMatchObject({ resumed: 2 });
    expect(await readOutputs(log)).toBe(whole);
  });

  it('is refused where any field of a certificate was edited', async () => {
    const log = file('edited');
    const text = await readFile(file('whole'), 'utf8');
    const [header = '', line = ''] = text.split('\n');
    const row = JSON.parse(line) as OutputRow;
    const edits: [string, unknown][] = Object.entries(row.certificate).map(([name, value]) => [
      name,
      typeof value === 'number'
        ? value + (Number.isInteger(value) ? 1 : 1e-3)
        : typeof value === 'boolean'
          ? !value
          : value === null
            ? 7
            : undefined,
    ]);
    for (const [name, value] of edits) {
      if (name === 'milliseconds') continue;
      const certificate = { ...row.certificate, [name]: value };
      await writeFile(log, `${header}\n${JSON.stringify({ ...row, certificate })}\n`);
      const error = await refusedBy(log, () => runOutputs(family, log, { recheck: false }));
      expect(error instanceof DataError || error instanceof OptionError, name).toBe(true);
      expect(error.message, name).toContain('line 2');
      expect(error.message).not.toContain('undefined is not');
    }
    expect(edits.length).toBeGreaterThan(8);
  });
});

describe('a log of outputs', () => {
  it('that was cut is gone on with, to the same bytes', () => expectCutsGoneOnWith(path('cut.jsonl'), 41));
  it('is left as it is where a byte is another one', () => expectBytesHeld(path('bytes.jsonl'), 37));

  it('of a process that is killed three times is gone on with, to the same bytes', async () => {
    const whole = path('quiet.jsonl');
    await runOutputs(regression, whole);
    const file = path('killed.jsonl');
    for (const rows of [0, 1, 3]) {
      expect(await runAndKill(file, 60, { rows, milliseconds: 2 }, OUTPUT_CHILD)).toMatchObject({ signal: 'SIGKILL' });
      expect(
        (await readOutputs(whole)).startsWith(
          outputsWithoutTimes(wholeLines(await readFile(file, 'utf8').catch(() => ''))),
        ),
      ).toBe(true);
    }
    await runOutputs(regression, file);
    expect(await readOutputs(file)).toBe(await readOutputs(whole));
    expect((await names()).filter((name) => name.startsWith('killed'))).toEqual(['killed.jsonl']);
  });

  it('on a full disk keeps the rows before, names the file, and is gone on with', async () => {
    const file = path('full.jsonl');
    const { lines } = await runProcess(file, { limit: 'ulimit -f 3', child: OUTPUT_CHILD }).ended; // KiB
    const { message } = JSON.parse(lines[0] ?? '') as { readonly message: string };
    expect(message).toBe(
      `certifyToLog: \`file\` must be on a disk that takes every row, got "EFBIG: file too large, write" for ${file}` +
        ' (the rows before are valid: make room and run again, it goes on after them)',
    );
    const part = await readFile(file, 'utf8');
    expect(part.endsWith('\n')).toBe(true);
    const rows = part.split('\n').length - 2;
    expect(rows).toBeGreaterThan(0);
    expect(await runOutputs(regression, file)).toMatchObject({ resumed: rows, done: SIZE });
  });
});

describe('logs of two kinds', () => {
  it('are told apart, both ways, and by both mergings', async () => {
    const [classes, outputs] = [path('classes.tsv'), path('outputs.jsonl')];
    await runClasses(classes, { select: { max: 2 } });
    await runOutputs(regression, outputs, { select: { max: 2 } });
    const one = await refusedBy(classes, () => runOutputs(regression, classes));
    expect(one).toBeInstanceOf(DataError);
    expect(one.message).toBe(
      `certifyToLog: \`file\` must be a log of regression, got ${classes}, a log of one label an image (it was left as it is: take another file)`,
    );
    const other = await refusedBy(outputs, () => runClasses(outputs));
    expect(other.message).toBe(
      `certifyToLog: \`file\` must be a certification log in the full format, got ${outputs}, a log of other outputs than one label (it was left as it is: take another file)`,
    );
    const center = await refusedBy(outputs, () => runOutputs(outputFamilyOf('center'), outputs));
    expect(center.message).toBe(
      `certifyToLog: \`file\` must be a log of center, got ${outputs}, a log of regression of version 1 (it was left as it is: take another file)`,
    );
    const options = { file: path('none'), key: outputKey, size: 2 };
    await expect(mergeOutputLogs([classes], options)).rejects.toThrow(
      /must be logs of other outputs than one label, got .*\(mergeLogs merges logs of classes\)$/,
    );
    await expect(mergeLogs([outputs], options)).rejects.toThrow('a log of other outputs than one label');
    await expect(mergeOutputLogs([outputs, classes], options)).rejects.toThrow('must be a log of regression');
    await expect(mergeOutputLogs([], options)).rejects.toThrow('`files` must be a list of at least one log');
    expect(await names()).not.toContain('none');
  });

  it('are merged only where each example is there once, whole, of one engine', async () => {
    const [one, two] = [path('one.jsonl'), path('two.jsonl')];
    await runOutputs(regression, one, { select: { max: 2 } });
    await runOutputs(regression, two, { select: { start: 2, max: 2 } });
    const merge = (files: string[], change: object = {}): Promise<unknown> =>
      mergeOutputLogs(files, { file: path('joined.jsonl'), key: outputKey, size: 4, ...change });
    await expect(merge([one])).rejects.toThrow('must hold all images of the run, got no image 2 and 1 others');
    await expect(merge([one, one, two])).rejects.toThrow('must hold each image once');
    await expect(merge([one, two], { size: 3 })).rejects.toThrow('must hold only images of the run');
    const text = await readFile(two, 'utf8');
    await writeFile(two, text.replaceAll('"engine":"cpu', '"engine":"other'));
    await expect(merge([one, two])).rejects.toThrow('must be logs of one engine');
    await writeFile(two, text.slice(0, -1));
    await expect(merge([one, two])).rejects.toThrow('must be finished logs');
    await writeFile(two, text);
    await merge([one, two]);
    await merge([two, one]);
    expect(await readOutputs(path('joined.jsonl'))).toBe(
      outputsWithoutTimes(`${await readFile(one, 'utf8')}${text.slice(text.indexOf('\n') + 1)}`),
    );
  });
});

describe('a run of outputs', () => {
  it('says how far it is, also inside an example, and what it goes on from', async () => {
    const told: OutputProgress[] = [];
    const samples: SampleProgress[] = [];
    const options = {
      onProgress: (p: OutputProgress) => told.push(p),
      onSamples: (p: SampleProgress) => samples.push(p),
    };
    const file = path('progress.jsonl');
    await runOutputs(regression, file, { ...options, select: { max: 2 } });
    expect(told.map(({ done, total, resumed }) => [done, total, resumed])).toEqual([
      [0, 2, 0],
      [1, 2, 0],
      [2, 2, 0],
    ]);
    expect(new Set(samples.map(({ index }) => index))).toEqual(new Set([0, 1]));
    expect(samples.at(-1)).toEqual({ index: 1, drawn: 200, most: 200 });
    expect(told.at(-1)?.millisecondsLeft).toBe(0);
    told.length = 0;
    await runOutputs(regression, file, { ...options, batchSize: 50 });
    expect(told[0]).toMatchObject({ done: 2, total: SIZE, resumed: 2 });
    expect(told[0]?.millisecondsLeft).toBeGreaterThan(0);
    expect(told.at(-1)).toMatchObject({ done: SIZE, total: SIZE, resumed: 2, millisecondsLeft: 0 });
    expect(progressLine(told.at(-1)!)).toBe('6/6 100 %, done');
    expect(progressLine(told[0]!)).toMatch(/^2\/6 33 %, .* left$/);
  });

  it('checks its options before it touches a file', async () => {
    const file = path('untouched.jsonl');
    await expect(runOutputs(regression, file, { n: -1 })).rejects.toThrow(/^certifyToLog: `n` must/);
    await expect(runOutputs(regression, file, { colour: 1 })).rejects.toThrow(
      /^certifyToLog: unknown option `colour`; known options: .*`onProgress`/,
    );
    await expect(runOutputs(regression, file, { durable: 3 as never })).rejects.toThrow('`durable` must');
    expect(await names()).not.toContain('untouched.jsonl');
    await expect(runOutputs(regression, path('no/folder.jsonl'))).rejects.toThrow('certifyToLog: `file` must');
  });

  it('ends with what its listener throws, and with a file that something else changes', async () => {
    const file = path('thrown.jsonl');
    const onProgress = (): void => {
      throw new Error('no more');
    };
    await expect(runOutputs(regression, file, { onProgress })).rejects.toThrow('no more');
    const onSamples = async (): Promise<void> => appendFile(file, 'x');
    await expect(runOutputs(regression, file, { onSamples, durable: true })).rejects.toThrow(
      'must not be changed by anything else',
    );
  });

  it('on another engine does not go on with a log', async () => {
    const file = path('engine.jsonl');
    await runOutputs(regression, file, { select: { max: 2 } });
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('"engine":"cpu', '"engine":"other'));
    const error = await refusedBy(file, () => runOutputs(regression, file));
    expect(error.message).toMatch(
      /^certifyToLog: `engine` must be the same for all rows of a log, got cpu .* has other/,
    );
  });
});

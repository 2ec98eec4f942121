import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { plannedRadius } from '../../src/certify/planned-radius.ts';
import { fixedRadius } from '../../src/certify/fixed-radius.ts';
import type { CertificationRule } from '../../src/certify/rule.ts';
import { stopAtSamples } from '../../src/certify/stops.ts';
import type { Certificate } from '../../src/certify/types.ts';
import { DataError } from '../../src/errors.ts';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import type { CertifiedRow } from '../../src/evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { mergeLogs } from '../../src/node/merge-logs.ts';
import { additiveNoise } from '../../src/noise/additive-noise.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';
import { dataset, key, noise, settings } from './points.ts';
import { run, useFolder } from './run.ts';

const { path, names } = useFolder();
beforeAll(() => useBackend('cpu'));

const rowsOf = async (file: string): Promise<CertifiedRow[]> =>
  parseCertificationLog(await readFile(file, 'utf8')) as CertifiedRow[];

/** A log with another certificate in one row, written as catrs writes it. */
async function edited(
  from: string,
  to: string,
  at: number,
  change: (c: Certificate) => Partial<Certificate>,
): Promise<string> {
  const rows = (await rowsOf(path(from))).map((row, i) => {
    if (i !== at) return row;
    const certificate = { ...row.certificate, ...change(row.certificate) };
    const { label: predicted, radius, abstained } = certificate;
    return { ...row, certificate, predicted, radius, abstained, correct: predicted === row.label };
  });
  await writeFile(path(to), certificationLog(rows));
  return path(to);
}

const more = ({ counts, cAHat }: Certificate): number[] => counts.map((count, c) => count + (c === cAHat ? 1 : -1));

const edits: readonly (readonly [string, (c: Certificate) => Partial<Certificate>])[] = [
  ['a radius times 10', ({ radius }) => ({ radius: 10 * radius })],
  ['a radius a millionth larger', ({ radius }) => ({ radius: radius * (1 + 1e-6) })],
  ['a certificate of an abstention', ({ cAHat }) => ({ label: cAHat, radius: 0.3, abstained: false })],
  ['more votes for the class than nA', (c) => ({ counts: more(c) })],
  ['another class', ({ label }) => ({ label: 1 - label })],
  ['a smaller number of samples', ({ nUsed }) => ({ nUsed: nUsed - 50 })],
  ['another stop', () => ({ stop: 'last-size' })],
  ['a better bound', () => ({ pABar: 0.9999, qABar: 0.0001 })],
];

const rules: readonly (readonly [string, CertificationRule | undefined])[] = [
  ['fixed-sample', undefined],
  ['fixed-radius', fixedRadius({ radius: [0.02, 0.1] })],
  ['planned-radius', plannedRadius({ radius: [0.02, 0.1] })],
  ['anytime-radius', anytimeRadius({ stops: [stopAtSamples({ samples: 200 })] })],
];

describe.each(rules)('a row that was edited in a log of %s', (name, rule) => {
  const change = rule ? { rule } : {};
  beforeAll(async () => {
    await run(path(`${name}.tsv`), { ...change, select: { max: 6 } });
  });

  it.each(edits)('with %s: neither gone on with nor merged', async (what, edit) => {
    const isAbstention = what.includes('abstention');
    const rows = await rowsOf(path(`${name}.tsv`));
    const at = rows.findIndex(({ abstained }) => abstained === isAbstention);
    expect(at).toBeGreaterThanOrEqual(0);
    const file = await edited(`${name}.tsv`, `${name}-edited.tsv`, at, edit);
    const before = await readFile(file);
    // Also without looking at the model again.
    for (const recheck of [true, false]) {
      const error: unknown = await run(file, { ...change, recheck }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DataError);
      expect((error as Error).message).toContain(
        `certifyToLog: \`file\` must hold certificates that follow from their votes, got ${file}, line ${at + 2}, where image ${at} has none: `,
      );
      expect(await readFile(file)).toEqual(before);
    }
    await expect(mergeLogs([file], { file: path('merged.tsv'), key, size: 6 })).rejects.toThrow(
      `mergeLogs: \`files\` must hold certificates that follow from their votes, got ${file}, line ${at + 2}, where image ${at} has none: `,
    );
    expect(await names()).not.toContain('merged.tsv');
  });

  it('and claims less is taken over', async () => {
    const at = (await rowsOf(path(`${name}.tsv`))).findIndex(({ abstained }) => !abstained);
    const truncated = ({ radius }: Certificate) => ({ radius: Math.floor(radius * 1e4) / 1e4 });
    const file = await edited(`${name}.tsv`, `${name}-less.tsv`, at, truncated);
    expect(await run(file, { ...change, recheck: false })).toMatchObject({ resumed: 6, done: 12 });
  });
});

it('a log of shards that leave out classes without votes is not merged', async () => {
  await run(path('first.tsv'), { select: { max: 2 } });
  await run(path('second.tsv'), { select: { start: 2, max: 2 } });
  const wider = await edited('second.tsv', 'wider.tsv', 0, ({ counts, countsSelection }) => ({
    counts: [...counts, 0],
    countsSelection: [...countsSelection, 0],
  }));
  await expect(mergeLogs([path('first.tsv'), wider], { file: path('merged.tsv'), key, size: 4 })).rejects.toThrow(
    'counts have 3 classes, but the classifier 2',
  );
});

it('rows of a noise of one’s own are derived with that noise', async () => {
  const own = additiveNoise({
    name: 'mine',
    norms: ['l2'],
    sample: (out, request) => noise.sample(out, request),
    radius: (bound, request) => noise.radius(bound, request),
  });
  const g = new SmoothedClassifier(linearClassifier([1, -1], 0).logits, { noise: own, numClasses: 2 });
  const file = path('own.tsv');
  await certifyToLog(g, dataset, { ...settings, file, select: { max: 4 } });
  expect(await certifyToLog(g, dataset, { ...settings, file, select: { max: 6 } })).toMatchObject({
    resumed: 4,
    done: 6,
  });
  const merge = { file: path('own-merged.tsv'), key, size: 6 };
  await expect(mergeLogs([file], merge)).rejects.toThrow(
    'got "mine" (a noise of one\'s own cannot be made from its record: pass the noise itself)',
  );
  expect(await mergeLogs([file], { ...merge, verifyWith: { noise: own } })).toMatchObject({ done: 6 });
});

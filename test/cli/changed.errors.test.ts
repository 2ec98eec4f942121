import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { useChanged, type Words } from './changed-model.ts';
import { catrs } from './run.ts';
import { SIZE, tinyImages } from './tiny.ts';

const { path, data, run, ofNew } = useChanged();

describe('a log that nothing can be certified from', () => {
  const complaint = async (args: Words): Promise<string> => {
    const { code, stderr } = await catrs(args);
    expect(code).toBe(2);
    return stderr
      .trimEnd()
      .split('\n')
      .at(-1)!
      .replaceAll(`${path('.')}/`, '');
  };
  const refused = (more: Words, old?: string): Promise<string> => complaint(ofNew('none.jsonl', more, old));

  beforeAll(async () => {
    await catrs(['certify', ...run(), '--out', path('plain.tsv')]);
    await catrs(['certify', ...run(['--max', 10, '--keep-votes', 20]), '--out', path('ten.tsv')]);
    await catrs(['certify', ...run(['--max', 2, '--seed', 5000, '--keep-votes', 20]), '--out', path('seed.tsv')]);
    await catrs(['certify', ...data(), '--model', path('model'), '--backend', 'cpu', '--noise', 'band', '--band-size', 2, '--encoding', 'fill', '--fill', 0, '--out', path('band.tsv')]); // prettier-ignore
    const { labels } = tinyImages();
    const y = { dtype: 'uint8', shape: [SIZE], data: labels.map((label, i) => (i === 5 ? 1 - label : label)) } as const;
    await writeFile(path('others.npy'), encodeNpy(y));
    await writeFile(path('odd.npy'), encodeNpy({ dtype: 'float32', shape: [2, 2, 2, 1], data: new Float32Array(8) }));
    const edited = (await readFile(path('old.tsv'), 'utf8')).replace(/0\.001\t/, '0.002\t');
    await writeFile(path('edited.tsv'), edited);
  });

  it.each<readonly [string, Words, string | undefined, RegExp]>([
    ['has no votes', [], 'plain.tsv', /^catrs: plain\.tsv: image 0: must have its votes one by one, got none \(certify the old model with --keep-votes\)$/],
    ['lacks images', [], 'ten.tsv', /^catrs: ten\.tsv: must have a row for each image of the run, got none for 14 of 24, the first is 10 \(--start, --skip, --max/],
    ['has keys of an unknown seed', ['--max', 2], 'seed.tsv', /^catrs: --seed must be that of seed\.tsv, got none \(its keys are of none of the first 1000 seeds: add --seed\)$/],
    ['has keys of another seed', ['--seed', 4], undefined, /^catrs: old\.tsv: image 0: key is \[.*\], but \[.*\] follows from --seed 4 \(catrs verify old\.tsv says all that is wrong\)$/],
    ['is of another noise', ['--sigma', 0.25], undefined, /^catrs: --sigma must be the noise of old\.tsv, gaussian sigma 0\.5, got gaussian sigma 0\.25 \(leave it out\)$/],
    ['is of no votes', [], 'band.tsv', /^catrs: band\.tsv: must have keys, by which its samples are drawn again, got none/],
    ['is of other labels', ['--labels', 'OTHERS'], undefined, /^catrs: --data must be the data of old\.tsv, where image 5 has label 0, got 1 in x\.npy \(take the data of the old run\)$/],
    ['is of another input range', ['--input-range', '0,255'], undefined, /^catrs: --input-range must be that of old\.tsv, 0,1, got 0,255 \(leave it out\)$/],
    ['has fewer votes than samples', ['--n', 101], undefined, /^catrs: --n must be at most 100, the fewest votes of an image in old\.tsv, got 101 \(leave --n out/],
    ['was edited', [], 'edited.tsv', /^catrs: edited\.tsv: image 0: alpha is 0\.002, but 0\.001 in the run .*catrs verify/],
    ['has an alpha', ['--alpha', 0.01], undefined, /^catrs: --alpha must be left out with --from-log old\.tsv, got --alpha 0\.01 \(the log has its own; --alpha-zeta is what the changed model adds\)$/],
    ['is for another task', ['--task', 'center', '--radius', 0.1], undefined, /^catrs: --from-log is for --task class, got --task center/],
    ['has another alpha', ['--alpha-zeta', 0.7], undefined, /^catrs: --alpha-zeta must be in \(0, 1\/2\), got 0\.7/],
  ])('%s', async (_, more, old, message) => {
    expect(await refused(more.map((word) => (word === 'OTHERS' ? path('others.npy') : word)), old)).toMatch(message);
  }); // prettier-ignore

  it.each<readonly [string, Words, RegExp]>([
    ['--until alone', ['--until', 0.5], /^catrs: --until must be given with --from-log, got --until 0\.5 without \(add --from-log/],
    ['--alpha-zeta alone', ['--alpha-zeta', 0.01], /^catrs: --alpha-zeta must be given with --from-log/],
    ['a class that the votes choose', ['--radius', 0.2, '--keep-votes', 9], /^catrs: --n0 must be at least 1 with --keep-votes, got --keep-votes 9 with --radius 0\.2 and no sample/],
    ['votes of copies that are all evaluated', ['--noise', 'band', '--keep-votes', 9], /^catrs: --keep-votes must be left out for --noise band|--sigma must be left out/],
  ])('refuses %s', async (_, more, message) => {
    expect(await complaint(['certify', ...run(more), '--out', path('none.tsv')])).toMatch(message);
  }); // prettier-ignore
});

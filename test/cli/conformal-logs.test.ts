import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { INPUTS, rowsOf, useSmallTasks } from './output-tasks.ts';
import { catrs, type CliResult } from './run.ts';

const path = useSmallTasks();
type Words = readonly (string | number)[];

const from = (model = 'classes'): Words => [
  ...['--data', path('x.npy'), '--labels', path('classes.npy'), '--model', path(model), '--backend', 'cpu'],
];
const certify = (name: string, more: Words): Promise<CliResult> =>
  catrs([
    ...['certify', '--task', 'conformal', ...from(), '--sigma', 0.25, '--alpha', 0.4, '--radius', 0.05],
    ...['--start', 4, ...more, '--out', path(name)],
  ]);
const verify = (name: string, more: Words = []): Promise<CliResult> => catrs(['verify', path(name), ...more]);
const lastLine = ({ stderr }: CliResult): string => stderr.trimEnd().split('\n').at(-1) ?? '';

describe('a log of sets with a seed', () => {
  it('is drawn again, with the calibration of a file or of inputs, whose scores are drawn again too', async () => {
    const made = await certify('seeded.jsonl', ['--calibration', 4, '--seed', 3, '--sets', path('seeded.json')]);
    expect(made.code).toBe(0);
    for (const calibration of [path('seeded.json'), 4, '0:3']) {
      const drawn = await verify('seeded.jsonl', [...from(), '--calibration', calibration, '--rows', 'all']);
      expect(drawn.stdout).toContain(
        `all of 4 certificates follow from their evidence, their threshold from the scores of --calibration ${calibration}, 4 drawn again from their keys\n`,
      );
      expect(drawn.stdout).toContain('keys of seed 3\n');
      expect(drawn.code).toBe(0);
    }
    const read = await verify('seeded.jsonl', ['--calibration', path('seeded.json')]);
    expect(read.stdout).toContain(`from the scores of --calibration ${path('seeded.json')}\n`);
  });

  it('is told from sets of another calibration, another model and other draws', async () => {
    await certify('other.jsonl', ['--calibration', '1:3', '--seed', 3, '--sets', path('other.json')]);
    const other = await verify('seeded.jsonl', ['--calibration', path('other.json'), '--json']);
    expect(other.code).toBe(1);
    expect(other.stdout).toMatch(/digest is .*calibration is 4, but 3 of the sets/);
    const model = await verify('seeded.jsonl', [...from('rows'), '--calibration', 4]);
    expect(model.code).not.toBe(0);
    const [header = '', first = '', ...others] = (await readFile(path('seeded.jsonl'), 'utf8')).split('\n');
    const row = JSON.parse(first) as { certificate: { scores: number[]; checksum: string } };
    // The fourth digit of a score, with a label set that stays as it was: only the draw tells.
    row.certificate.scores = row.certificate.scores.map((score) => score + 0.0001);
    await writeFile(path('edited.jsonl'), [header, JSON.stringify(row), ...others].join('\n'));
    const edited = await verify('edited.jsonl', [...from(), '--calibration', 4]);
    expect(edited.stdout).toMatch(/^input 4: drawn again: scores is /m);
    expect(edited.code).toBe(1);
  });

  it('needs the calibration for that, and a file of it without a model', async () => {
    expect(lastLine(await verify('seeded.jsonl', from()))).toBe(
      'catrs: --calibration must be given for a log of conformal: the file of --sets, or the inputs that set the threshold (or leave --model and --data out)',
    );
    expect(lastLine(await verify('seeded.jsonl', ['--calibration', 4]))).toBe(
      'catrs: --calibration must be a file without --model and --data, got inputs 4 (add them, or give the file of --sets)',
    );
    expect(lastLine(await verify('seeded.jsonl', ['--sets', 'a.json']))).toBe(
      'catrs: --sets is for certify, which writes the file, got a.json (--calibration a.json reads it)',
    );
    expect(lastLine(await verify('seeded.jsonl', ['--score', 'lac']))).toBe(
      'catrs: --score is for the model of the run, got no --model (add it, and --data)',
    );
    expect(lastLine(await verify('seeded.jsonl', ['--tau', 0.8]))).toMatch(
      /^catrs: --tau is for logs of segmentation, got .*seeded\.jsonl of conformal \(leave it out\)$/,
    );
    await writeFile(path('damaged.json'), (await readFile(path('seeded.json'), 'utf8')).replace('"aps"', '"lac"'));
    expect(lastLine(await verify('seeded.jsonl', ['--calibration', path('damaged.json')]))).toMatch(
      /^catrs: .*damaged\.json: `digest` must be that of the other fields, or the record is damaged/,
    );
  });
});

describe('a log of sets without a seed', () => {
  it('says that its keys are secret, and has its threshold drawn again', async () => {
    expect((await certify('secret.jsonl', ['--calibration', 4])).code).toBe(0);
    const drawn = await verify('secret.jsonl', [...from(), '--calibration', 4]);
    expect(drawn.stdout).toContain(
      'from the scores of --calibration 4, none drawn again: their keys are secret, and not in the log\n',
    );
    expect(drawn.stdout).toContain(`4 rows: images 4 to ${INPUTS - 1}, secret keys\n`);
    expect(drawn.code).toBe(0);
    // The draws of the scores have the key of seed 0 where no other was given.
    const other = await verify('secret.jsonl', [...from(), '--calibration', 4, '--seed', 1]);
    expect(other.stdout).toMatch(/digest is /);
    expect(other.code).toBe(1);
  });
});

describe('sets of many draws', () => {
  const draws = ['--draws', 60, '--calibration-draws', 40];
  it('are calibrated, certified and drawn again', async () => {
    const made = await certify('many.jsonl', ['--calibration', 4, '--seed', 1, ...draws, '--sets', path('many.json')]);
    expect(made.stderr).toMatch(/labels with a score of at most .* in \d+ of 60 draws are in the set/);
    expect(made.code).toBe(0);
    const [{ certificate }] = (await rowsOf(path('many.jsonl'))) as unknown as [{ certificate: object }];
    expect(certificate).toMatchObject({ n: 60, draws: { calibration: 40, prediction: 60, orderStatistic: 36 } });
    for (const calibration of [4, path('many.json')]) {
      const drawn = await verify('many.jsonl', [...from(), '--calibration', calibration, '--rows', 'all']);
      expect(drawn.stdout).toContain(', 4 drawn again from their keys\n');
      expect(drawn.code).toBe(0);
    }
    const fewer = ['--calibration', path('many.json'), '--seed', 1, '--draws', 50];
    expect((await certify('fewer.jsonl', fewer)).code).toBe(0);
    const [row] = (await rowsOf(path('fewer.jsonl'))) as unknown as [{ certificate: object }];
    expect(row.certificate).toMatchObject({ n: 50, draws: { calibration: 40, prediction: 50 } });
  });

  it.each<readonly [Words, string | RegExp]>([
    [['--calibration', 4, '--calibration-draws', 9], '--draws must be given with --calibration-draws: how many each set has'], // prettier-ignore
    [['--calibration', 4, '--order-statistic', 9], '--draws must be given with --order-statistic: how many each set has'], // prettier-ignore
    [['--calibration', 4, '--draws', 2], /^--draws must be so many that some count of them proves something, got 2/],
    [
      ['--calibration', 4, '--alpha', 0.8, '--draws', 60, '--delta', 0.9],
      /^--delta must not be given with many draws, got 0\.9/,
    ],
    [['--calibration', 4, '--draws', 60, '--order-statistic', 70], /^--order-statistic must be .*, got 70/],
    [['--calibration', 4, '--delta', 0.1], /delta|needed|at least/],
  ])('%j is refused', async (more, must) => {
    const found = lastLine(await certify('none.jsonl', more)).replace('catrs: ', '');
    if (typeof must === 'string') expect(found).toBe(must);
    else expect(found).toMatch(must);
  });

  it('come from a calibration of many draws, which has settled its own', async () => {
    const one = lastLine(await certify('none.jsonl', ['--calibration', path('seeded.json'), '--draws', 50]));
    expect(one).toMatch(/^catrs: --draws must not be given for sets of one draw/);
    const settled = lastLine(await certify('none.jsonl', ['--calibration', path('many.json'), ...draws]));
    expect(settled).toMatch(
      /^catrs: --calibration-draws is for a calibration that is made, got that of .*many\.json \(leave it out\)$/,
    );
  });
});

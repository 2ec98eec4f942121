import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { useSmallTasks } from './output-tasks.ts';
import { catrs } from './run.ts';

const path = useSmallTasks();

type Words = readonly (string | number)[];

async function complaint(args: Words): Promise<string> {
  const { code, stderr } = await catrs(args);
  expect([1, 2]).toContain(code);
  const lines = stderr.trimEnd().split('\n');
  return lines
    .at(-1)!
    .replace(/^catrs: /, '')
    .replaceAll(path('.').slice(0, -1), '');
}

const rows = (task: string, more: Words): Promise<string> =>
  complaint([
    ...['certify', '--task', task, '--data', path('points.npz'), '--model', path('rows'), '--backend', 'cpu'],
    ...['--sigma', 0.25, '--out', path('none.jsonl'), ...more],
  ]);

describe('the options of a task', () => {
  it.each<readonly [string, Words, string | RegExp]>([
    ['regression', [], '--radius or --low or --high must be given for --task regression'],
    ['segmentation', [], '--num-classes must be given for --task segmentation'],
    ['conformal', [], '--alpha must be given for --task conformal'],
    ['conformal', ['--alpha', 0.1, '--radius', 0.1], '--calibration must be given for --task conformal'],
    ['center', [], '--radius must be given for --task center'],
    [
      'regression',
      ['--radius', 0.1, '--tau', 0.8],
      /^--tau is for --task segmentation, got --task regression, which has --radius, --low, --high, --n, --alpha, --outputs, /,
    ],
    [
      'center',
      ['--radius', 0.1, '--worth', 2],
      /^--worth is for --task class, got --task center, which has --radius, /,
    ],
    [
      'segmentation',
      ['--num-classes', 2, '--delta', 0.1],
      /^--delta is for --task conformal or center, got --task segmentation/,
    ],
    [
      'class',
      ['--percentile', 0.3],
      /^--percentile is for --task regression or boxes, got --task class, which has --n, /,
    ],
    ['class', ['--truth', 'a.npy'], /^--truth is for --task regression or boxes or segmentation or /],
    ['conformal', ['--alpha', 0.1, '--radius', 0.1, '--calibration', 2, '--n', 5], /^--n is for --task class or /],
    ['regression', ['--radius', 0.1, '--labels', 'a.npy'], /^--labels is for --task class or conformal/],
    // What the library refuses is said in the words of the command.
    ['regression', ['--radius', 0.1, '--percentile', 1.5], '--percentile must be in (0, 1), got 1.5'],
    ['regression', ['--radius', '0.2,0.1'], /^--radius must be a finite number greater than 0, or an ascending list/],
    ['regression', ['--radius', 0.1, '--n', 3], /^--n must be at least /],
    ['center', ['--radius', 0.1, '--delta', 0.6], /^--delta must be in \(0, 1\/2\), got 0\.6/],
    ['center', ['--radius', 0.1, '--center-n', 5], /^--center-alpha must be above /],
  ])('of --task %s %j are checked', async (task, more, must) => {
    const found = await rows(task, more);
    if (typeof must === 'string') expect(found).toBe(must);
    else expect(found).toMatch(must);
  });

  it('of noises are those of the noise', async () => {
    const fine = ['--truth', path('tags.npy'), '--data', path('fine.npy'), '--noise', 'sound-gaussian'];
    const X = { dtype: 'float32', shape: [8, 2], data: new Float32Array(16).fill(0.3) } as const;
    await writeFile(path('fine.npy'), encodeNpy(X));
    expect(await rows('multilabel', [...fine, '--top', 1, '--labels-per-pass', 1, '--n', 100])).toBe(
      '--data must have values k/255 with whole k from 0 to 255 (8-bit levels as float32) for sound-gaussian noise, got 0.30000001192092896 (its certificate holds only there)',
    );
    const words = ['--radius', 0.1, '--noise', 'laplace'];
    expect(await rows('center', words)).toBe('--sigma must be left out for --noise laplace, which has --scale');
    const images = [
      '--data',
      path('masks.npz'),
      '--model',
      path('pixels'),
      '--backend',
      'cpu',
      '--out',
      path('none.jsonl'),
    ];
    const band = ['--noise', 'band', '--band-size', 1, '--radius', 0.1];
    expect(await complaint(['certify', '--task', 'center', ...images, ...band])).toBe(
      '--noise must be one that is drawn for --task center, got band',
    );
    const other = ['--sigma', 0.25, '--num-classes', 3];
    expect(await complaint(['certify', '--task', 'segmentation', ...images, ...other])).toMatch(
      /^--model must return logits .* --logits-layout nchw says that they are the second axis\)$/,
    );
    const one = ['--sigma', 0.25, '--num-classes', 1];
    expect(await complaint(['certify', '--task', 'segmentation', ...images, ...one])).toMatch(
      /^--num-classes must be an integer from 2 to 16384, got 1/,
    );
  });
});

describe('a calibration', () => {
  const sets = (more: Words): Promise<string> =>
    complaint([
      ...['certify', '--task', 'conformal', '--data', path('x.npy'), '--model', path('classes'), '--backend', 'cpu'],
      ...['--sigma', 0.25, '--alpha', 0.4, '--radius', 0.05, '--out', path('none.jsonl'), ...more],
    ]);
  const labels = (): string[] => ['--labels', path('classes.npy')];

  it('has other inputs than those that are certified, of the data, whose truth is known', async () => {
    expect(await sets(['--calibration', 4])).toMatch(
      /must have what is true of the inputs of --calibration 4, got inputs only$/,
    );
    expect(await sets([...labels(), '--calibration', 4])).toBe(
      '--calibration must take other inputs than those that are certified, got 0 to 3 with input 0 (add --start 4)',
    );
    expect(await sets([...labels(), '--calibration', '2:3'])).toBe(
      '--calibration must take other inputs than those that are certified, got 2 to 3 with input 2 (choose others by --start, --skip and --max)',
    );
    expect(await sets([...labels(), '--calibration', '5:9'])).toMatch(
      /^--calibration must be inputs of .*, which are 0 to 7, got 5 to 9$/,
    );
    expect(await sets([...labels(), '--calibration', '1', '--start', 4, '--alpha', 0.1])).toMatch(/at least|needed/);
    const table = ['--data', path('points.csv'), '--target', 'y', '--model', path('one'), '--calibration', 4];
    expect(await sets([...table, '--start', 4])).toMatch(
      /points\.csv, column y: must hold classes, whole numbers from 0, got 0\.\d+ for input 0 \(numbers need --task regression, or --score residual for --task conformal\)$/,
    );
  });

  it('may come from a file that --sets has written, of the same noise and score', async () => {
    const run = (more: Words): Words => [
      ...['certify', '--task', 'conformal', '--data', path('x.npy'), ...labels(), '--model', path('classes')],
      ...['--backend', 'cpu', '--alpha', 0.4, '--radius', 0.05, ...more],
    ];
    const written = ['--sigma', 0.25, '--calibration', 4, '--start', 4, '--seed', 1, '--sets', path('sets.json')];
    const { stderr, code } = await catrs(run([...written, '--out', path('first.jsonl')]));
    expect(stderr).toContain('catrs: 4 inputs of calibration: ');
    expect(stderr).toContain('catrs: with --seed the draws are known: an evaluation, and no answers to an attacker');
    expect(code).toBe(0);
    const again = ['--calibration', path('sets.json'), '--start', 4, '--seed', 1, '--out', path('second.jsonl')];
    expect((await catrs(run(['--sigma', 0.25, ...again]))).code).toBe(0);
    expect(await complaint(run([...written, '--out', path('third.jsonl')]))).toMatch(
      /^--sets must be a new file, got .*, which exists$/,
    );
    const other = [...again.slice(0, -1), path('third.jsonl')];
    expect(await complaint(run(['--sigma', 0.5, ...other]))).toMatch(
      /must be of the noise of this run, .*"sigma":0\.5.*, got .*"sigma":0\.25/,
    );
    expect(await complaint(run(['--sigma', 0.25, '--score', 'lac', ...other]))).toMatch(
      /must be of --score lac, got aps/,
    );
    await writeFile(path('broken.json'), '{"format":"catrs robust sets"}');
    const broken = ['--sigma', 0.25, '--calibration', path('broken.json'), '--start', 4, '--out', path('third.jsonl')];
    expect(await complaint(run(broken))).toMatch(/^.*broken\.json: /);
  });
});

describe('logs of other outputs', () => {
  it('are not mixed with logs of classes, nor given their options', async () => {
    const out = path('center.jsonl');
    const args = [
      'certify',
      '--task',
      'center',
      '--data',
      path('points.npz'),
      '--model',
      path('rows'),
      '--backend',
      'cpu',
    ];
    const asked = ['--sigma', 0.25, '--n', 300, '--alpha', 0.01, '--center-n', 500, '--center-alpha', 0.05];
    expect((await catrs([...args, ...asked, '--radius', 0.05, '--max', 2, '--out', out])).code).toBe(0);
    const labels = ['--data', path('x.npy'), '--labels', path('classes.npy'), '--model', path('classes')];
    const classes = path('classes.tsv');
    const run = ['--backend', 'cpu', '--sigma', 0.25, '--n', 200, '--max', 2, '--out', classes];
    expect((await catrs(['certify', ...labels, ...run])).code).toBe(0);
    expect(await complaint(['analyze', out, classes])).toMatch(
      /classes\.tsv: must be a log of center as .*center\.jsonl, got one of classes$/,
    );
    const wider = ['--sigma', 0.5, '--n', 300, '--alpha', 0.01, '--radius', 0.05, '--max', 2, '--out', out, '--resume'];
    expect(await complaint([...args, ...wider])).toMatch(
      /^--noise must be the same for all rows of a log, got \{"name":"gaussian","parameters":\{"sigma":0\.5\}\} where .*center\.jsonl, line 2, has /,
    );
    const merged = ['--size', 4, '--out', path('merged.jsonl')];
    expect(await complaint(['merge', out, classes, ...merged])).toMatch(
      /^<logs\.\.\.> must .* log of center, got .*classes\.tsv/,
    );
    expect(await complaint(['merge', classes, out, ...merged])).toMatch(/^<logs\.\.\.> must .*center\.jsonl/);
    expect(await complaint(['analyze', path('points.csv')])).toMatch(
      /points\.csv: must begin with the header of a log/,
    );
    expect(await complaint(['analyze', out, '--radii', '0,1'])).toMatch(
      /^--radii is for logs of classes, got .*center\.jsonl of other outputs/,
    );
    expect(await complaint(['analyze', out, '--table', 'latex'])).toMatch(/^--table is for logs of classes/);
    expect(await complaint(['analyze', out, '--plot', path('a.svg'), '--curve', 'width'])).toMatch(
      /^--curve must be one of .*"share", got "width"$/,
    );
    expect(await complaint(['analyze', classes, '--curve', 'share'])).toMatch(
      /^--curve is for logs of other outputs than classes/,
    );
    expect(await complaint(['verify', classes, '--delta', 0.1])).toMatch(
      /^--delta is for logs of other outputs than classes, got .*classes\.tsv of classes/,
    );
    const plotted = await catrs(['analyze', out, '--plot', path('a.svg'), '--curve', 'share', '--json']);
    expect(JSON.parse(plotted.stdout)).toMatchObject({ plots: [path('a.svg')], logs: [{ name: 'center' }] });
    const cut = await complaint(['verify', out, '--data', path('points.npz'), '--model', path('one')]);
    expect(cut).toMatch(/certificates do not hold$|must/);
  });
});

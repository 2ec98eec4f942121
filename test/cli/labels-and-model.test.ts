import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { png, writeTree } from './data-folder.ts';
import { catrs, useTiny } from './run.ts';
import { SIZE } from './tiny.ts';

const { path, data, model, run } = useTiny();

const labelled = async (name: string, at: number, label: number): Promise<string> => {
  const labels = Uint8Array.from({ length: SIZE }, (_, i) => (i === at ? label : i % 2));
  await writeFile(path(name), encodeNpy({ dtype: 'uint8', shape: [SIZE], data: labels }));
  return path(name);
};

describe('labels that are no class of the model', () => {
  it.each<readonly [string, readonly (string | number)[]]>([
    ['certify', ['--n', 200, '--out', 'OUT']],
    ['certify', ['--n', 200, '--workers', 2, '--out', 'OUT']],
    ['predict', ['--n', 200]],
    ['attack', ['--n', 200, '--epsilon', 0.5, '--out', 'OUT']],
    ['soft-targets', ['--n', 200, '--out', 'OUT']],
  ])('are refused by %s before the first image, though it would come late', async (command, more) => {
    const labels = await labelled('late.npy', SIZE - 1, 2);
    const before = await readdir(path('.'));
    const given = ['--data', path('x.npy'), '--labels', labels, ...model(), '--sigma', 0.5, '--max', 3];
    const { code, stdout, stderr } = await catrs([
      command,
      ...given,
      ...more.map((one) => (one === 'OUT' ? path('out') : one)),
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(
      `catrs: ${labels}: must have labels from 0 to 1 for the 2 classes of ${path('model')}, got 2 for image ${SIZE - 1} (labels count from 0; take the model for these classes, or other labels)`,
    );
    expect(await readdir(path('.'))).toEqual(before);
  });

  it('are refused by verify and train, and told where they count from 1', async () => {
    const log = path('log.tsv');
    await catrs(['certify', ...run(['--max', 3]), '--out', log]);
    const late = await labelled('late.npy', SIZE - 1, 2);
    const verified = await catrs(['verify', log, '--data', path('x.npy'), '--labels', late, ...model()]);
    expect([verified.code, verified.stdout]).toEqual([2, '']);
    expect(verified.stderr).toContain(`${late}: must have labels from 0 to 1 for the 2 classes of `);
    const ones = Uint8Array.from({ length: SIZE }, (_, i) => 1 + (i % 2));
    await writeFile(path('ones.npy'), encodeNpy({ dtype: 'uint8', shape: [SIZE], data: ones }));
    const given = ['--data', path('x.npy'), '--labels', path('ones.npy'), '--init', path('model'), '--backend', 'cpu'];
    const trained = await catrs(['train', ...given, '--method', 'gaussian', '--epochs', 1, '--out', path('run')]);
    expect([trained.code, trained.stdout]).toEqual([2, '']);
    expect(trained.stderr).toContain('got 2 for image 1 (these labels count from 1: take 1 off each, or ');
    await writeFile(path('numbers.txt'), '1\n2\n');
    const listed = [
      '--data',
      path('x.npy'),
      '--labels',
      path('ones.npy'),
      '--classes',
      path('numbers.txt'),
      ...model(),
    ];
    const predicted = await catrs(['predict', ...listed, '--sigma', 0.5, '--n', 100, '--max', 1]);
    expect(predicted.stdout.split('\n')[1]).toMatch(/^0\t1\t1\t/);
    expect(await readdir(path('.'))).not.toContain('run');
  });

  it('are those of --eval, whose class folders count as those of --data', async () => {
    const dark = png(9, 16, 16);
    const folder = await writeTree(path('trained'), { 'a/1.png': dark, 'b/1.png': dark, 'c/1.png': dark });
    const other = await writeTree(path('eval'), { 'a/1.png': dark, 'b/1.png': dark, 'd/1.png': dark });
    const given = ['--arch', 'lenet', '--method', 'gaussian', '--epochs', 1, '--backend', 'cpu', '--out', path('run')];
    const { code, stderr } = await catrs(['train', '--data', folder, '--eval', other, ...given]);
    expect([code, stderr]).toEqual([
      2,
      `catrs: ${other}: must have folders that are classes of --data, got d, where its classes are a, b, c\n`,
    ]);
  });

  it('are those of folders, too', async () => {
    const folder = await writeTree(path('twelve'), {
      'a/1.png': png(9, 4, 4),
      'b/1.png': png(9, 4, 4),
      'c/1.png': png(9, 4, 4),
    });
    const { code, stderr } = await catrs(['predict', '--data', folder, ...model(), '--sigma', 0.5, '--n', 100]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `${folder}: must have folders for the 2 classes of ${path('model')}, got 3: a, b, c (--classes FILE`,
    );
  });
});

describe('catrs predict', () => {
  it('says label and class in one naming', async () => {
    const folder = await writeTree(path('named'), { 'dark/1.png': png(9, 4, 4), 'light/1.png': png(250, 4, 4) });
    const args = ['predict', '--data', folder, ...model(), '--sigma', 0.1, '--n', 100];
    const { stdout } = await catrs(args);
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      `0\t${folder}/dark/1.png\tdark\tdark\t100,0`,
      `1\t${folder}/light/1.png\tlight\tlight\t0,100`,
    ]);
    const json = JSON.parse((await catrs([...args, '--json'])).stdout) as { readonly rows: readonly object[] };
    expect(json.rows[1]).toMatchObject({ label: 1, predicted: 1, className: 'light' });
    await writeFile(path('classes.txt'), 'night\nday\n');
    const listed = await catrs(['predict', ...run(['--max', 1]), '--classes', path('classes.txt')]);
    expect(listed.stdout.split('\n')[1]).toMatch(/^0\tnight\tnight\t/);
  });
});

describe('bytes', () => {
  it('fill the declared range: the same votes as floats of that range', async () => {
    const values = Uint8Array.from({ length: SIZE * 16 }, (_, i) => Math.floor(i / 16) * 11);
    const shape = [SIZE, 4, 4, 1];
    await writeFile(path('bytes.npy'), encodeNpy({ dtype: 'uint8', shape, data: values }));
    await writeFile(path('floats.npy'), encodeNpy({ dtype: 'float32', shape, data: Float32Array.from(values) }));
    const lines: string[] = [];
    for (const images of ['bytes.npy', 'floats.npy']) {
      const given = [
        '--data',
        path(images),
        '--labels',
        path('y.npy'),
        ...model(),
        '--input-range',
        '0,255',
        '--sigma',
        40,
      ];
      const { stdout, code } = await catrs(['predict', ...given, '--n', 100]);
      expect(code).toBe(0);
      lines.push(stdout);
    }
    expect(lines[0]).toBe(lines[1]);
  });
});

describe('options of data that are not given', () => {
  it('are refused', async () => {
    const log = path('alone.tsv');
    await catrs(['certify', ...run(['--max', 3]), '--out', log]);
    const { code, stderr } = await catrs(['verify', log, '--labels', path('y.npy')]);
    expect([code, stderr]).toEqual([
      2,
      'catrs: --labels is for the data of the run, got no --data (add it, and --model)\n',
    ]);
    const train = ['train', ...data(), '--method', 'gaussian', '--arch', 'lenet', '--epochs', 1, '--out', path('run')];
    const trained = await catrs([...train, '--eval-labels', path('y.npy')]);
    expect([trained.code, trained.stderr]).toEqual([
      2,
      'catrs: --eval-labels are for the images of --eval, got no --eval (add it)\n',
    ]);
  });
});

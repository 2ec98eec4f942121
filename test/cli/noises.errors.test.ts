import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { catrs, useTiny } from './run.ts';
import { saveTiny } from './tiny.ts';

const tiny = useTiny();

async function complaint(args: readonly (string | number)[]): Promise<string> {
  const { code, stderr } = await catrs(args);
  expect([1, 2]).toContain(code);
  const lines = stderr.trimEnd().split('\n');
  return lines.at(-1)!.replace(/^catrs: /, '');
}

const certify = (noise: readonly (string | number)[]): Promise<string> =>
  complaint(['certify', ...tiny.data(), ...tiny.model(), '--out', tiny.path('none.tsv'), ...noise]);

describe('the noise of a run', () => {
  it.each<readonly [readonly (string | number)[], string | RegExp]>([
    [[], '--sigma must be given for --noise gaussian'],
    [['--noise', 'ablation'], '--keep must be given for --noise ablation'],
    [['--noise', 'band'], '--band-size must be given for --noise band'],
    [['--noise', 'block'], '--band-size must be given for --noise block'],
    [['--noise', 'splitting'], '--half-width must be given for --noise splitting'],
    [['--noise', 'bit-flip', '--deletion', 0.1], '--addition must be given for --noise bit-flip'],
    [['--noise', 'bit-flip', '--addition', 0.1], '--deletion must be given for --noise bit-flip'],
    [['--noise', 'deletion', '--deletion', 0.9], '--pad-id must be given for --noise deletion'],
    [['--noise', 'blur'], '--blur must be given for --noise blur'],
    [['--noise', 'blur', '--blur', 0], '--blur must be a number above 0, got 0'],
    [
      ['--noise', 'blur', '--blur', 1, '--contrast', 1],
      '--contrast must be left out for --noise blur, which has --blur, --blur-law',
    ],
    [['--noise', 'light', '--contrast', 1], '--brightness must be given for --noise light'],
    [
      ['--noise', 'light', '--contrast', -1, '--brightness', 1],
      '--contrast must be a finite number of at least 0, got -1',
    ],
    [['--noise', 'shift'], '--sigma must be given for --noise shift'],
    [['--noise', 'shift', '--sigma', 1, '--pixel-sigma', -1], /^--pixel-sigma must be/],
    [
      ['--noise', 'blur-and-light', '--contrast', 1, '--brightness', 1],
      '--blur must be given for --noise blur-and-light',
    ],
    [
      ['--noise', 'shift', '--sigma', 1, '--denoiser', 'model'],
      /^--denoiser must be left out for shift noise, which adds nothing to images/,
    ],
    [['--sigma', 1, '--keep', 3], '--keep must be left out for --noise gaussian, which has --sigma'],
    [
      ['--noise', 'ablation', '--keep', 3, '--sigma', 1],
      '--sigma must be left out for --noise ablation, which has --keep, --positions, --encoding, --fill, --mask-id',
    ],
    [
      ['--noise', 'band', '--band-size', 1, '--addition', 0.5],
      '--addition must be left out for --noise band, which has --band-size, --keep, --stride, --no-wrap, --threshold, --encoding, --fill',
    ],
    [
      ['--noise', 'block', '--band-size', 1, '--keep', 'rows'],
      '--keep must be left out for --noise block, which has --band-size, --stride, --no-wrap, --threshold, --encoding, --fill',
    ],
    [
      ['--noise', 'bit-flip', '--addition', 0.1, '--deletion', 0.1, '--no-wrap'],
      '--no-wrap must be left out for --noise bit-flip, which has --addition, --deletion',
    ],
    [
      ['--noise', 'deletion', '--deletion', 0.9, '--pad-id', 0, '--threshold', 0.3],
      '--threshold must be left out for --noise deletion, which has --deletion, --pad-id, --length',
    ],
    ...(['--n', '--n0', '--alpha', '--radius', '--adaptive', '--prior', '--worth'] as const).map(
      (flag): readonly [readonly (string | number)[], string | RegExp] => [
        ['--noise', 'band', '--band-size', 1, flag, ...(flag === '--prior' ? ['jeffreys'] : [1])],
        `${flag} must be left out for --noise band, whose copies are all evaluated`,
      ],
    ),
    [
      ['--noise', 'ablation', '--keep', 'rows'],
      '--keep must be a whole number of at least 1 for --noise ablation, got rows',
    ],
    [['--noise', 'ablation', '--keep', 3, '--fill', 0.5], '--fill must be given with --encoding fill, got it without'],
    [['--noise', 'ablation', '--keep', 3, '--encoding', 'fill'], '--fill must be given with --encoding fill'],
    [
      ['--noise', 'ablation', '--keep', 3, '--positions', 'tokens'],
      '--mask-id must be given with --positions tokens: the id of a hidden one',
    ],
    [
      ['--noise', 'ablation', '--keep', 3, '--mask-id', 1, '--encoding', 'mask'],
      '--mask-id must be left out with mask, as it is for tokens',
    ],
    [
      ['--noise', 'ablation', '--keep', 3, '--mask-id', 1, '--positions', 'values'],
      '--mask-id must be left out with values, as it is for tokens',
    ],
    [
      ['--noise', 'bit-flip', '--addition', 0.1, '--deletion', 0.1, '--input-range', '0,255'],
      '--input-range must be left out for --noise bit-flip of whole numbers, which are taken as they are',
    ],
    // What the noises say is said in the words of the command.
    [['--noise', 'band', '--band-size', 9], '--band-size must be at most 4, the number of columns, got 9'],
    [
      ['--noise', 'band', '--band-size', 1, '--keep', 'diagonals'],
      "--keep must be 'columns', 'rows', 'rows+columns' or 'blocks', got \"diagonals\"",
    ],
    [['--noise', 'splitting', '--half-width', 0], '--half-width must be a number from 1/512 to 2^16, got 0'],
    [
      ['--noise', 'ablation', '--keep', 45, '--denoiser', 'model'],
      '--keep must be an integer from 1 to 15, as there are 16 pixels, got 45',
    ],
    [
      ['--noise', 'ablation', '--keep', 4, '--denoiser', 'model'],
      /^--denoiser must be left out for ablation noise, which adds nothing to images/,
    ],
  ])('%o', async (noise, text) => {
    const found = await certify(noise);
    if (typeof text === 'string') expect(found).toBe(text);
    else expect(found).toMatch(text);
  });

  it('is that of the model: another shape of copies is refused', async () => {
    expect(await certify(['--noise', 'ablation', '--keep', 4])).toMatch(
      /model: must take the images of the data, of shape \[4, 4, 2\], got a model for \[4, 4, 1\]/,
    );
  });

  it('is one that the method trains for', async () => {
    const train = (options: readonly (string | number)[]): Promise<string> =>
      complaint(['train', ...tiny.data(), '--init', tiny.path('model'), '--epochs', 1, '--out', tiny.path('new'), ...options]); // prettier-ignore
    const splitting = ['--noise', 'splitting', '--half-width', 0.5];
    expect(await train(['--method', 'gaussian', ...splitting])).toBe(
      '--method must be copies for --noise splitting, got gaussian (the other methods are for Gaussian noise)',
    );
    expect(await train(['--method', 'copies', '--preset', 'mnist', ...splitting])).toBe(
      '--preset must be left out for --noise splitting, for which nothing is published',
    );
    expect(await train(['--method', 'copies', ...splitting, '--sigma', 1])).toBe(
      '--sigma must be left out for --noise splitting, which has --half-width',
    );
    expect(await train(['--method', 'copies', '--lambda', 1])).toBe(
      '--lambda must be left out for --method copies, which has --num-noise',
    );
  });

  describe('of whole numbers', () => {
    const ids = (): string[] => ['--data', tiny.path('ids.npy'), '--labels', tiny.path('ids-y.npy')];
    beforeAll(async () => {
      const data = Uint8Array.of(3, 4, 9, 5, 9, 3);
      await writeFile(tiny.path('ids.npy'), encodeNpy({ dtype: 'uint8', shape: [2, 3], data }));
      await saveTiny(tiny.path('of-ids'), { shape: [3, 1] });
      await writeFile(tiny.path('ids-y.npy'), encodeNpy({ dtype: 'uint8', shape: [2], data: Uint8Array.of(0, 1) }));
    });

    it.each([
      [
        ['--noise', 'bit-flip', '--addition', 0.1, '--deletion', 0.1],
        '--data must have values 0 or 1, as the noise certifies no others, got 3 in row 0',
      ],
      [
        ['--noise', 'deletion', '--deletion', 0.9, '--pad-id', 9],
        '--data must have the pad 9 at the end only: it is no token, got 3 at 2 behind the pad at 1',
      ],
    ])('must be such, whole numbers as they are: %o', async (noise, text) => {
      const found = await complaint([
        ...['train', ...ids(), '--init', tiny.path('of-ids'), '--method', 'copies', '--epochs', 1],
        ...['--out', tiny.path('new'), '--backend', 'cpu', ...noise],
      ]);
      expect(found).toContain(text);
    });
  });
});

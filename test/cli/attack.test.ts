import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { useFolder } from '../node/run.ts';
import { catrs } from './interruptible.ts';
import type { CliResult } from './run.ts';
import { SIZE, tinyImages, writeTiny } from './tiny.ts';

const { path } = useFolder();
beforeAll(() => writeTiny(path('tiny')));

const subject = (): string[] => [
  ...['--data', path('tiny/x.npy'), '--labels', path('tiny/y.npy'), '--model', path('tiny/model')],
  ...['--sigma', '0.25', '--backend', 'cpu'],
];
const attack = (extra: readonly string[], onText?: Parameters<typeof catrs>[1]): Promise<CliResult> =>
  catrs(['attack', ...subject(), '--n', '100', '--steps', '4', '--num-noise', '4', ...extra], onText);

interface Figures {
  readonly images: number;
  readonly cleanAccuracy: number;
  readonly empiricalRobustAccuracy: readonly { readonly epsilon: number; readonly accuracy: number }[];
  readonly certifiedAccuracy?: readonly { readonly accuracy: number }[];
  readonly brokenCertificates?: readonly unknown[];
}
const figuresOf = ({ stdout }: CliResult): Figures => JSON.parse(stdout) as Figures;
const withoutTimes = (log: string): string => log.replace(/\t[\d.]+$/gm, '');

/** Share of the images that lie farther than epsilon from the plane: no attack within epsilon can break them. */
function farther(epsilon: number): number {
  const { values } = tinyImages();
  const distances = Array.from({ length: SIZE }, (_, i) => {
    const sum = values.subarray(i * 16, (i + 1) * 16).reduce((total, value) => total + value - 0.5, 0);
    return Math.abs(sum) / 4;
  });
  return distances.filter((distance) => distance > epsilon).length / SIZE;
}

describe('catrs attack', () => {
  it.each(['pgd', 'ddn'])('%s finds what is within its length of a linear classifier, and no more', async (name) => {
    const run = await attack(['--attack', name, '--epsilon', '0.3,0.8', '--json']);
    expect(run.code).toBe(0);
    const { images, cleanAccuracy, empiricalRobustAccuracy: robust } = figuresOf(run);
    expect(images).toBe(SIZE);
    expect(cleanAccuracy).toBeGreaterThan(0.8);
    for (const { epsilon, accuracy } of robust) {
      expect(accuracy).toBeGreaterThanOrEqual(farther(epsilon) - 1e-9);
      expect(accuracy).toBeLessThan(farther(epsilon) + 0.3); // abstentions near the plane are not broken
    }
    expect(robust[1]?.accuracy).toBeLessThan(robust[0]?.accuracy ?? 0);
  });

  it('prints a table beside the certificates, none of which it contradicts', async () => {
    const log = path('certified.tsv');
    const certified = await catrs(['certify', ...subject(), '--n', '500', '--out', log]);
    expect(certified.code).toBe(0);
    const { code, stdout } = await attack(['--epsilon', '0.25,0.5', '--certified', log]);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'pgd, l2, 4 steps on 4 copies: 24 images, on cpu (tfjs 4.22.0)',
      expect.stringMatching(/^ {2}correct without attack \d+\.\d %$/),
      '  sigma and epsilon in units of the input range 0 to 1',
      '  epsilon                     0.25     0.5',
      expect.stringMatching(/^ {2}under attack at most % +\d+\.\d +\d+\.\d$/),
      expect.stringMatching(/^ {2}certified at least % +\d+\.\d +\d+\.\d$/),
      '  contradicted certificates: 0',
      '',
    ]);
    const { empiricalRobustAccuracy: robust, certifiedAccuracy = [] } = figuresOf(
      await attack(['--epsilon', '0.25,0.5', '--certified', log, '--json']),
    );
    robust.forEach(({ accuracy }, i) => expect(accuracy).toBeGreaterThanOrEqual(certifiedAccuracy[i]?.accuracy ?? 2));
  });

  it('ends with exit code 1 where a certificate is contradicted', async () => {
    const log = path('published.tsv');
    const { labels } = tinyImages();
    const rows = Array.from(labels, (label, i) => `${i}\t${label}\t${label}\t9.000\t1\t0:00:01.000000`);
    await writeFile(log, `idx\tlabel\tpredict\tradius\tcorrect\ttime\n${rows.join('\n')}\n`);
    const { code, stderr, stdout } = await attack(['--epsilon', '2', '--certified', log]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/contradicted certificates: [1-9]/);
    expect(stderr).toMatch(
      /catrs: certificates must hold under attack, got another class within the radius of image \d/,
    );
  });

  it('writes rows, goes on after Ctrl-C to the same rows, and refuses other settings', async () => {
    const options = ['--epsilon', '0.3,0.8', '--skip', '2'];
    await attack([...options, '--out', path('whole.tsv')]);
    let texts = 0;
    const cut = await attack([...options, '--out', path('cut.tsv')], (text, interrupt) => {
      if (text.includes('broken') && ++texts === 1) interrupt.abort();
    });
    expect(cut.code).toBe(130);
    expect(cut.stderr).toContain(
      `interrupted; ${path('cut.tsv')} is valid, and the same command with --resume goes on\n`,
    );
    const refused = await attack([...options, '--out', path('cut.tsv')]);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining(
        `catrs: --out must be a new file, got ${path('cut.tsv')}, which exists (add --resume to go on with it)\n`,
      ),
    ]);
    const other = await attack([...options, '--out', path('cut.tsv'), '--resume', '--seed', '1']);
    expect(other.stderr).toContain('--seed must be the same for all rows of a file, got 1 where');
    const resumed = await attack([...options, '--out', path('cut.tsv'), '--resume']);
    expect(resumed.code).toBe(0);
    const [whole, gone] = [await readFile(path('whole.tsv'), 'utf8'), await readFile(path('cut.tsv'), 'utf8')];
    expect(withoutTimes(gone)).toBe(withoutTimes(whole));
    const lines = whole.trimEnd().split('\n');
    expect(lines[0]).toBe('epsilon\tidx\tlabel\tpredict\tbroken\tclean\tdistance\tnorm\ttime');
    expect(lines).toHaveLength(1 + 2 * (SIZE / 2));
  });

  it('shares the images between threads, to the same rows, and goes on so', { timeout: 120_000 }, async () => {
    const options = ['--epsilon', '0.3,0.8', '--skip', '2', '--workers', '2'];
    let texts = 0;
    const cut = await attack([...options, '--out', path('threads.tsv')], (text, interrupt) => {
      if (text.includes('broken') && ++texts === 3) interrupt.abort();
    });
    expect(cut.code, cut.stderr).toBe(130);
    const { code } = await attack([...options, '--out', path('threads.tsv'), '--resume']);
    expect(code).toBe(0);
    const [one, two] = [await readFile(path('whole.tsv'), 'utf8'), await readFile(path('threads.tsv'), 'utf8')];
    expect(withoutTimes(two)).toBe(withoutTimes(one));
    const ddn = ['--attack', 'ddn', '--epsilon', '0.8', '--max', '5', '--json'];
    expect(figuresOf(await attack([...ddn, '--workers', '2']))).toEqual(figuresOf(await attack(ddn)));
  });

  it('does not go on with a log whose rows rest on other keys, as those of 0.5 do', async () => {
    const options = ['--epsilon', '0.3', '--max', '2', '--out', path('older.tsv')];
    expect((await attack(options)).code).toBe(0);
    const before = await readFile(path('older.tsv'), 'utf8');
    const { keys, ...older } = JSON.parse(await readFile(path('older.tsv.json'), 'utf8')) as Record<string, unknown>;
    expect(keys).toBe('children of foldIn(key, index): attack 3, judge 4, clean 2');
    await writeFile(path('older.tsv.json'), JSON.stringify(older));
    const { code, stderr } = await attack([...options, '--resume']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('`keys` must be the same for all rows of a file')]);
    expect(stderr).toContain('has none (one file holds one run: use its settings, or another file)');
    expect(await readFile(path('older.tsv'), 'utf8')).toBe(before);
  });

  it.each<[string, string[], string]>([
    [
      'an ONNX file',
      ['--model', 'net.onnx'],
      'net.onnx: must be a model.json of TensorFlow.js, got an ONNX file, which has no gradient',
    ],
    ['another norm for ddn', ['--attack', 'ddn', '--norm', 'linf'], '--norm must be l2 for --attack ddn, got linf'],
    ['a step size for ddn', ['--attack', 'ddn', '--step-size', '1'], '--step-size must be left out for --attack ddn'],
    ['a length of 0', ['--epsilon', '0'], '--epsilon must be a finite number greater than 0, got 0'],
    ['an attack it does not know', ['--attack', 'fgsm'], "option '--attack <name>' argument 'fgsm' is invalid"],
  ])('refuses %s in one line', async (_, extra, text) => {
    const { code, stderr, stdout } = await attack(['--epsilon', '0.25', ...extra]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`catrs: ${text}`);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('refuses a log of another sigma, or of other images', async () => {
    const log = path('other.tsv');
    await catrs(['certify', ...subject(), '--n', '100', '--max', '3', '--out', log]);
    const few = await attack(['--epsilon', '0.25', '--certified', log]);
    expect(few.stderr).toContain(
      `${log}: must have all 24 images to attack, got 3 (give --start, --skip and --max of the log)\n`,
    );
    const sigma = await attack(['--epsilon', '0.25', '--certified', log, '--max', '3', '--sigma', '0.5']);
    expect(sigma.stderr).toContain(`${log}: must be a log of --sigma 0.5, got one of 0.25 (attack with that sigma)\n`);
    expect([few.code, sigma.code]).toEqual([2, 2]);
  });

  it('shows one example in its help', async () => {
    const { stdout } = await catrs(['attack', '--help']);
    expect(stdout.match(/^ {2}catrs attack .*$/gm)).toHaveLength(1);
  });
});

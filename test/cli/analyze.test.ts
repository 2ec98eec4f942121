import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { useFolder } from '../node/run.ts';
import { catrs } from './run.ts';

const { path } = useFolder();
const HEADER = 'idx\tlabel\tpredict\tradius\tcorrect\ttime';

/** A log as the official code writes it, with these radii; -1 for an abstention. */
async function official(name: string, radii: readonly number[]): Promise<string> {
  const line = (radius: number, i: number): string =>
    [i, 1, radius < 0 ? -1 : 1, Math.max(radius, 0), radius < 0 ? 0 : 1, '0:00:01.500000'].join('\t');
  const text = `${[HEADER, ...radii.map(line)].join('\n')}\n`;
  await writeFile(path(name), name.endsWith('.gz') ? gzipSync(text) : text);
  return path(name);
}

describe('catrs analyze', () => {
  it('prints the figures of logs of the official code, and compares those of the same images', async () => {
    const a = await official('a.tsv', [0.5, 1, -1, 0.25]);
    const b = await official('b.tsv.gz', [0.75, 1, 0.25, 0.25]);
    const { code, stdout, stderr } = await catrs([
      'analyze',
      a,
      b,
      '--radii',
      '0,0.5,1',
      '--alpha',
      0.001,
      '--sigma',
      0.5,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'a: 4 images, 1 abstained',
        '  radius                   0   0.5     1',
        '  certified accuracy %  75.0  50.0  25.0',
        '  average certified radius 0.438 (95 %: 0.000 to 1.117)',
        '  an image: 1.500 s',
        '  but for wrong certificates, with probability 99.9 %, at least: 0: 50.0, 0.5: 25.0, 1: 0.0 %',
        '  share correct with p_A of at least 0.5: 75.0, 0.6: 75.0, 0.7: 50.0, 0.8: 50.0, 0.9: 25.0, 0.95: 25.0, 0.99: 0.0, 0.999: 0.0 %',
        '',
        'b: 4 images, 0 abstained',
        '  radius                   0   0.5     1',
        '  certified accuracy % 100.0  50.0  25.0',
        '  average certified radius 0.563 (95 %: 0.000 to 1.159)',
        '  an image: 1.500 s',
        '  but for wrong certificates, with probability 99.9 %, at least: 0: 75.0, 0.5: 25.0, 1: 0.0 %',
        '  share correct with p_A of at least 0.5: 100.0, 0.6: 100.0, 0.7: 50.0, 0.8: 50.0, 0.9: 50.0, 0.95: 25.0, 0.99: 0.0, 0.999: 0.0 %',
        '  average certified radius to a: +0.125 (95 %: -0.105 to +0.355, paired)',
        '',
      ].join('\n'),
    );
  });

  it('leaves out what a log does not tell', async () => {
    const { stdout } = await catrs(['analyze', await official('a.tsv', [0.5, 1, -1, 0.25]), '--json']);
    const { logs } = JSON.parse(stdout) as { readonly logs: readonly object[] };
    expect(Object.keys(logs[0]!)).toEqual([
      'name',
      'file',
      'images',
      'certifiedAccuracy',
      'averageCertifiedRadius',
      'averageCertifiedRadiusInterval',
      'abstained',
      'meanMilliseconds',
    ]);
  });

  it('writes Markdown and LaTeX tables', async () => {
    const log = await official('a.tsv', [0.5, 1, -1, 0.25]);
    const markdown = await catrs(['analyze', log, '--radii', '0,1', '--table', 'markdown']);
    expect(markdown.stdout).toContain('| --- |');
    expect(markdown.stdout).toContain('<b> a </b>| 0.75<b>*</b> |0.25<b>*</b> |');
    const latex = await catrs(['analyze', log, '--radii', '0,1', '--table', 'latex']);
    expect(latex.stdout).toMatch(/a & .*0\.75.* & .*0\.25/);
  });

  it('writes plots, and replaces none unless told so', async () => {
    const log = await official('a.tsv', [0.5, 1, -1, 0.25]);
    const command = [
      'analyze',
      log,
      '--sigma',
      0.5,
      '--plot',
      path('a.svg'),
      '--plot-probability',
      path('p.svg'),
      '--title',
      'T',
    ];
    const { code, stderr } = await catrs(command);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `catrs: wrote ${path('a.svg')}\ncatrs: wrote ${path('p.svg')}\n`,
    });
    expect(await readFile(path('a.svg'), 'utf8')).toMatch(/^<svg .*certified accuracy/s);
    expect(await readFile(path('p.svg'), 'utf8')).toContain('class probability p');
    expect((await catrs(command)).stderr).toBe(
      `catrs: ${path('a.svg')}: must be a new file, got one that exists (add --force to replace it)\n`,
    );
    expect((await catrs([...command, '--force'])).code).toBe(0);
  });

  it('refuses other files in one line', async () => {
    await writeFile(path('x.tsv'), 'a\tb\n');
    expect(await catrs(['analyze', path('x.tsv')])).toEqual({
      code: 2,
      stdout: '',
      stderr: `catrs: ${path('x.tsv')}: \`text\` must begin with the header of a certification log (idx, label, predict, radius, correct, time, tab-separated), got "a\\tb"\n`,
    });
    await writeFile(path('none.tsv'), `${HEADER}\n`);
    expect((await catrs(['analyze', path('none.tsv')])).stderr).toBe(
      `catrs: ${path('none.tsv')}: must have at least one row, got none\n`,
    );
    expect((await catrs(['analyze', path('nothing.tsv')])).code).toBe(2);
    const log = await official('a.tsv', [0.5]);
    expect((await catrs(['analyze', log, '--plot-probability', path('q.svg')])).stderr).toBe(
      `catrs: ${log}: does not hold its class probabilities (add --sigma)\n`,
    );
  });
});

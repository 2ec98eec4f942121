import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { certificationLog } from '../../src/evaluate/certification-log.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import { certificate, loggedRow } from '../evaluate/rows.ts';
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

/** The log with another name for the column of radii. */
async function named(file: string, column: string): Promise<string> {
  await writeFile(file, (await readFile(file, 'utf8')).replace('radius', column));
  return file;
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

  it('names the norm and the unit of numbers of changes, and counts them in whole steps', async () => {
    const noise = { name: 'ablation', parameters: { positions: 'pixels', keep: 45 } };
    const counted = (index: number, radius: number): LoggedRow =>
      loggedRow({ index, radius, milliseconds: 1500, certificate: certificate({ norm: 'l0', noise }) });
    const rows = [...[0, 4, 21, 9].map((radius, i) => counted(i, radius))];
    await writeFile(path('counted.tsv'), certificationLog(rows));
    const svg = path('counted.svg');
    const text = await catrs(['analyze', path('counted.tsv'), '--sigma', 0.5, '--input-range', '0,255', '--plot', svg]);
    expect(text.code).toBe(0);
    expect(text.stdout.split('\n').slice(0, 5)).toEqual([
      'counted: 4 images, 0 abstained, l0 radii in pixels',
      '  radius                   0     2     4     6     8    10    12    14    16    18    20',
      '  certified accuracy % 100.0  75.0  75.0  50.0  50.0  25.0  25.0  25.0  25.0  25.0  25.0',
      '  average certified radius 8.500 (95 %: 0.000 to 22.997), median 9',
      '  an image: 1.500 s, 100100 samples',
    ]);
    expect(await readFile(svg, 'utf8')).toContain('radius, in pixels');
    const { stdout } = await catrs(['analyze', path('counted.tsv'), '--table', 'markdown', '--radii', '0,4']);
    expect(stdout).toContain('r = 0 pixels |r = 4 pixels |');
    const other = await official('lengths.tsv', [0.5, 1]);
    const both = await catrs(['analyze', path('counted.tsv'), await named(other, 'l2_radius')]);
    expect(both.stderr).toContain('radii of different norms cannot be compared: l0 (pixels) in counted, l2 in lengths');
    const { logs } = JSON.parse((await catrs(['analyze', path('counted.tsv'), '--json'])).stdout) as {
      readonly logs: readonly object[];
    };
    expect(logs[0]).toMatchObject({ norm: 'l0', unit: 'pixels', medianCertifiedRadius: 9 });
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
    const { code, stdout, stderr } = await catrs(['analyze', path('x.tsv')]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^catrs: .*x\.tsv: must begin with the header of a log \(idx label .*\), got "a\\tb"\n$/);
    expect((await catrs(['analyze', path('nothing.tsv')])).code).toBe(2);
    const log = await official('a.tsv', [0.5]);
    expect((await catrs(['analyze', log, '--plot-probability', path('q.svg')])).stderr).toBe(
      `catrs: ${log}: does not hold its class probabilities (add --sigma)\n`,
    );
  });

  it('leaves out logs without a row, and refuses to have none that has', async () => {
    const log = await official('a.tsv', [0.5]);
    await writeFile(path('none.tsv'), `${HEADER}\n`);
    await writeFile(path('none2.tsv'), `${HEADER}\r\n\r\n`);
    const { code, stdout, stderr } = await catrs(['analyze', path('none.tsv'), log, path('none2.tsv')]);
    expect(code).toBe(0);
    expect(stdout).toBe((await catrs(['analyze', log])).stdout);
    const left = (name: string): string => `catrs: ${path(name)}: has no row, and is left out\n`;
    expect(stderr).toBe(left('none.tsv') + left('none2.tsv'));
    expect(await catrs(['analyze', path('none.tsv'), path('none2.tsv')])).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: `catrs: ${path('none.tsv')}, ${path('none2.tsv')}: must have at least one row, got none\n`,
    });
  });
});

describe('catrs analyze: names of logs', () => {
  it('are the names of the files, with what follows the point of a number', async () => {
    const logs = [];
    for (const name of ['sigma_0.25', 'sigma_1.00', 'noise_0.5.tsv', 'b.TXT', 'c.log.gz', 'd.gz', 'e.csv', 'v0.1.tar'])
      logs.push(await official(name, [0.5, 1]));
    const { stdout } = await catrs(['analyze', ...logs, '--json']);
    const names = (JSON.parse(stdout) as { logs: { name: string }[] }).logs.map(({ name }) => name);
    expect(names).toEqual(['sigma_0.25', 'sigma_1.00', 'noise_0.5', 'b', 'c', 'd', 'e', 'v0.1.tar']);
    await catrs(['analyze', logs[0]!, '--plot', path('named.svg')]);
    const text = await catrs(['analyze', logs[0]!]);
    expect(text.stdout).toMatch(/^sigma_0\.25: 2 images/);
    expect((await catrs(['analyze', logs[0]!, '--table', 'markdown'])).stdout).toContain('<b> sigma_0.25 </b>');
    await catrs(['analyze', ...logs.slice(0, 2), '--plot', path('legend.svg')]);
    expect(await readFile(path('legend.svg'), 'utf8')).toMatch(/sigma_0\.25.*sigma_1\.00/s);
  });
});

describe('catrs analyze: logs of other code', () => {
  it('says the empirical accuracy of predictions, and calls nothing certified', async () => {
    const lines = Array.from({ length: 20 }, (_, i) =>
      [20 * i, 3, i < 15 ? 3 : i < 18 ? 5 : -1, i < 10 ? 3 : 4, i < 15 ? 1 : 0, '0:00:01.250000'].join('\t'),
    );
    const file = path('predictions');
    await writeFile(file, ['idx\tlabel\tpredict\tbasePredict\tcorrect\ttime', ...lines, ''].join('\r\n'));
    expect(await catrs(['analyze', file])).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: [
        'predictions: 20 images, predictions without certificates',
        '  empirical accuracy 75.0 % (95 %: 50.9 to 91.3)',
        '  abstained 10.0 % (95 %: 1.2 to 31.7)',
        '  accuracy of the base classifier without noise 50.0 % (95 %: 27.2 to 72.8)',
        '  an image: 1.250 s',
        '',
      ].join('\n'),
    });
    const log = await official('a.tsv', [0.5, 1]);
    const both = JSON.parse((await catrs(['analyze', log, file, '--json'])).stdout) as Record<string, object[]>;
    expect(both['logs']).toHaveLength(1);
    expect(both['predictions']).toMatchObject([
      { name: 'predictions', images: 20, empiricalAccuracy: { share: 0.75 } },
    ]);
    const table = await catrs(['analyze', log, file, '--table', 'latex']);
    expect(table.stderr).toBe(`catrs: ${file}: has predictions only, and is left out of a latex table\n`);
    expect(await catrs(['analyze', file, '--plot', path('p.svg')])).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: `catrs: ${file}: has predictions only, and no certificates for a plot (take logs of certificates)\n`,
    });
    expect((await catrs(['verify', file])).stderr).toBe(
      `catrs: ${file}: must be a log of certificates, got one of predictions\n`,
    );
  });

  it('reads the probabilities and the norm of adaptive randomized smoothing', async () => {
    const file = path('ars.txt');
    const line = (i: number, predict: number, radius: string, p: number): string =>
      [i, 3, predict, radius, p, predict === 3 ? 1 : 0, '0:01:05.750000'].join(' \t ');
    const header = 'idx \t label \t predict \t linf_radius \t prob_lb \t correct \t time';
    await writeFile(file, `${[header, line(0, 3, '0.0125', 0.996), line(50, -1, '-0.002', 0.34)].join('\n')}\n`);
    const { stdout, stderr } = await catrs(['analyze', file, await official('a.tsv', [0.5])]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^ars: 2 images, 1 abstained, linf radii\n/);
    expect(stdout).toContain('share correct with p_A of at least 0.5: 50.0, 0.6: 50.0');
    const l2 = path('l2.txt');
    await writeFile(l2, (await readFile(file, 'utf8')).replace('linf_', 'l2_'));
    expect((await catrs(['analyze', file, l2])).stderr).toBe(
      'catrs: radii of different norms cannot be compared: linf in ars, l2 in l2\n',
    );
  });

  it('takes pieces as one log: in one file, and in several', async () => {
    const rows = [0, 20, 40, 60].map((i) => `${i}\t1\t1\t0.${i + 10}\tTrue\t0:00:01.500000\n`);
    await writeFile(path('run-0.txt'), [`${HEADER}\n`, ...rows.slice(0, 2)].join(''));
    await writeFile(path('run-1.txt'), [`${HEADER}\n`, ...rows.slice(1)].join(''));
    await writeFile(
      path('run.txt'),
      (await readFile(path('run-0.txt'), 'utf8')) + (await readFile(path('run-1.txt'), 'utf8')),
    );
    await writeFile(path('whole.txt'), [`${HEADER}\n`, ...rows].join(''));
    const whole = (await catrs(['analyze', path('whole.txt')])).stdout.replace('whole', 'run');
    expect(await catrs(['analyze', path('run.txt')])).toEqual({ code: 0, stdout: whole, stderr: '' });
    const several = await catrs(['analyze', '--pieces', path('run-1.txt'), path('run-0.txt')]);
    expect(several).toEqual({ code: 0, stdout: whole, stderr: '' });

    await writeFile(path('run-2.txt'), `${HEADER}\n100\t1\t1\t0.5\tTrue\t1.5\n`);
    expect((await catrs(['analyze', '--pieces', path('run-0.txt'), path('run-2.txt')])).stderr).toBe(
      `catrs: ${path('run-0.txt')} ${path('run-2.txt')}: has gaps: 3 images are missing, the first after image 20\n`,
    );
    await writeFile(path('other.txt'), `${HEADER}\n20\t1\t1\t0.9\tTrue\t1.5\n`);
    expect(await catrs(['analyze', '--pieces', path('run-0.txt'), path('other.txt')])).toMatchObject({
      code: 2,
      stderr: `catrs: the logs must say the same of an image wherever it occurs, got image 20 in ${path('run-0.txt')}, line 3, and otherwise in ${path('other.txt')}, line 2\n`,
    });
  });
});

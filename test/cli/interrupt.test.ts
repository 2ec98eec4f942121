import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs, useTiny } from './run.ts';

const { path, run } = useTiny();
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

describe('the program itself', () => {
  it.concurrent.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves at %s a valid log, says how to go on and ends with 130',
    async (signal) => {
      const file = `${signal}.tsv`;
      const args = ['certify', ...run(['--n', 20_000, '--out', path(file)])].map(String);
      const child = spawn(process.execPath, [...runTypeScript, main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      let stderr = '';
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      const rows = async (): Promise<number> =>
        (await readFile(path(file), 'utf8').catch(() => '')).split('\n').length - 2;
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      while (child.exitCode === null && (await rows()) < 1) await new Promise((resolve) => setTimeout(resolve, 10));
      child.kill(signal);
      expect(await ended).toBe(130);
      expect(stderr).toMatch(
        /catrs: interrupted; .*SIG\w+\.tsv is valid, and the same command with --resume goes on\n$/,
      );
      const logged = parseCertificationLog(await readFile(path(file), 'utf8'));
      expect(logged.length).toBeGreaterThan(0);
      expect(logged.length).toBeLessThan(24);
      expect((await readdir(path('.'))).filter((name) => name === `${file}.lock`)).toEqual([]);
    },
  );
});

describe('help and version', () => {
  it.each(['train', 'soft-targets', 'certify', 'certify-counts', 'predict', 'attack', 'analyze', 'merge', 'verify'])(
    'catrs %s --help has an example',
    async (command) => {
      const { code, stdout, stderr } = await catrs([command, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^  catrs ${command} .+`, 'm'));
    },
  );

  it('catrs --help lists the commands and the exit codes', async () => {
    const { code, stdout } = await catrs(['--help']);
    expect(code).toBe(0);
    for (const text of ['certify', 'soft-targets', 'verify', 'Exit codes: 0 done; 1 ', '130 ']) {
      expect(stdout).toContain(text);
    }
  });

  it.each(['--version', '-V'])('catrs %s prints that of the package', async (flag) => {
    const file = new URL('../../package.json', import.meta.url);
    const { version } = JSON.parse(await readFile(file, 'utf8')) as { readonly version: string };
    expect(await catrs([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('the help marks what is required, and shows the defaults of the library', async () => {
    const { stdout } = await catrs(['certify', '--help']);
    const text = stdout.replace(/\n {8,}/g, ' ');
    expect(text.match(/^ {2}-.* \(required\)$/gm)?.map((line) => line.trim().split(' ')[1])).toEqual([
      '--data',
      '--model',
      '--out',
    ]);
    for (const [flag, value] of [
      ['-n, --n <count>', '100000'],
      ['--n0 <count>', '100'],
      ['--alpha <number>', '0.001'],
      ['--skip <count>', '1'],
      ['--input-range <low,high>', '0,1'],
    ]) {
      expect(text).toMatch(new RegExp(`^  ${flag} .*\\(default: ${value}\\)$`, 'm'));
    }
    expect((await catrs(['predict', '--help'])).stdout).toMatch(/-n, --n .*\(default: 1000\)/);
    expect((await catrs(['soft-targets', '--help'])).stdout).toMatch(/-n, --n .*\(default: 10000\)/);
  });

  it('short flags are those of the long ones', async () => {
    const out = path('short.tsv');
    const args = ['certify', '-d', path('x.npy'), '--labels', path('y.npy'), '-m', path('model'), '--backend', 'cpu'];
    expect((await catrs([...args, '-s', 0.5, '-n', 100, '--max', 1, '-o', out, '-w', 1])).code).toBe(0);
    const again = await catrs([...args, '-s', 0.5, '-n', 100, '--max', 1, '-o', out, '-r', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ resumed: 1, done: 1 });
  });
});

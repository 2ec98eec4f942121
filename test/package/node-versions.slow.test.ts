import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { type Host, makeBareHost } from './host.ts';
import { lastLine, probeInNode } from './probe.ts';
import { subPaths } from './source-files.ts';

/** A host that has really installed the tarball, and TensorFlow.js alone beside it: none of the optional peers. */
let host: Host;
let whyNot: string | undefined;

beforeAll(() => {
  host = makeBareHost();
  writeFileSync(join(host.folder, 'package.json'), '{ "private": true }');
  const tfjs = `@tensorflow/tfjs@${packageJson.devDependencies['@tensorflow/tfjs']}`;
  whyNot = npmInstall(host.folder, host.tarball, tfjs);
});

afterAll(() => host.dispose());

/** Installs packages without their scripts; says why where it could not. */
function npmInstall(folder: string, ...packages: string[]): string | undefined {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  try {
    execFileSync('npm', ['install', ...flags, '--prefix', folder, ...packages], {
      cwd: folder,
      timeout: 240_000,
      stdio: 'pipe',
    });
    return undefined;
  } catch (error) {
    return `npm install ${packages.at(-1)} failed: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** The binary of a major version: the running one, or the one that the npm package `node` would bring for this machine. */
function nodeBinary(major: number): { node: string } | { reason: string } {
  if (process.versions.node.startsWith(`${major}.`)) return { node: process.execPath };
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
  const folder = join(host.folder, `node-${major}`);
  mkdirSync(folder);
  const reason = npmInstall(folder, `${name}@${major}`);
  return reason === undefined ? { node: join(folder, 'node_modules', name, 'bin/node') } : { reason };
}

describe.each([20, 22, 24])('Node %i', (major) => {
  it('imports and requires every sub-path without the optional peers, certifies, and starts the command', (context) => {
    const found = whyNot === undefined ? nodeBinary(major) : { reason: whyNot };
    if ('reason' in found) return context.skip(found.reason);
    const { node } = found;
    const run = (...args: string[]): string => execFileSync(node, args, { cwd: host.folder, encoding: 'utf8' });
    expect(run('--version')).toMatch(new RegExp(`^v${major}\\.`));

    const doors = JSON.stringify([...Object.keys(subPaths), 'catrs/browser']);
    const script = (load: string): string =>
      `const seen = {}; for (const door of ${doors}) seen[door] = Object.keys(${load}).length; console.log(JSON.stringify(seen));`;
    writeFileSync(join(host.folder, 'doors.mjs'), script('await import(door)'));
    writeFileSync(join(host.folder, 'doors.cjs'), script('require(door)'));
    const imported = lastLine(run('doors.mjs')) as Record<string, number>;
    for (const [door, names] of Object.entries(imported)) expect(names, door).toBeGreaterThan(0);
    expect(lastLine(run('doors.cjs'))).toEqual(imported);

    expect(probeInNode(host.folder, node)).toEqual(probeInNode(host.folder));
    expect(run('node_modules/catrs/dist/cli/main.js', '--help')).toContain('catrs');
  });
});

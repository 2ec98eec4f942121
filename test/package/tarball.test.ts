import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { root, subPaths } from './source-files.ts';

/** A host that has installed the packed tarball: it finds catrs and what catrs declares, and nothing else. */
let host: string;
let installed: string;

beforeAll(() => {
  if (!existsSync(`${root}dist/index.js`)) throw new Error('no dist/: run `npm run build` first (npm test does)');
  host = mkdtempSync(join(tmpdir(), 'catrs-host-'));
  installed = join(host, 'node_modules/catrs');
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', host], { cwd: root });
  mkdirSync(installed, { recursive: true });
  execFileSync(
    'tar',
    ['-xzf', `${packageJson.name}-${packageJson.version}.tgz`, '--strip-components=1', '-C', installed],
    { cwd: host },
  );
  for (const name of Object.keys({ ...packageJson.dependencies, ...packageJson.peerDependencies })) {
    const link = join(host, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'dir');
  }
});

afterAll(() => rmSync(host, { recursive: true, force: true }));

/** Runs a script of the host and reads the names it printed for each sub-path. */
function namesSeenBy(file: string, script: string): Record<string, string[]> {
  writeFileSync(join(host, file), script);
  const printed = execFileSync(process.execPath, [file], { cwd: host, encoding: 'utf8' });
  return JSON.parse(printed.trim().split('\n').at(-1)!) as Record<string, string[]>;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the packed tarball', () => {
  const paths = JSON.stringify(Object.keys(subPaths));
  const byImport = `const seen = {};
for (const path of ${paths}) seen[path] = Object.keys(await import(path)).sort();
console.log(JSON.stringify(seen));`;
  const byRequire = `const seen = {};
for (const path of ${paths}) seen[path] = Object.keys(require(path)).sort();
console.log(JSON.stringify(seen));`;

  it('is imported by an ES module and required by a CommonJS module, with the same names', () => {
    const seen = namesSeenBy('host.mjs', byImport);
    expect(Object.keys(seen)).toEqual(Object.keys(subPaths));
    for (const names of Object.values(seen)) expect(names.length).toBeGreaterThan(0);
    expect(namesSeenBy('host.cjs', byRequire)).toEqual(seen);
  });

  it('holds the code, its sources and the licence, and no tests', () => {
    const top = readdirSync(installed).sort();
    expect(top.filter((name) => name !== 'CHANGELOG.md')).toEqual([
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
      'src',
    ]);
  });

  it('has maps whose sources are in it', () => {
    const maps = filesBelow(installed).filter((path) => path.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(0);
    const missing = maps.flatMap((path) => {
      const { sources } = JSON.parse(readFileSync(path, 'utf8')) as { sources: string[] };
      return sources.map((source) => join(dirname(path), source)).filter((source) => !existsSync(source));
    });
    expect(missing).toEqual([]);
  });
});

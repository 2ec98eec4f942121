import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, makeHost } from './host.ts';
import { statedSize } from './stated-sizes.ts';
import { subPaths } from './source-files.ts';

let host: Host;
let installed: string;

beforeAll(() => {
  host = makeHost();
  ({ installed } = host);
});

afterAll(() => host.dispose());

/** Runs a script in the host; what it prints. */
function runInHost(file: string, script: string): string {
  writeFileSync(join(host.folder, file), script);
  return execFileSync(process.execPath, [file], { cwd: host.folder, encoding: 'utf8' });
}

/** Runs a script of the host and reads the names it printed for each sub-path. */
function namesSeenBy(file: string, script: string): Record<string, string[]> {
  return JSON.parse(runInHost(file, script).trim().split('\n').at(-1)!) as Record<string, string[]>;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the packed tarball', () => {
  const doors = [...Object.keys(subPaths), 'catrs/browser'];
  const paths = JSON.stringify(doors);
  const byImport = `const seen = {};
for (const path of ${paths}) seen[path] = Object.keys(await import(path)).sort();
console.log(JSON.stringify(seen));`;
  const byRequire = `const seen = {};
for (const path of ${paths}) seen[path] = Object.keys(require(path)).sort();
console.log(JSON.stringify(seen));`;

  it('is imported by an ES module and required by a CommonJS module, with the same names', () => {
    const seen = namesSeenBy('host.mjs', byImport);
    expect(Object.keys(seen)).toEqual(doors);
    for (const names of Object.values(seen)) expect(names.length).toBeGreaterThan(0);
    expect(namesSeenBy('host.cjs', byRequire)).toEqual(seen);
    expect(seen['catrs/browser']).toEqual(seen['catrs']);
  });

  it('holds the code, its sources and the licence, and no tests', () => {
    const top = readdirSync(installed).sort();
    expect(top.filter((name) => name !== 'CHANGELOG.md')).toEqual([
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'examples',
      'package.json',
      'src',
    ]);
  });

  it('has pages whose links lead to files in it', () => {
    const pages = filesBelow(installed).filter((path) => path.endsWith('.md'));
    expect(pages).toContain(join(installed, 'docs/README.md'));
    const broken = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !/^https?:/.test(link) && !existsSync(join(dirname(page), link)))
        .map((link) => `${relative(installed, page)}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('is found by resolvers that do not read `exports`', () => {
    const { main, types, exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      main: string;
      types: string;
      exports: Readonly<Record<string, unknown>>;
    };
    expect(exports['.']).toEqual({ types, default: main });
  });

  it('holds in dist one script and its declarations for each source, and the browser bundle', () => {
    const sources = filesBelow(join(installed, 'src'))
      .map((path) => relative(join(installed, 'src'), path))
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
      .map((path) => path.replace(/\.ts$/, ''));
    const built = filesBelow(join(installed, 'dist')).map((path) => relative(join(installed, 'dist'), path));
    const expected = sources.flatMap((path) => [`${path}.js`, `${path}.d.ts`, `${path}.d.ts.map`]);
    expect(built.sort()).toEqual([...expected, 'catrs.browser.js'].sort());
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

  it('has a command that a shell can start', () => {
    const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { bin: { catrs: string } };
    const command = join(installed, bin.catrs);
    expect(readFileSync(command, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node');
    expect(statSync(command).mode & 0o111).toBe(0o111);
  });

  it('weighs what the guide says, or less', () => {
    const unpacked = filesBelow(installed).reduce((sum, path) => sum + statSync(path).size, 0);
    const bundle = statSync(join(installed, 'dist/catrs.browser.js')).size;
    expect(host.packedBytes).toBeLessThanOrEqual(statedSize('tarball, packed'));
    expect(unpacked).toBeLessThanOrEqual(statedSize('tarball, unpacked'));
    expect(bundle).toBeLessThanOrEqual(statedSize('`dist/catrs.browser.js`'));
  });
});

describe('README.md', () => {
  it('shows a program that prints what stands below it', () => {
    const readme = readFileSync(join(installed, 'README.md'), 'utf8');
    const [, code = '', printed = ''] = /```ts\n(.*?)```\n\n```text\n(.*?)```/s.exec(readme) ?? [];
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    // TensorFlow.js prints an advertisement above it.
    expect(runInHost('first.mjs', outputText).slice(-printed.length)).toBe(printed);
  });
});

describe('the training loop of the tour', () => {
  it('runs as plain JavaScript, and prints the numbers of its steps', () => {
    const tour = readFileSync(join(installed, 'docs/guide/tour.md'), 'utf8');
    const loop = [...tour.matchAll(/```ts\n(.*?)```/gs)]
      .map(([, code = '']) => code)
      .find((code) => code.includes('prepareAsync(loss'));
    expect(loop).not.toMatch(/\busing\b(?! step)/);
    const printed = runInHost(
      'loop.mjs',
      `${loop!.slice(0, loop!.indexOf('const key'))}
const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] });
const [x, softTargets] = [tf.fill([4, 2], 0.5), tf.fill([4, 3], 1 / 3)];
const batches = [{ x, labels: [0, 1, 2, 0], softTargets }, { x, labels: [0, 1, 2, 0], softTargets }];
${loop!.slice(loop!.indexOf('const key'))}
console.log(tf.memory().numTensors);`,
    );
    expect(printed.match(/accuracy: [\d.]+/g)).toHaveLength(2);
    expect(printed.match(/mask: [\d.]+/g)).toHaveLength(2);
    expect(printed.match(/terms: \{ low: [\d.]+, high: [\d.]+ \}/g)).toHaveLength(2);
  });
});

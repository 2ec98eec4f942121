import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { importsOf, root, sourceFiles, subPaths } from './source-files.ts';

/** What is loaded as soon as a door is imported: the built files, and the packages they name. */
interface Graph {
  readonly files: ReadonlyMap<string, ts.SourceFile>;
  readonly packages: readonly string[];
}

/** Each file is parsed once, however many doors reach it. */
const parsed = new Map<string, ts.SourceFile>();

function parse(path: string): ts.SourceFile {
  const known = parsed.get(path);
  if (known) return known;
  const file = ts.createSourceFile(path, readFileSync(`${root}dist/${path}`, 'utf8'), ts.ScriptTarget.ES2022);
  parsed.set(path, file);
  return file;
}

function graphOf(door: string): Graph {
  const files = new Map<string, ts.SourceFile>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    const file = parse(path);
    files.set(path, file);
    for (const { from, isDynamic } of importsOf(file)) {
      if (isDynamic) continue;
      if (from.startsWith('.')) visit(posix.join(posix.dirname(path), from));
      else packages.add(from);
    }
  };
  visit(door);
  return { files, packages: [...packages].sort() };
}

/** Whether a module waits while it is loaded: such a module cannot be required. */
function waitsAtTheTop(file: ts.SourceFile): boolean {
  let waits = false;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) waits = true;
    ts.forEachChild(node, visit);
  };
  visit(file);
  return waits;
}

const core = ['@tensorflow/tfjs', 'jstat', 'zod/mini'];
/** Packages that a sub-path loads when it is imported. Optional peers are not among them: they are imported inside a call. */
const expected: Readonly<Record<string, readonly string[]>> = {
  catrs: core,
  'catrs/stats': ['jstat'],
  'catrs/models': ['@tensorflow/tfjs', 'zod/mini'],
  'catrs/data': ['zod/mini'],
  'catrs/plots': ['zod/mini'],
  'catrs/recipes': ['@tensorflow/tfjs', 'zod/mini'],
  'catrs/node': core,
  'catrs/wasm': ['@tensorflow/tfjs', 'zod/mini'],
  'catrs/onnx': ['zod/mini'],
  'catrs/webgpu': ['@tensorflow/tfjs', 'zod/mini'],
  'catrs/native': ['@tensorflow/tfjs', 'zod/mini'],
};

describe('the built modules', () => {
  it.each(Object.entries(subPaths))('%s loads the packages it is meant to, and no others', (name, path) => {
    if (!existsSync(`${root}dist/index.js`)) throw new Error('no dist/: run `npm run build` first (npm test does)');
    const { packages } = graphOf(path.replace(/\.ts$/, '.js'));
    expect(packages.filter((one) => !one.startsWith('node:'))).toEqual(expected[name]);
    expect(packages.some((one) => one.startsWith('node:'))).toBe(['catrs/node', 'catrs/native'].includes(name));
  });

  it.each(Object.entries(subPaths))('%s can be required: no module of it waits while it is loaded', (_name, path) => {
    const waiting = [...graphOf(path.replace(/\.ts$/, '.js')).files].filter(([, file]) => waitsAtTheTop(file));
    expect(waiting.map(([name]) => name)).toEqual([]);
  });

  it('is found out by this test where it waits', () => {
    const module = (code: string): ts.SourceFile => ts.createSourceFile('x.js', code, ts.ScriptTarget.ES2022);
    expect(waitsAtTheTop(module('const x = { y: await z };'))).toBe(true);
    expect(waitsAtTheTop(module('for await (const x of y) z(x);'))).toBe(true);
    expect(waitsAtTheTop(module('async function f() { await g(); }'))).toBe(false);
  });
});

const sources = sourceFiles();

it.each(['commander', 'fast-png'])('%s is imported by the command line only', (name) => {
  const users = sources.filter(({ imports }) => imports.some(({ from }) => from === name));
  expect(users.map(({ path }) => path).filter((path) => !path.startsWith('cli/'))).toEqual([]);
  expect(users.length).toBeGreaterThan(0);
});

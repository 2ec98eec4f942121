import ts from 'typescript';
import { beforeAll, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { root, subPaths } from './source-files.ts';

let program: ts.Program;

beforeAll(() => {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  program = ts.createProgram(
    Object.values(subPaths).map((path) => `${root}src/${path}`),
    options,
  );
});

/** Public names with their kind, types included; a change here is a change for every user. */
function publicNames(path: string): string[] {
  const checker = program.getTypeChecker();
  const door = checker.getSymbolAtLocation(program.getSourceFile(`${root}src/${path}`)!)!;
  return checker
    .getExportsOfModule(door)
    .map((name) => `${name.name} (${kind(name, checker)})`)
    .sort();
}

function kind(name: ts.Symbol, checker: ts.TypeChecker): string {
  const { flags } = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Variable) return 'constant';
  return 'type';
}

it('has a source for every sub-path of package.json', () => {
  // The browser bundle is the first door again, in one file.
  const inPackage = Object.keys(packageJson.exports).filter((name) => !['./package.json', './browser'].includes(name));
  expect(Object.keys(subPaths).map((name) => name.replace('catrs', '.'))).toEqual(inPackage);
});

it.each(Object.entries(subPaths))('public names of %s', (_name, path) => {
  expect(publicNames(path)).toMatchSnapshot();
});

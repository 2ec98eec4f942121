import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The sub-paths of package.json's `exports`, with the source that stands behind each. */
export const subPaths: Readonly<Record<string, string>> = {
  catrs: 'index.ts',
  'catrs/stats': 'stats/index.ts',
  'catrs/models': 'models/index.ts',
  'catrs/data': 'data/index.ts',
  'catrs/plots': 'plots/index.ts',
  'catrs/recipes': 'recipes/index.ts',
  'catrs/node': 'node/index.ts',
  'catrs/wasm': 'wasm/index.ts',
  'catrs/onnx': 'onnx/index.ts',
  'catrs/webgpu': 'webgpu/index.ts',
  'catrs/native': 'native/index.ts',
};

export const root: string = fileURLToPath(new URL('../../', import.meta.url));

/** One import, re-export or dynamic import of a source file. */
export interface ImportOf {
  readonly from: string;
  readonly typesOnly: boolean;
  /** Loaded when a call reaches it, not with the file. */
  readonly isDynamic: boolean;
}

/** One file of src: its path below src with forward slashes, its code without comments, and what it imports. */
export interface SourceFile {
  readonly path: string;
  readonly code: string;
  readonly imports: readonly ImportOf[];
}

/** Every TypeScript file of src, declaration files left out. */
export function sourceFiles(): SourceFile[] {
  return readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .sort()
    .map((path) => {
      const text = readFileSync(`${root}src/${path}`, 'utf8');
      return {
        path,
        code: withoutComments(text),
        imports: importsOf(ts.createSourceFile(path, text, ts.ScriptTarget.ES2022)),
      };
    });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** What a parsed file imports, and re-exports, with its dynamic imports. */
export function importsOf(file: ts.SourceFile): ImportOf[] {
  const found: ImportOf[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause));
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly || everyIsType(node.exportClause));
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false, true);
    ts.forEachChild(node, visit);
  };
  const add = (specifier: ts.Node | undefined, typesOnly: boolean, isDynamic = false): void => {
    if (specifier && ts.isStringLiteral(specifier)) found.push({ from: specifier.text, typesOnly, isDynamic });
  };
  visit(file);
  return found;
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  return (
    clause.phaseModifier === ts.SyntaxKind.TypeKeyword ||
    (clause.name === undefined && everyIsType(clause.namedBindings))
  );
}

function everyIsType(names: ts.Node | undefined): boolean {
  const isList = names !== undefined && (ts.isNamedImports(names) || ts.isNamedExports(names));
  return isList && names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

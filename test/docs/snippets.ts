import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import ts from 'typescript';

/** Root of the repository, with a slash at its end. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url));

/** One ```ts block of a page. */
export interface Snippet {
  /** The page and the line where the block begins, `README.md:12`. */
  readonly name: string;
  readonly code: string;
}

/** An import of a snippet: `local` is bound to the export `imported` of `from`, or to the whole module for `*`. */
interface Binding {
  readonly local: string;
  readonly imported: string;
  readonly from: string;
}

/** Where the names come from that a snippet uses without importing them, in this order. */
export interface Source {
  /** Module specifier in the program that is type-checked. */
  readonly from: string;
  readonly names: ReadonlySet<string>;
}

/** The pages whose snippets must run: README.md and docs/, as paths from the root. */
export function pages(): string[] {
  const guide = readdirSync(`${root}docs/guide`).filter((file) => file.endsWith('.md'));
  const docs = readdirSync(`${root}docs`).filter((file) => file.endsWith('.md'));
  return ['README.md', ...docs.map((file) => `docs/${file}`), ...guide.map((file) => `docs/guide/${file}`)];
}

/** The ```ts blocks of a page. */
export function snippetsOf(page: string): Snippet[] {
  const lines = readFileSync(root + page, 'utf8').split('\n');
  const found: Snippet[] = [];
  let begin: number | undefined;
  lines.forEach((line, i) => {
    if (begin === undefined && /^```ts$/.test(line)) begin = i + 1;
    else if (begin !== undefined && line === '```') {
      found.push({ name: `${page}:${begin}`, code: lines.slice(begin, i).join('\n') });
      begin = undefined;
    }
  });
  return found;
}

/** Every name that `catrs` exports, types included. */
export function publicNames(): Set<string> {
  const text = readFileSync(`${root}src/index.ts`, 'utf8');
  const { statements } = ts.createSourceFile('index.ts', text, ts.ScriptTarget.ESNext);
  const names = statements.flatMap((statement) => {
    const clause = ts.isExportDeclaration(statement) ? statement.exportClause : undefined;
    return clause && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : [];
  });
  return new Set(names);
}

/** A snippet as a module: its own imports, imports of the free names that `sources` have, and the rest of its code. */
export class SnippetModule {
  readonly name: string;
  readonly bindings: readonly Binding[];
  readonly body: string;

  constructor({ name, code }: Snippet, sources: readonly Source[]) {
    this.name = name;
    const file = ts.createSourceFile('snippet.ts', code, ts.ScriptTarget.ESNext, true);
    const imports = file.statements.filter(ts.isImportDeclaration);
    const own = imports.flatMap(bindingsOf);
    const taken = new Set([...own.map(({ local }) => local), ...declaredNames(file)]);
    const free = [...usedNames(file)].filter((used) => !taken.has(used));
    const given = free.flatMap((used): Binding[] => {
      const source = sources.find(({ names }) => names.has(used));
      return source ? [{ local: used, imported: used === 'tf' ? '*' : used, from: source.from }] : [];
    });
    this.bindings = [...own, ...given];
    // Imports become blank lines, so that line numbers stay.
    this.body = imports.reduceRight(
      (text, { pos, end }) => text.slice(0, pos) + blank(text.slice(pos, end)) + text.slice(end),
      code,
    );
  }

  /** The module as TypeScript, for the type checker; the code begins on line 2. */
  source(): string {
    const imports = this.bindings.map(({ local, imported, from }) =>
      imported === '*' ? `import * as ${local} from '${from}';` : `import { ${imported} as ${local} } from '${from}';`,
    );
    return `${imports.join(' ')}\n${this.body}\nexport {};\n`;
  }

  /** Runs the module; `load` gives the modules that it imports. */
  async run(load: (from: string) => Promise<object>, globals: Readonly<Record<string, unknown>>): Promise<void> {
    const values: Record<string, unknown> = { ...globals };
    for (const { local, imported, from } of this.bindings) {
      const module = (await load(from)) as Record<string, unknown>;
      values[local] = imported === '*' ? module : module[imported];
    }
    const { outputText } = ts.transpileModule(`return (async () => {\n${this.body}\n})();`, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    // ES modules keep `export {}` in the output, which a function body cannot hold.
    const code = outputText.replace(/^export \{\};$/m, '');
    const names = Object.keys(values);
    const main = vm.compileFunction(code, names, { filename: this.name }) as (...all: unknown[]) => Promise<void>;
    await main(...names.map((name) => values[name]));
  }
}

/** Type errors of all modules together, one line each: page, line and message. */
export function typeErrors(modules: readonly SnippetModule[]): string[] {
  const configFile = `${root}test/tsconfig.json`;
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(configFile, (f) => ts.sys.readFile(f)).config,
    ts.sys,
    `${root}test`,
  );
  // The imports that are put in front of a snippet do not tell types from values.
  const loose = { verbatimModuleSyntax: false, noUnusedLocals: false, noUnusedParameters: false };
  const options: ts.CompilerOptions = { ...config.options, ...loose };
  const files = new Map<string, SnippetModule>(
    modules.map((module, i) => [`${root}test/docs/snippet-${i}.ts`, module] as const),
  );
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists.call(host, path);
  host.readFile = (path) => files.get(path)?.source() ?? readFile.call(host, path);
  host.getSourceFile = (path, target, ...rest) => {
    const module = files.get(path);
    return module
      ? ts.createSourceFile(path, module.source(), target)
      : getSourceFile.call(host, path, target, ...rest);
  };
  const declarations = config.fileNames.filter((file) => file.endsWith('.d.ts'));
  const program = ts.createProgram([...files.keys(), ...declarations], options, host);
  return [...files].flatMap(([path, { name }]) => {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(({ start = 0, messageText }) => {
      const line = file ? file.getLineAndCharacterOfPosition(start).line : 0;
      return `${name}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

function bindingsOf(declaration: ts.ImportDeclaration): Binding[] {
  const from = (declaration.moduleSpecifier as ts.StringLiteral).text;
  const named = declaration.importClause?.namedBindings;
  if (named === undefined) return [];
  if (ts.isNamespaceImport(named)) return [{ local: named.name.text, imported: '*', from }];
  return named.elements.map(({ name, propertyName }) => {
    return { local: name.text, imported: (propertyName ?? name).text, from };
  });
}

/** Names that the snippet declares at its top. Those inside functions and blocks hide others by themselves. */
function declaredNames(file: ts.SourceFile): string[] {
  return file.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
    const isNamed =
      ts.isFunctionDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement);
    return isNamed && statement.name ? [statement.name.text] : [];
  });
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}

/** Identifiers that are read as variables or types: not property names. */
function usedNames(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    const { parent } = node;
    const isProperty =
      (parent && ts.isPropertyAccessExpression(parent) && parent.name === node) ||
      (parent && ts.isPropertyAssignment(parent) && parent.name === node);
    if (ts.isIdentifier(node) && !isProperty) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

import { isDeepStrictEqual } from 'node:util';
import ts from 'typescript';

/** One option of an options interface: what its schema takes where it is absent, and what its `@defaultValue` says. */
interface Option {
  /** Interface and option, `CertifyOptions.n`. */
  readonly name: string;
  /** The default of the schema, in an object so that it may be undefined. */
  readonly value?: { readonly value: unknown };
  readonly tag?: string;
}

/** Where schema and doc comment do not say the same, one sentence for each option; and how many options were compared. */
export function wrongDefaults(program: ts.Program): { wrong: string[]; compared: number } {
  const options = optionsOf(program);
  const wrong = options.flatMap(({ name, value, tag }) => {
    if (value === undefined) {
      const said = tag === undefined ? undefined : literal(tag);
      return said === undefined ? [] : [`${name}: @defaultValue ${tag} is no default of the schema`];
    }
    const default_ = JSON.stringify(value.value);
    if (tag === undefined) return [`${name}: no @defaultValue, and the schema has ${default_}`];
    const said = literal(tag);
    if (said !== undefined && isDeepStrictEqual(said.value, value.value)) return [];
    return [`${name}: @defaultValue ${tag}, and the schema has ${default_}`];
  });
  return { wrong, compared: options.filter(({ value, tag }) => value !== undefined || tag !== undefined).length };
}

/**
 * The value that the text of a tag begins with: a number (`100 000`, `2^30`, `1/2`), a string in single quotes, a list or an object of those, true,
 * false, null, or "no limit" for the largest integer. An explanation may follow after `;`, `:`, `(` or, but for numbers, `,`. Other texts describe.
 */
export function literal(tag: string): { readonly value: unknown } | undefined {
  const text = tag.replaceAll('`', '').trim();
  if (/^no limit\b/.test(text)) return { value: Number.MAX_SAFE_INTEGER };
  const number = /^(-?\d[\d ]*(?:\.\d+)?(?:e-?\d+)?)(?:(\^|\/)(\d+))?(?=$|[;:]| \()/.exec(text);
  if (number) {
    const [, first = '', sign, second] = number;
    const value = Number(first.replaceAll(' ', ''));
    return { value: sign === undefined ? value : sign === '^' ? value ** Number(second) : value / Number(second) };
  }
  const other = /^('[^']*'|\[[^\]]*\]|\{[^}]*\}|true|false|null)(?=$|[;:,]| \()/.exec(text)?.[1];
  if (other === undefined) return undefined;
  const [statement] = ts.createSourceFile('tag.ts', `(${other})`, ts.ScriptTarget.ES2022, true).statements;
  return evaluate((statement as ts.ExpressionStatement).expression, () => undefined);
}

/** Every option of every interface that has a schema. */
function optionsOf(program: ts.Program): Option[] {
  const checker = program.getTypeChecker();
  const found: Option[] = [];
  const visit = (node: ts.Node): void => {
    const [fields] = ts.isCallExpression(node) ? node.arguments : [];
    const type = ts.isCallExpression(node) && fields ? schemaType(node.expression) : undefined;
    if (type && fields) found.push(...optionsOfOne(checker, type, fields));
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) if (!file.isDeclarationFile) visit(file);
  return found;
}

/** X of `optionsOf<X>()`. */
function schemaType(callee: ts.Expression): ts.TypeNode | undefined {
  const isSchema =
    ts.isCallExpression(callee) && ts.isIdentifier(callee.expression) && callee.expression.text === 'optionsOf';
  return isSchema ? callee.typeArguments?.[0] : undefined;
}

function optionsOfOne(checker: ts.TypeChecker, type: ts.TypeNode, fields: ts.Expression): Option[] {
  const checks = fieldsOf(checker, fields);
  return checker
    .getTypeFromTypeNode(type)
    .getProperties()
    .map((property) => {
      const name = `${type.getText()}.${property.name}`;
      const check = checks.get(property.name);
      if (check === undefined) throw new Error(`${name}: no check found in ${fields.getText()}`);
      const value = defaultOf(checker, check);
      const tag = property.getJsDocTags(checker).find((one) => one.name === 'defaultValue');
      return { name, ...(value && { value }), ...(tag && { tag: ts.displayPartsToString(tag.text) }) };
    });
}

/** The check of each name of an object of checks, groups that are spread in it included. */
function fieldsOf(checker: ts.TypeChecker, object: ts.Expression): Map<string, ts.Expression> {
  const literal = resolve(checker, object);
  const rest = ts.isIdentifier(literal) ? declarationOf(checker.getSymbolAtLocation(literal), checker) : undefined;
  if (rest && ts.isBindingElement(rest)) return restOf(checker, rest);
  if (!ts.isObjectLiteralExpression(literal)) throw new Error(`not an object of checks: ${literal.getText()}`);
  const found = new Map<string, ts.Expression>();
  for (const part of literal.properties) {
    if (ts.isSpreadAssignment(part))
      fieldsOf(checker, part.expression).forEach((check, name) => found.set(name, check));
    else if (ts.isPropertyAssignment(part)) found.set(part.name.getText(), part.initializer);
    else if (ts.isShorthandPropertyAssignment(part))
      found.set(part.name.text, valueOf(checker.getShorthandAssignmentValueSymbol(part), checker) ?? part.name);
  }
  return found;
}

/** The checks of `rest` in `const { name: _name, ...rest } = checks`. */
function restOf(checker: ts.TypeChecker, rest: ts.BindingElement): Map<string, ts.Expression> {
  const found = fieldsOf(checker, (rest.parent.parent as ts.VariableDeclaration).initializer!);
  for (const one of rest.parent.elements as Iterable<ts.BindingElement>)
    found.delete((one.propertyName ?? one.name).getText());
  return found;
}

/** What stands behind a name or a property of an object, `withDefault(...)` where it is one. */
function resolve(checker: ts.TypeChecker, expression: ts.Expression): ts.Expression {
  if (ts.isIdentifier(expression)) {
    const value = valueOf(checker.getSymbolAtLocation(expression), checker);
    return value ? resolve(checker, value) : expression;
  }
  if (ts.isPropertyAccessExpression(expression)) {
    const { expression: of, name } = expression;
    if (ts.isPropertyAccessExpression(of) && of.name.text === 'defaults')
      return defaultIn(checker, of.expression, name.text) ?? expression;
    const object = resolve(checker, of);
    const value = ts.isObjectLiteralExpression(object)
      ? fieldsOf(checker, object).get(expression.name.text)
      : valueOf(checker.getSymbolAtLocation(expression.name), checker);
    return value ? resolve(checker, value) : expression;
  }
  return expression;
}

/** `X.defaults.name` of a schema X. */
function defaultIn(checker: ts.TypeChecker, schema: ts.Expression, name: string): ts.Expression | undefined {
  const made = resolve(checker, schema);
  const [fields] = ts.isCallExpression(made) && schemaType(made.expression) ? made.arguments : [];
  const check = fields && fieldsOf(checker, fields).get(name);
  return check && valueIn(resolve(checker, check));
}

/** The initializer of a constant, also of an imported one, or of one that is taken out of an object. */
function valueOf(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): ts.Expression | undefined {
  const declaration = declarationOf(symbol, checker);
  if (declaration && ts.isBindingElement(declaration) && !declaration.dotDotDotToken) {
    const { initializer } = declaration.parent.parent as ts.VariableDeclaration;
    return initializer && fieldsOf(checker, initializer).get((declaration.propertyName ?? declaration.name).getText());
  }
  return declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
}

function declarationOf(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): ts.Declaration | undefined {
  const isImported = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  return (isImported ? checker.getAliasedSymbol(symbol) : symbol)?.valueDeclaration;
}

function defaultOf(checker: ts.TypeChecker, check: ts.Expression): { readonly value: unknown } | undefined {
  const call = resolve(checker, check);
  const value = valueIn(call);
  if (value === undefined) return undefined;
  const found = evaluate(value, (name) => resolve(checker, name));
  if (found === undefined) throw new Error(`a default that this test cannot read: ${call.getText()}`);
  return found;
}

/** The second argument of `withDefault(...)`. */
function valueIn(call: ts.Expression): ts.Expression | undefined {
  if (!ts.isCallExpression(call)) return undefined;
  const callee = ts.isPropertyAccessExpression(call.expression) ? call.expression.name : call.expression;
  return callee.getText() === 'withDefault' ? call.arguments[1] : undefined;
}

/** The value of an expression of literals, and of the constants that `resolve` knows. */
function evaluate(
  node: ts.Expression,
  resolve: (name: ts.Expression) => ts.Expression | undefined,
): { readonly value: unknown } | undefined {
  const of = (inner: ts.Expression): { readonly value: unknown } | undefined => evaluate(inner, resolve);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return of(node.expression);
  if (ts.isNumericLiteral(node)) return { value: Number(node.text.replaceAll('_', '')) };
  if (ts.isStringLiteral(node)) return { value: node.text };
  if (node.kind === ts.SyntaxKind.TrueKeyword) return { value: true };
  if (node.kind === ts.SyntaxKind.FalseKeyword) return { value: false };
  if (node.kind === ts.SyntaxKind.NullKeyword) return { value: null };
  if (ts.isPrefixUnaryExpression(node)) return { value: -(of(node.operand)?.value as number) };
  if (ts.isBinaryExpression(node)) {
    if (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return of(node.left) ?? of(node.right);
    const [left, right] = [of(node.left)?.value as number, of(node.right)?.value as number];
    return { value: node.operatorToken.kind === ts.SyntaxKind.SlashToken ? left / right : left ** right };
  }
  if (ts.isArrayLiteralExpression(node)) return { value: node.elements.map((element) => of(element)?.value) };
  if (ts.isObjectLiteralExpression(node)) {
    const entries = node.properties.filter(ts.isPropertyAssignment);
    return { value: Object.fromEntries(entries.map((entry) => [entry.name.getText(), of(entry.initializer)?.value])) };
  }
  if (node.getText() === 'Number.MAX_SAFE_INTEGER') return { value: Number.MAX_SAFE_INTEGER };
  const known = resolve(node);
  return known === undefined || known === node ? undefined : of(known);
}

const libraries = new Map<string, ts.SourceFile | undefined>();

/** A program of these files, path -> text, and of the types of the language; other imports are not followed, which options do not need. */
export function programOf(sources: ReadonlyMap<string, string>): ts.Program {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es5.d.ts'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile } = host;
  host.getSourceFile = (path, version) => {
    if (sources.has(path)) return getSourceFile(path, version);
    if (!libraries.has(path)) libraries.set(path, getSourceFile(path, version));
    return libraries.get(path);
  };
  const isOfTypeScript = (path: string): boolean => /[\\/]lib\.[^\\/]*\.d\.ts$/.test(path);
  host.readFile = (path) => sources.get(path) ?? (isOfTypeScript(path) ? ts.sys.readFile(path) : undefined);
  host.fileExists = (path) => sources.has(path) || isOfTypeScript(path);
  host.directoryExists = () => true;
  return ts.createProgram([...sources.keys()], options, host);
}

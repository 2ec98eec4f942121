import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Host, makeHost } from './host.ts';
import { subPaths } from './source-files.ts';

let host: Host;

beforeAll(() => {
  host = makeHost(['@types/node']);
});

afterAll(() => host.dispose());

const doors = [...Object.keys(subPaths), 'catrs/browser'];
const use = `
export const g: catrs0.SmoothedClassifier = new catrs0.SmoothedClassifier((x) => x, { noise: new catrs0.GaussianNoise({ sigma: 1 }), numClasses: 2 });
// @ts-expect-error the types are there: a wrong option is seen
new catrs0.GaussianNoise({ sigma: 'one' });
`;
const byImport = `${doors.map((door, i) => `import * as catrs${i} from '${door}';\nvoid catrs${i};`).join('\n')}${use}`;
const byRequire = `${doors.map((door, i) => `import catrs${i} = require('${door}');\nvoid catrs${i};`).join('\n')}${use}`;

const modes: Readonly<Record<string, { sources: Readonly<Record<string, string>>; options: ts.CompilerOptions }>> = {
  'import under moduleResolution bundler': {
    sources: { 'bundler/host.ts': byImport },
    options: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  },
  'import and require under nodenext': {
    sources: { 'nodenext/host.mts': byImport, 'nodenext/host.cts': byRequire },
    options: { module: ts.ModuleKind.NodeNext },
  },
};

it.each(Object.entries(modes))('types hold for a host by %s', (_name, { sources, options }) => {
  const paths = Object.entries(sources).map(([file, code]) => {
    const path = join(host.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
    return path;
  });
  const program = ts.createProgram(paths, {
    ...options,
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: ['node'],
    // Declarations of other packages may have errors of their own; those of catrs may not.
    skipLibCheck: false,
  });
  const isOurs = (name: string): boolean => paths.includes(name) || name.includes('/catrs/dist/');
  const errors = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file === undefined || isOurs(file.fileName))
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
  expect(errors).toEqual([]);
  expect(program.getSourceFiles().some(({ fileName }) => fileName.endsWith('/catrs/dist/index.d.ts'))).toBe(true);
});

import { readFileSync } from 'node:fs';
import eslint from '@eslint/js';
import jsdoc from 'eslint-plugin-jsdoc';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Folder of src -> what it may import, besides `errors` and `types`. test/package/layers.test.ts holds the sources to the same table. */
const layers = JSON.parse(readFileSync(new URL('test/package/layers.json', import.meta.url), 'utf8'));

/** What a browser lacks. The types of src/node make these names known to the compiler everywhere. */
const nodeGlobals = ['process', 'Buffer', 'global', 'require', 'module', '__dirname', '__filename', 'setImmediate'];

/** The import rule of one folder: what is outside its row is an error, and "x (types)" in its row allows `import type` only; "x*" stands for every package that begins with x. */
function layerRule([folder, row]) {
  const folders = Object.keys(layers).filter((name) => name !== folder);
  const typesOnly = row.filter((entry) => entry.endsWith(' (types)')).map((entry) => entry.replace(' (types)', ''));
  const allowed = row.filter((entry) => !entry.endsWith(' (types)'));
  const isTypesOnly = (name) => typesOnly.includes(name);
  const closedFolders = folders.filter((name) => !allowed.includes(name) && !isTypesOnly(name));
  const typeFolders = folders.filter((name) => !allowed.includes(name) && isTypesOnly(name));
  const packages = [...allowed, ...typesOnly].filter((name) => !folders.includes(name));
  const typePackages = typesOnly.filter((name) => packages.includes(name));

  const message = `src/${folder} may import only: errors, types${row.map((entry) => `, ${entry}`).join('')}.`;
  const inFolders = (names) => `^(?:\\.\\./)+(?:${names.join('|')})/`;
  const patterns = [
    { regex: '^(?:\\.\\./)+index\\.ts$', message: 'src/index.ts is the public door; import the file itself.' },
    { regex: `^(?!\\.${packages.map((name) => `|${name.replace('*', '.*')}$`).join('')})`, message },
    ...(closedFolders.length > 0 ? [{ regex: inFolders(closedFolders), message }] : []),
    ...(typeFolders.length > 0 ? [{ regex: inFolders(typeFolders), allowTypeImports: true, message }] : []),
    ...(typePackages.length > 0 ? [{ regex: `^(?:${typePackages.join('|')})$`, allowTypeImports: true, message }] : []),
  ];
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
}

export default defineConfig(
  globalIgnores(['dist', 'build', 'coverage', 'docs', 'results', 'test/guests']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      eqeqeq: 'error',
      'object-shorthand': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // TensorFlow.js infers the rank of a result from the assertion around it, so the assertion is not without effect.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowArray: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { jsdoc },
    settings: { jsdoc: { mode: 'typescript' } },
    rules: {
      'max-lines': ['error', 300],
      'no-console': 'error',
      'no-restricted-globals': ['error', ...nodeGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness comes from a key (src/random).' },
        { property: 'dataSync', message: 'Not possible on WebGPU: use await tensor.data().' },
        { property: 'arraySync', message: 'Not possible on WebGPU: use await tensor.data().' },
        { object: 'tf', property: 'gatherND', message: 'Reads its indices synchronously on WebGPU.' },
        { object: 'tf', property: 'randomNormal', message: 'Randomness comes from a key (src/random).' },
        { object: 'tf', property: 'randomUniform', message: 'Randomness comes from a key (src/random).' },
        { object: 'tf', property: 'truncatedNormal', message: 'Randomness comes from a key (src/random).' },
      ],
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: { esm: true, cjs: false, window: false },
          checkConstructors: false,
          require: {
            ArrowFunctionExpression: true,
            ClassDeclaration: true,
            FunctionDeclaration: true,
            MethodDefinition: true,
          },
          contexts: [
            'TSInterfaceDeclaration',
            'TSTypeAliasDeclaration',
            'ExportNamedDeclaration > VariableDeclaration',
          ],
        },
      ],
      'jsdoc/check-alignment': 'error',
      'jsdoc/check-tag-names': ['error', { definedTags: ['defaultValue', 'remarks', 'typeParam'] }],
      'jsdoc/no-types': 'error',
    },
  },
  // A list of names without logic grows with the library.
  { files: ['src/index.ts'], rules: { 'max-lines': 'off' } },
  ...Object.entries(layers).map(layerRule),
  { files: ['src/node/**/*.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    files: ['{test,bench}/**/*.ts'],
    rules: {
      // Tests index arrays whose length they know, and hold functions without their object to compare them.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // Tools ask for a default export, and declaration files describe packages that have one.
    files: ['*.config.ts', '*.config.js', '**/*.d.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
);

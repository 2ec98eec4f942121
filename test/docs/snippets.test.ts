import { rm } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pages, publicNames, SnippetModule, type Source, snippetsOf, typeErrors } from './snippets.ts';

/** Every ```ts block of README.md and docs/ is type-checked and executed as it stands. */
const modules: Readonly<Record<string, () => Promise<object>>> = {
  '@tensorflow/tfjs': () => import('@tensorflow/tfjs'),
  catrs: () => import('catrs'),
  'catrs/stats': () => import('catrs/stats'),
  'catrs/data': () => import('catrs/data'),
  'catrs/models': () => import('catrs/models'),
  'catrs/plots': () => import('catrs/plots'),
  'catrs/recipes': () => import('catrs/recipes'),
  'catrs/node': () => import('catrs/node'),
  'catrs/wasm': () => import('catrs/wasm'),
  'catrs/onnx': () => import('catrs/onnx'),
  'catrs/webgpu': () => import('catrs/webgpu'),
  'catrs/native': () => import('catrs/native'),
  './stand-ins.ts': () => import('./stand-ins.ts'),
  'node:fs/promises': () => import('./no-files.ts'),
};

const all = new Map<string, SnippetModule[]>();
let sources: Source[] = [];

beforeAll(async () => {
  await tf.setBackend('cpu');
  const standIns = Object.keys(await import('./stand-ins.ts'));
  sources = [
    { from: './stand-ins.ts', names: new Set(standIns) },
    { from: 'catrs', names: publicNames() },
    { from: '@tensorflow/tfjs', names: new Set(['tf']) },
  ];
  for (const page of pages())
    all.set(
      page,
      snippetsOf(page).map((snippet) => new SnippetModule(snippet, sources)),
    );
});

afterAll(async () => rm((await import('./stand-ins.ts')).folder, { recursive: true }));

describe('code on the pages', () => {
  it('type-checks, and the check sees a mistake', () => {
    const wrong = new SnippetModule({ name: 'wrong', code: "\nawait g.certify(image, { key: 'none' });" }, sources);
    const errors = typeErrors([...all.values(), [wrong]].flat());
    expect(errors.filter((error) => !error.startsWith('wrong'))).toEqual([]);
    expect(errors).toEqual([expect.stringContaining("wrong, line 2: Type 'string' is not assignable to type 'Key'")]);
  });

  it.each(pages())('%s runs', async (page) => {
    await tf.setBackend('cpu'); // a snippet may have called useWasm
    for (const module of all.get(page) ?? []) {
      const load = (from: string): Promise<object> => {
        const open = modules[from];
        if (!open) throw new Error(`${module.name} imports ${from}, which test/docs does not know`);
        return open();
      };
      const printed: unknown[] = [];
      const console = {
        log: (...line: unknown[]) => printed.push(...line),
        assert: (holds: boolean) => expect(holds, `${module.name}: console.assert`).toBe(true),
      };
      const error = await module.run(load, { console }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error, `${module.name} must run`).toBeUndefined();
    }
  });
});

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { type EngineChoice, EngineError, enginesToTry, onEngine } from '../../src/cli/engines.ts';
import { CliError } from '../../src/cli/io.ts';
import type { EngineName } from '../../src/cli/common-options.ts';
import { BackendError } from '../../src/errors.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { useWasm } from '../../src/wasm/use-wasm.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs, type CliResult, useTiny } from './run.ts';

const CPU = 'cpu (tfjs 4.22.0)';
const WASM = 'wasm (tfjs 4.22.0, kernels 2)';
const { path, data, run } = useTiny();

const choice = (change: Partial<EngineChoice> = {}): EngineChoice => ({
  backend: 'auto',
  purpose: 'votes',
  workers: 1,
  ...change,
});
/** The engines that are tried where these are installed. */
const tried = (change: Partial<EngineChoice>, installed: readonly EngineName[]): readonly EngineName[] =>
  enginesToTry(choice(change), (name) => [...installed, 'cpu'].includes(name));

describe('the engines of auto', () => {
  const all: readonly EngineName[] = ['wasm', 'tensorflow', 'onnxruntime', 'webgpu'];
  it.each<[string, Partial<EngineChoice>, readonly EngineName[], readonly EngineName[]]>([
    ['all that are installed', {}, all, ['onnxruntime', 'tensorflow', 'wasm', 'cpu']],
    ['those with gradients', { purpose: 'gradients' }, all, ['tensorflow', 'wasm', 'cpu']],
    ['wasm, as before', {}, ['wasm'], ['wasm', 'cpu']],
    ['cpu, where nothing is installed', { purpose: 'gradients' }, [], ['cpu']],
    ['onnxruntime for an ONNX file', { onnxFile: 'a.onnx' }, [], ['onnxruntime']],
    ['the engine of the file', { earlier: { file: 'a.tsv', engine: WASM } }, all, ['wasm']],
    ['those of catrs 0.5 for its files', { earlier: { file: 'a.tsv', engine: undefined } }, all, ['wasm', 'cpu']],
    [
      'onnxruntime for an ONNX file of 0.5',
      { onnxFile: 'a.onnx', earlier: { file: 'a.tsv', engine: undefined } },
      all,
      ['onnxruntime'],
    ],
    ['the one that is named', { backend: 'cpu' }, all, ['cpu']],
    [
      'the one that is named, for files of catrs 0.5',
      { backend: 'cpu', earlier: { file: 'a.tsv', engine: undefined } },
      all,
      ['cpu'],
    ],
    [
      'another to verify',
      { backend: 'cpu', earlier: { file: 'a.tsv', engine: WASM, allowsOther: true } },
      all,
      ['cpu'],
    ],
  ])('are %s', (_, change, installed, expected) => {
    expect(tried(change, installed)).toEqual(expected);
  });

  const native = { file: 'a.tsv', engine: 'tensorflow 2.21.0 (tfjs-node 4.22.0)' };
  it.each<[string, Partial<EngineChoice>, string]>([
    [
      'gradients of onnxruntime',
      { backend: 'onnxruntime', purpose: 'gradients' },
      '--backend must be an engine with gradients, got onnxruntime (take tensorflow, wasm or cpu)',
    ],
    [
      'an ONNX file on another',
      { backend: 'tensorflow', onnxFile: 'a.onnx' },
      '--backend must be onnxruntime for an ONNX file, got tensorflow with a.onnx (leave it out)',
    ],
    [
      'another than that of the file',
      { backend: 'wasm', earlier: native },
      '--backend must be tensorflow for a.tsv, which was made on tensorflow 2.21.0 (tfjs-node 4.22.0), got wasm (--backend tensorflow, or another --out)',
    ],
    [
      'that of the file, not installed',
      { earlier: native },
      '--backend must be tensorflow for a.tsv, which was made on tensorflow 2.21.0 (tfjs-node 4.22.0) and is not installed, got auto (npm install @tensorflow/tfjs-node)',
    ],
    [
      'that of the file, not installed, to verify',
      { earlier: { ...native, allowsOther: true } },
      '--backend must be tensorflow for a.tsv, which was made on tensorflow 2.21.0 (tfjs-node 4.22.0) and is not installed, got auto (npm install @tensorflow/tfjs-node; or name another by --backend)',
    ],
    [
      'one that is not known here',
      { earlier: { file: 'a.tsv', engine: 'abacus 1' } },
      '--backend must be abacus for a.tsv, which was made on abacus 1 and is not installed, got auto (another --out)',
    ],
  ])('refuse %s', (_, change, text) => {
    expect(() => tried(change, ['wasm'])).toThrow(new CliError(text));
  });
});

describe('an engine that fails', () => {
  const told: string[] = [];
  const io = { stderr: (text: string): void => void told.push(text) };
  afterEach(() => void told.splice(0));

  const mismatch = new BackendError('`backend` must compute what cpu computes, got wasm', {
    call: 'checkBackend',
    field: 'backend',
    value: 'wasm',
  });
  it.each<[Error, string]>([
    [mismatch, '`backend` must compute what cpu computes, got wasm'],
    [new EngineError('a model that it does not take'), 'a model that it does not take'],
  ])('is named with its reason (%s), and the next one is taken', async (error, reason) => {
    const taken = await onEngine(choice(), io, (engine, say) => {
      say(`running on ${engine}`);
      return engine === 'cpu' ? Promise.resolve(tf.getBackend()) : Promise.reject(error);
    });
    expect(taken).toBe('cpu');
    expect(told).toEqual([`catrs: wasm is not taken: ${reason}\n`, 'catrs: running on cpu\n']);
  });

  it('is the end where it is named, as is an error of something else', async () => {
    const named = onEngine(choice({ backend: 'wasm' }), io, () => Promise.reject(mismatch));
    await expect(named).rejects.toBe(mismatch);
    const other = new CliError('another model');
    await expect(onEngine(choice(), io, () => Promise.reject(other))).rejects.toBe(other);
    expect(told).toEqual([]);
  });

  it('is left by a run of the command, whose log says the other', async () => {
    const layers = [tf.layers.flatten({ inputShape: [4, 4, 1] }), tf.layers.dense({ units: 2 }), tf.layers.elu()];
    const model = tf.sequential({ layers });
    await saveModel(model, path('bent'));
    model.dispose();
    await useWasm();
    const right = tf.getKernel('Elu', 'wasm');
    const put = (kernel: tf.KernelConfig): void => {
      tf.unregisterKernel('Elu', 'wasm');
      tf.registerKernel(kernel);
    };
    put({ ...tf.getKernel('Neg', 'wasm'), kernelName: 'Elu' });
    try {
      const args = [...data(), '--model', path('bent'), '--sigma', 0.5, '--n', 100, '--out', path('left.tsv')];
      const { code, stderr } = await catrs(['certify', ...args]);
      expect(stderr).toMatch(/^catrs: wasm is not taken: .*\ncatrs: running on cpu \(tfjs 4.22.0\)\n/);
      expect(code).toBe(0);
      expect(parseCertificationLog(await readFile(path('left.tsv'), 'utf8'))[0]?.engine).toBe(CPU);
      expect((await catrs(['predict', ...args.slice(0, -2), '--backend', 'wasm'])).code).toBe(1);
    } finally {
      put(right);
    }
  });
});

describe('packages that are there and do not load', () => {
  /** Runs the command in a folder with packages that throw this. */
  async function predict(packages: readonly string[], backend: string): Promise<CliResult> {
    const folder = await mkdtemp(join(tmpdir(), 'catrs-engines-'));
    for (const name of packages) {
      await mkdir(join(folder, 'node_modules', name), { recursive: true });
      await writeFile(join(folder, 'node_modules', name, 'index.js'), "throw new Error('a library is missing');");
    }
    const args = ['predict', ...run(['--max', 1]), '--backend', backend].map(String);
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    try {
      return await new Promise((resolve) => {
        execFile(process.execPath, [...runTypeScript, main, ...args], { cwd: folder }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
        );
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  const both = ['onnxruntime-node', '@tensorflow/tfjs-node'];

  it('are named by auto, which takes the next engine', async () => {
    const { code, stderr } = await predict(both, 'auto');
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /onnxruntime is not taken: .*a library is missing.*\n(.*\n)*.*tensorflow is not taken: .*a library is missing.*\n(.*\n)*catrs: running on wasm /,
      ),
    ]);
  });

  it.each([
    [
      'onnxruntime',
      /model: needs the package onnxruntime-node, which cannot be loaded, got "a library is missing" \(npm rebuild onnxruntime-node, or another --backend\)\n$/,
    ],
    [
      'tensorflow',
      /`@tensorflow\/tfjs-node` must be a package that can be loaded, got "a library is missing" \(.*\)\n$/,
    ],
  ])('end a run on %s', async (backend, text) => {
    const { code, stderr } = await predict(both, backend);
    expect([code, stderr]).toEqual([2, expect.stringMatching(text)]);
  });
});

describe('--resume', () => {
  const on = (backend: string | undefined, args: readonly (string | number)[]): (string | number)[] => [
    ...args.filter((arg, i) => arg !== '--backend' && args[i - 1] !== '--backend'),
    ...(backend === undefined ? [] : ['--backend', backend]),
  ];
  const last = (stderr: string): string => stderr.trim().split('\n').at(-1) ?? '';

  it('of certify takes the engine of the log, and refuses another', async () => {
    const out = ['--out', path('log.tsv')];
    const begun = await catrs(['certify', ...on('cpu', run([...out, '--max', 4]))]);
    expect([begun.code, begun.stdout]).toEqual([0, expect.stringContaining(`\n  on ${CPU}\n`)]);
    const refused = await catrs(['certify', ...on('wasm', run([...out, '--resume']))]);
    expect([refused.code, last(refused.stderr)]).toEqual([
      2,
      `catrs: --backend must be cpu for ${path('log.tsv')}, which was made on ${CPU}, got wasm (--backend cpu, or another --out)`,
    ]);
    const { stdout } = await catrs(['certify', ...on(undefined, run([...out, '--resume', '--json']))]);
    expect(JSON.parse(stdout)).toMatchObject({ runtime: 'cpu', engine: CPU, engines: [CPU], resumed: 4, done: 24 });
    const held = ['verify', path('log.tsv'), ...data(), '--model', path('model')];
    expect((await catrs(held)).stderr).toContain(`running on ${CPU}\n`);
    expect((await catrs([...held, '--backend', 'wasm', '--votes', 9])).stderr).toContain(`running on ${WASM}\n`);
  });

  it('is not for merging: logs of two engines become one where that is asked for, and it says so', async () => {
    for (const [i, backend] of ['cpu', 'wasm'].entries()) {
      await catrs(['certify', ...on(backend, run(['--shard', `${i}/2`, '--out', path(`part-${i}.tsv`)]))]);
    }
    const merge = ['merge', path('part-0.tsv'), path('part-1.tsv'), '--size', 24, '--out', path('both.tsv')];
    const refused = await catrs(merge);
    expect([refused.code, last(refused.stderr)]).toEqual([
      2,
      `catrs: <logs...> must be logs of one engine, got ${CPU} and, in ${path('part-1.tsv')}, line 2, ${WASM} (to have rows of both, each of which says which, set --mix-engines)`,
    ]);
    const { stdout } = await catrs([...merge, '--mix-engines']);
    expect(stdout).toBe(`${path('both.tsv')}: 24 images of 2 logs, on ${CPU} and ${WASM}\n`);
    expect((await catrs(['analyze', path('both.tsv')])).stdout).toContain(`\n  on ${CPU} and ${WASM}\n`);
  });

  it('of certify goes on with another version of nothing', async () => {
    const text = await readFile(path('log.tsv'), 'utf8');
    const lines = text.split('\n').slice(0, 5).join('\n');
    await writeFile(path('older.tsv'), `${lines.replaceAll('4.22.0', '4.21.0')}\n`);
    const { code, stderr } = await catrs(['certify', ...on(undefined, run(['--out', path('older.tsv'), '--resume']))]);
    expect([code, last(stderr)]).toEqual([
      2,
      `catrs: \`engine\` must be the same for all rows of a log, got ${CPU} where ${path('older.tsv')}, line 2, has cpu (tfjs 4.21.0) (go on with the engine of before, or take another file)`,
    ]);
  });

  it('of a log of catrs 0.5 takes what it took', async () => {
    const lines = (await readFile(path('log.tsv'), 'utf8')).trimEnd().split('\n').slice(0, 5);
    const old = lines.map((line) => `${line.slice(0, line.lastIndexOf('\t'))}\n`).join('');
    await writeFile(path('05.tsv'), old);
    const { code, stderr } = await catrs(['certify', ...on(undefined, run(['--out', path('05.tsv'), '--resume']))]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`running on ${WASM}\n`)]);
    const text = await readFile(path('05.tsv'), 'utf8');
    expect(text.startsWith(old)).toBe(true);
    expect(parseCertificationLog(text)).toHaveLength(24);
  });

  it('of a run that has only a journal takes its engine', async () => {
    const out = ['--out', path('journal.tsv')];
    const stop = new AbortController();
    const begun = catrs(['certify', ...on('cpu', run([...out, '--n', 20_000, '--batch-size', 10]))], {
      signal: stop.signal,
      stderr: (text) => {
        if (text.includes('0/24')) setTimeout(() => stop.abort(), 100);
      },
    });
    expect((await begun).code).toBe(130);
    await rm(path('journal.tsv'), { force: true });
    const args = run([...out, '--n', 20_000, '--resume']);
    const refused = await catrs(['certify', ...on('wasm', args)]);
    expect(last(refused.stderr)).toContain(`which was made on ${CPU}, got wasm`);
  });

  it('of attack and soft-targets takes the engine of the record, that of an attack of 0.5 too', async () => {
    const attack = ['--epsilon', 0.5, '--steps', 1, '--num-noise', 2, '--out', path('attacked.tsv')];
    const targets = [...data(), '--model', path('model'), '--sigma', 0.5, '--n', 20, '--out', path('targets.npy')];
    const commands: [string, (string | number)[], string][] = [
      ['attack', [...run(attack), '--max', 2], 'attacked.tsv.json'],
      ['soft-targets', targets, 'targets.npy.json'],
    ];
    for (const [command, args, record] of commands) {
      expect((await catrs([command, ...on('cpu', args)])).code).toBe(0);
      const refused = await catrs([command, ...on('wasm', args), '--resume']);
      expect(last(refused.stderr)).toContain(`which was made on ${CPU}, got wasm (--backend cpu, or another --out)`);
      const resumed = await catrs([command, ...on(undefined, args), '--resume']);
      expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining(`running on ${CPU}\n`)]);
      const { engine, ...old } = JSON.parse(await readFile(path(record), 'utf8')) as { engine: string };
      expect(engine).toBe(CPU);
      await writeFile(path(record), JSON.stringify(old));
      const again = await catrs([command, ...on(undefined, args), '--resume']);
      const of05 = command === 'attack' ? CPU : WASM; // soft targets of 0.5 do not say it
      expect([again.code, again.stderr]).toEqual([0, expect.stringContaining(`running on ${of05}\n`)]);
    }
  });

  it('of train takes the engine of the checkpoint, and any engine certifies what was trained', async () => {
    const args = [...data(), '--init', path('model'), '--method', 'gaussian', '--batch-size', 12, '--out', path('run')];
    const begun = await catrs(['train', ...args, '--epochs', 1, '--backend', 'cpu', '--json']);
    expect(JSON.parse(begun.stdout)).toMatchObject({ engine: CPU });
    const checkpoint = `${path('run')}/checkpoint.safetensors`;
    const refused = await catrs(['train', ...args, '--epochs', 2, '--backend', 'wasm', '--resume']);
    expect([refused.code, last(refused.stderr)]).toEqual([
      2,
      `catrs: --backend must be cpu for ${checkpoint}, which was made on ${CPU}, got wasm (--backend cpu, or another --out)`,
    ]);
    const resumed = await catrs(['train', ...args, '--epochs', 2, '--resume']);
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining(`, on ${CPU}\n`)]);
    const trained = ['--model', path('run'), '--backend', 'wasm', '--out', path('trained.tsv')];
    const certified = await catrs(['certify', ...data(), '--sigma', 0.5, '--n', 100, ...trained, '--workers', 2], {
      workerArguments: runTypeScript,
    });
    expect([certified.code, certified.stdout]).toEqual([0, expect.stringContaining(`\n  on ${WASM}\n`)]);
  });
});

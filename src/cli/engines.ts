import * as tf from '@tensorflow/tfjs';
import { BackendError, CatrsError } from '../errors.ts';
import { useNative } from '../native/use-native.ts';
import { useWasm } from '../wasm/use-wasm.ts';
import type { BackendName, EngineName } from './common-options.ts';
import { CliError, type CliIo, note } from './io.ts';
import { isInstalled } from './load-package.ts';

/** What a command needs of its engine: votes, or gradients too. @internal */
export type Purpose = 'votes' | 'gradients';

/** An engine that is there and cannot be used for this run. @internal */
export class EngineError extends CliError {}

/** Something that computes a model. */
interface Engine {
  readonly hasGradients: boolean;
  /** Whether its package is there, in which case a failure to start is told. */
  readonly isThere: () => boolean;
  /** How it is installed. */
  readonly install: string;
  /** Makes it ready, for so many threads of this command. */
  readonly start: (workers: number) => Promise<unknown>;
}

/** Of TensorFlow.js: what runs beside an engine that is none of its backends, and needs no package. */
const startCpu = (): Promise<unknown> => tf.setBackend('cpu').then(() => tf.ready());

const ENGINES: Readonly<Record<EngineName, Engine>> = {
  onnxruntime: {
    hasGradients: false,
    isThere: () => isInstalled('onnxruntime-node'),
    install: 'npm install onnxruntime-node',
    start: startCpu,
  },
  tensorflow: {
    hasGradients: true,
    isThere: () => isInstalled('@tensorflow/tfjs-node') || isInstalled('@tensorflow/tfjs-node-gpu'),
    install: 'npm install @tensorflow/tfjs-node',
    // One core for each worker; alone it has all.
    start: (workers) => useNative(workers > 1 ? { threads: 1 } : {}),
  },
  wasm: {
    hasGradients: true,
    isThere: () => isInstalled('@tensorflow/tfjs-backend-wasm'),
    install: 'npm install @tensorflow/tfjs-backend-wasm',
    start: () => useWasm(),
  },
  webgpu: { hasGradients: true, isThere: () => true, install: 'a Node.js with WebGPU', start: startWebgpu },
  cpu: { hasGradients: true, isThere: () => true, install: '', start: startCpu },
};

/** From the fastest: as measured for LeNet and ResNet-20 with one thread each. `webgpu` is taken only where it is named. */
const ORDER: readonly EngineName[] = ['onnxruntime', 'tensorflow', 'wasm', 'cpu'];

/** What catrs 0.5 took. */
const ORDER_05: readonly EngineName[] = ['wasm', 'cpu'];

/** What an earlier run was made on. @internal */
export interface EarlierRun {
  readonly file: string;
  /** Its name and version; undefined for files of catrs 0.5, which do not say it. */
  readonly engine: string | undefined;
  /** Whether another engine may be named all the same: where nothing is added to the file. */
  readonly allowsOther?: boolean;
}

/** What an engine is chosen by. @internal */
export interface EngineChoice {
  readonly backend: BackendName;
  readonly purpose: Purpose;
  /** The model, if it is an ONNX file. */
  readonly onnxFile?: string | undefined;
  readonly earlier?: EarlierRun | undefined;
  readonly workers: number;
}

/** The engines to try, one after the other. Throws CliError for one that cannot do it. @internal */
export function enginesToTry(
  { backend, purpose, onnxFile, earlier }: EngineChoice,
  isThere = (name: EngineName): boolean => ENGINES[name].isThere(),
): readonly EngineName[] {
  if (onnxFile !== undefined && backend !== 'auto' && backend !== 'onnxruntime') {
    throw new CliError(
      `--backend must be onnxruntime for an ONNX file, got ${backend} with ${onnxFile} (leave it out)`,
    );
  }
  if (backend !== 'auto' && purpose === 'gradients' && !ENGINES[backend].hasGradients) {
    throw new CliError(`--backend must be an engine with gradients, got ${backend} (take tensorflow, wasm or cpu)`);
  }
  const before = earlier?.engine?.split(' ', 1)[0] as EngineName | undefined;
  if (earlier !== undefined && before !== undefined) {
    const { file, engine } = earlier;
    const must = `--backend must be ${before} for ${file}, which was made on ${engine}`;
    if (backend !== 'auto' && backend !== before && earlier.allowsOther !== true) {
      throw new CliError(`${must}, got ${backend} (--backend ${before}, or another --out)`);
    }
    if (backend !== 'auto') return [backend];
    if (Object.hasOwn(ENGINES, before) && isThere(before)) return [before];
    const way = ENGINES[before]?.install ?? 'another --out';
    const other = earlier.allowsOther === true ? '; or name another by --backend' : '';
    throw new CliError(`${must} and is not installed, got auto (${way}${other})`);
  }
  if (backend !== 'auto') return [backend];
  if (onnxFile !== undefined) return ['onnxruntime'];
  const order = earlier === undefined ? ORDER : ORDER_05;
  return order.filter((name) => isThere(name) && (purpose === 'votes' || ENGINES[name].hasGradients));
}

/** Something on an engine that has started; lines for people are told once it is clear that the engine is taken. @internal */
export type OnEngine<T> = (engine: EngineName, say: (text: string) => void) => Promise<T>;

/** Runs something on the first engine that can do it, and says why one that is installed is not taken. @internal */
export async function onEngine<T>(choice: EngineChoice, io: Pick<CliIo, 'stderr'>, run: OnEngine<T>): Promise<T> {
  const engines = enginesToTry(choice);
  for (const [i, engine] of engines.entries()) {
    const lines: string[] = [];
    let hasStarted = false;
    try {
      await startEngine(engine, choice.workers);
      hasStarted = true;
      const result = await run(engine, (text) => lines.push(text));
      for (const text of lines) note(io, text);
      return result;
    } catch (error) {
      const isEngines = !hasStarted || error instanceof BackendError || error instanceof EngineError;
      if (!isEngines || i === engines.length - 1) {
        for (const text of lines) note(io, text);
        throw error;
      }
      note(io, `${engine} is not taken: ${textOf(error)}`);
    }
  }
  throw new CliError('--backend must be an engine that is installed, got none'); // cpu always is
}

function textOf(error: unknown): string {
  const { message } = error as Error;
  return error instanceof CatrsError ? message.slice(`${error.call}: `.length) : message;
}

/** Makes an engine ready: its backend of TensorFlow.js becomes the current one. @internal */
export async function startEngine(name: EngineName, workers = 1): Promise<void> {
  tf.enableProdMode(); // keeps TensorFlow.js from printing an advertisement into the output
  await ENGINES[name].start(workers);
}

async function startWebgpu(): Promise<void> {
  const { gpu } = (globalThis as { readonly navigator?: { readonly gpu?: unknown } }).navigator ?? {};
  if (gpu === undefined) {
    throw new CliError('--backend webgpu needs WebGPU, got a Node.js without it (take tensorflow, wasm or cpu)');
  }
  const { useWebgpu } = (await import('../webgpu/index.ts')) as { readonly useWebgpu?: () => Promise<unknown> };
  await useWebgpu?.();
  if (tf.getBackend() === 'webgpu') return;
  throw new CliError(`--backend webgpu must start, got ${tf.getBackend()} (take tensorflow, wasm or cpu)`);
}

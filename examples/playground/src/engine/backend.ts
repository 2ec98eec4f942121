/**
 * Starts the TensorFlow.js backends. WASM always, because it always works; WebGPU where there is one.
 */
import * as tf from '@tensorflow/tfjs';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import { useWasm } from 'catrs/wasm';
import { messageOf } from '../message-of.ts';
import type { BackendName, BackendState } from '../protocol.ts';

const WASM_FILES = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
};

/** A device as the browser describes it; the DOM types have no WebGPU yet. */
interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string; readonly vendor?: string };
}
interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

/** The first choice: WebGPU on a real device, else WASM. Both are loaded now, so that a later change needs no network. */
export async function firstBackend(): Promise<BackendState> {
  const adapter = await findAdapter();
  await startWasm();
  if (adapter === undefined) return wasmState('This browser offers no WebGPU.', false);
  if (isSoftware(adapter)) {
    await import('@tensorflow/tfjs-backend-webgpu'); // loads it, and no more: WASM has been set
    return wasmState('WebGPU here is a software device, which is slower.', true);
  }
  return useBackend('webgpu');
}

/** Changes the backend. Where WebGPU does not start, the state is that of WASM and says why. */
export async function useBackend(wanted: BackendName): Promise<BackendState> {
  const adapter = await findAdapter();
  if (wanted === 'webgpu') {
    try {
      if (adapter === undefined) throw new Error('this browser offers no WebGPU');
      await startWebgpu();
      const device = [adapter.info?.vendor, adapter.info?.architecture].filter(Boolean).join(' ');
      const note = `Running on WebGPU${device === '' ? '' : ` (${device})`}.`;
      return { backend: 'webgpu', note, webgpuOffered: true };
    } catch (error) {
      await startWasm();
      return wasmState(`WebGPU did not start: ${messageOf(error)}.`, adapter !== undefined);
    }
  }
  await startWasm();
  return wasmState('', adapter !== undefined);
}

async function startWasm(): Promise<void> {
  await useWasm({ wasmPaths: WASM_FILES, threads: 1 });
}

async function startWebgpu(): Promise<void> {
  const { useWebgpu } = await import('catrs/webgpu');
  await useWebgpu();
  // A device that cannot compute must fail now, not in the middle of a certificate.
  const check = tf.tidy(() => tf.sum(tf.square(tf.tensor1d([1, 2, 3]))));
  const [sum] = await check.data();
  check.dispose();
  if (tf.getBackend() !== 'webgpu' || sum !== 14) throw new Error(`the device computed ${sum} instead of 14`);
}

function wasmState(why: string, webgpuOffered: boolean): BackendState {
  return { backend: 'wasm', note: `${why} Running on WASM, one thread.`.trim(), webgpuOffered };
}

async function findAdapter(): Promise<Adapter | undefined> {
  const { gpu } = navigator as { gpu?: Gpu };
  try {
    return (await gpu?.requestAdapter()) ?? undefined;
  } catch {
    return undefined; // offered, but not to this page
  }
}

function isSoftware({ info }: Adapter): boolean {
  return info?.isFallbackAdapter === true || /swiftshader|llvmpipe/i.test(`${info?.architecture} ${info?.vendor}`);
}

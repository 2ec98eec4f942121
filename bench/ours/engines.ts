import process from 'node:process';
import * as tf from '@tensorflow/tfjs';
import type { TypedClassifier } from 'catrs';
import { useNative } from 'catrs/native';
import { onnxClassifier, type OnnxSession, type OnnxTensorConstructor } from 'catrs/onnx';
import { useWasm } from 'catrs/wasm';
import { type Guest, guestFile, nativeTensorflow, requireGuest } from '../../test/helpers/guests.ts';

/** What runs a network. */
export type EngineName = 'tensorflow' | 'onnxruntime' | 'wasm' | 'cpu';

interface OnnxRuntime {
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<OnnxSession> };
  readonly Tensor: OnnxTensorConstructor;
}

const ONNXRUNTIME = 'onnxruntime-node';

/** Loads the engine into this process or thread and names it with its version; throws where it is not installed. */
export async function useEngine(name: EngineName): Promise<string> {
  if (name === 'tensorflow') {
    const { packageName, packageVersion, tensorflowVersion } = await useNative({
      resolveFrom: there(nativeTensorflow()),
    });
    return `TensorFlow ${tensorflowVersion} by ${packageName} ${packageVersion}`;
  }
  if (name === 'cpu') await tf.setBackend('cpu');
  else await useWasm({ threads: 1 });
  const version =
    name === 'onnxruntime'
      ? there(requireGuest<{ version: string }>(`${ONNXRUNTIME}/package.json`)).version
      : tf.version_core;
  return `${name === 'onnxruntime' ? ONNXRUNTIME : name} ${version}`;
}

/** What the process of an engine needs in its environment: TensorFlow reads it when it is loaded. oneDNN as the command has it. */
export function engineEnvironment(name: EngineName, threads: number): Record<string, string> {
  if (name !== 'tensorflow') return {};
  return {
    TF_CPP_MIN_LOG_LEVEL: '3',
    TF_ENABLE_ONEDNN_OPTS: process.env['TF_ENABLE_ONEDNN_OPTS'] ?? '1',
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
  };
}

/** A classifier of an ONNX file on so many threads of onnxruntime. */
export async function onnxModel(file: Uint8Array, threads: number): Promise<TypedClassifier> {
  const runtime = there(requireGuest<OnnxRuntime>(ONNXRUNTIME));
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1 };
  return onnxClassifier(await runtime.InferenceSession.create(file, options), { Tensor: runtime.Tensor });
}

/** Why an engine is not here; undefined where it is. */
export function whyMissing(name: EngineName): string | undefined {
  const guest = { tensorflow: nativeTensorflow, onnxruntime: () => guestFile(ONNXRUNTIME) };
  const looked = name in guest ? guest[name as keyof typeof guest]() : undefined;
  return looked !== undefined && 'reason' in looked ? looked.reason : undefined;
}

function there<T>(guest: Guest<T>): T {
  if ('reason' in guest) throw new Error(guest.reason);
  return guest.found;
}

/** What the worker threads of the benchmarks load. */
import { SmoothedClassifier } from 'catrs';
import { useWasm } from 'catrs/wasm';
import { onnxModel } from './onnxruntime.ts';
import { makeLenet, noise } from './subjects.ts';

/** What a thread is sent. */
export interface CertifierData {
  /** The network as ONNX, for onnxruntime; without it the WASM backend runs it. */
  readonly onnx?: Uint8Array;
  /** Threads of onnxruntime. */
  readonly threads?: number;
}

/** Makes the certifier. */
export async function makeCertifier({ onnx, threads = 1 }: CertifierData): Promise<SmoothedClassifier> {
  await useWasm({ threads: 1 });
  const classifier = onnx === undefined ? makeLenet() : await onnxModel(onnx, threads);
  return new SmoothedClassifier(classifier, { noise, numClasses: 10 });
}

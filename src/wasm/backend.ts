import type { backend_util, DataType, TensorInfo } from '@tensorflow/tfjs';

/** The part of TensorFlow.js's `BackendWasm` that the kernels here use. @internal */
export interface WasmBackend {
  readonly wasm: {
    /** The whole heap as floats. Replaced whenever the heap grows: read it again after every allocation. */
    readonly HEAPF32: Float32Array;
    readonly HEAPU8: Uint8Array;
    _malloc: (bytes: number) => number;
    readonly _free: (address: number) => void;
    /** Exports of the module; with threads, `wasmMemory` is the memory instead. */
    readonly asm?: Readonly<Record<string, unknown>>;
    readonly wasmMemory?: unknown;
    readonly tfjs: { disposeData(id: number): void };
  };
  readonly dataIdMap: {
    get(dataId: object): { readonly id: number; readonly memoryOffset: number };
    delete(dataId: object): boolean;
  };
  makeOutput(shape: number[], dtype: DataType, memoryOffset?: number): TensorInfo;
  write(values: backend_util.TypedArray | Uint8Array[], shape: number[], dtype: DataType): object;
  /** A copy of the data. */
  readSync(dataId: object): backend_util.TypedArray | Uint8Array[];
  typedArrayFromHeap(tensor: TensorInfo): backend_util.TypedArray;
  disposeData(dataId: object): boolean;
  incRef(dataId: object): void;
}

/** The tensor's floats on the heap, not copied; valid until the next allocation. @internal */
export function floatsOf(backend: WasmBackend, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

/** Where the tensor begins on the heap, in bytes. @internal */
export function addressOf(backend: WasmBackend, tensor: TensorInfo): number {
  return backend.dataIdMap.get(tensor.dataId).memoryOffset;
}

/** A new float32 tensor whose memory is not initialised. @internal */
export function allocate(backend: WasmBackend, shape: number[]): TensorInfo {
  return backend.makeOutput(shape, 'float32');
}

/** A new float32 tensor of zeros. @internal */
export function zeros(backend: WasmBackend, shape: number[]): TensorInfo {
  const tensor = allocate(backend, shape);
  floatsOf(backend, tensor).fill(0);
  return tensor;
}

/** Gives back an intermediate result. @internal */
export function release(backend: WasmBackend, tensor: TensorInfo): void {
  backend.disposeData(tensor.dataId);
}

/** The same data under another shape of the same size. It is not a new reference: release only one of the two. @internal */
export function reshaped(tensor: TensorInfo, shape: number[]): TensorInfo {
  return { dataId: tensor.dataId, shape, dtype: tensor.dtype };
}

/**
 * Calls `use` with a part of a tensor, without copying it: `shape` floats from `offset` (in elements).
 *
 * The backend frees the memory of what it disposes, and this memory is not the part's own. So the part is only struck off the
 * backend's two lists.
 *
 * @internal
 */
export function withPart<T>(
  backend: WasmBackend,
  tensor: TensorInfo,
  offset: number,
  shape: number[],
  use: (part: TensorInfo) => T,
): T {
  const start = addressOf(backend, tensor) + Float32Array.BYTES_PER_ELEMENT * offset;
  const part = backend.makeOutput(shape, 'float32', start);
  try {
    return use(part);
  } finally {
    backend.wasm.tfjs.disposeData(backend.dataIdMap.get(part.dataId).id);
    backend.dataIdMap.delete(part.dataId);
  }
}

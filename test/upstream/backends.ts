import { useWasm } from '../../src/wasm/use-wasm.ts';
import type { Environment } from './run-specs.ts';

/** A backend in Node. */
export interface NodeBackend {
  readonly environment: Environment;
  /** Before anything asks what this machine can do. */
  readonly before?: () => void;
  /** Once the tests are loaded. */
  readonly prepare?: () => Promise<void>;
}

const wasm: Environment = { backendName: 'wasm', isDataSync: true };

/** The backends that TensorFlow.js's tests run on in Node. */
export const nodeBackends = {
  cpu: { environment: { backendName: 'cpu', isDataSync: true } },
  'wasm-shipped': { environment: wasm },
  wasm: { environment: wasm, prepare: () => useWasm() },
  /** As in a browser without SIMD: TensorFlow.js loads another binary, and our loops give way to plain ones. */
  'wasm-without-simd': {
    environment: wasm,
    before: () => {
      WebAssembly.validate = () => false;
    },
    prepare: () => useWasm(),
  },
} as const satisfies Readonly<Record<string, NodeBackend>>;

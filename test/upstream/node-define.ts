import '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import './jasmine.ts';
import { type NodeBackend, nodeBackends } from './backends.ts';
import { defineTestsOn } from './run-specs.ts';

/** The backend that the command line names. */
export const backend: NodeBackend = nodeBackends[process.argv[2] as keyof typeof nodeBackends];

backend.before?.();
defineTestsOn(backend.environment);

import '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import './jasmine.ts';
import { defineTestsOn, type Environment } from './run-specs.ts';

/** Small operations would otherwise run on the CPU. Reading synchronously is not possible on every adapter. */
export const environment: Environment = {
  backendName: 'webgpu',
  flags: { WEBGPU_CPU_FORWARD: false },
  isDataSync: false,
};

defineTestsOn(environment);

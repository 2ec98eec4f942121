import { beforeAll } from 'vitest';
import { useWasm } from '../../src/wasm/index.ts';
import { describeBackendFuzz } from './backend-suite.ts';

beforeAll(() => useWasm());

describeBackendFuzz({ backend: 'wasm', seed: 16, networks: 20, special: 12, calls: 30 });

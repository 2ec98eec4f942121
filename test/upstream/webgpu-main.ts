import { environment } from './webgpu-define.ts'; // first: the tests need it while they are loaded
import 'virtual:tfjs-tests';
import { useWebgpu } from '../../src/webgpu/use-webgpu.ts';
import { runSpecs, type SpecReport } from './run-specs.ts';

/** What the page offers to whoever opened it. */
export interface TestPage {
  run(without: readonly string[]): Promise<SpecReport[]>;
}

const page: TestPage = {
  run: async (without) => {
    await useWebgpu();
    return runSpecs(environment, without);
  },
};

Object.assign(globalThis, page);

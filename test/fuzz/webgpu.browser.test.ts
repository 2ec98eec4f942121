import { beforeAll } from 'vitest';
import { useBackend } from '../helpers/backends.ts';
import { describeBackendFuzz } from './backend-suite.ts';

beforeAll(() => useBackend('webgpu'));

const synchronous = 'reads synchronously, which takes the device from all that comes after';
const masks = 'a recurrence with a mask computes something else, and overwrites what it was given';

// No special numbers: WGSL lets an implementation assume that there are none, and this one does.
describeBackendFuzz({
  ...{ backend: 'webgpu', seed: 18, networks: 2, special: 0, calls: 3 },
  tolerance: 3e-4, // sine and cosine of this adapter are off by 1.9e-4
  notRun: {
    ...{ categoryEncoding: synchronous, randomWidth: synchronous, gatherND: synchronous },
    convLstm2d: 'throws for some shapes: "Size(96) must match the product of shape 2,2,3,2"',
  },
  wrong: {
    ...{ masking: masks, embedding: masks },
    avgPool: 'a window that lies wholly in the padding gives 0, on cpu NaN',
    cropAndResize: 'the nearest pixel is another one',
    log1p: 'a number in place of NaN',
    pow: 'NaN in place of infinity',
    argMax: 'shape [1] in place of [] for a vector',
    argMin: 'shape [1] in place of [] for a vector',
  },
});

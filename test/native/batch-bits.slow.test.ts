import { describe, it } from 'vitest';
import { nativeTensorflow } from '../helpers/guests.ts';
import { expectSameBits } from './batch-bits-suite.ts';

const native = nativeTensorflow();
const small = Array.from({ length: 33 }, (_, i) => i + 1);
const sizes = [...small, 63, 64, 65, 100, 127, 128, 255, 256, 257, 512, 777, 1000];

describe.skipIf('reason' in native)(`rows of every batch size${'reason' in native ? `: ${native.reason}` : ''}`, () => {
  it.each([
    ['lenet', true],
    ['resnet', false],
    ['mobilenet', true],
  ])('of %s have the same bits on TensorFlow, with one thread and two', (network, aloneDiffers) => {
    expectSameBits(network, sizes, { aloneDiffers });
  });
});

import { describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/io.ts';
import { stepFailure } from '../../src/cli/train/train-epochs.ts';
import { BackendError } from '../../src/errors.ts';

const details = { call: 'wasm', field: 'batchSize', value: undefined };
const ABORT = 'Aborted(). Build with -sASSERTIONS for more info.';

describe('a step that fails', () => {
  it.each([
    ['at a forward pass', new BackendError(`\`batchSize\` must be small enough, got ${ABORT}`, details)],
    ['at the use of a backend that has failed', new BackendError('`backend` must be restarted', details)],
  ])('because the memory of WASM is full says so, %s', (_, error) => {
    const failure = stepFailure(error, 256) as CliError;
    expect(failure).toBeInstanceOf(CliError);
    expect([failure.exitCode, failure.message]).toEqual([
      1,
      'a step of 256 images must fit into the memory of the backend, 4 GiB for each thread of wasm, got a crash of it' +
        ' (share it between more --workers, or take fewer images by --micro-batches or --batch-size)',
    ]);
  });

  it('for any other reason keeps its error', () => {
    const error = new Error('the disk is full');
    expect(stepFailure(error, 256)).toBe(error);
    expect(stepFailure('a text', 256)).toBe('a text');
  });
});

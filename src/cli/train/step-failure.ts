import { BackendError } from '../../errors.ts';
import { CliError, EXIT } from '../io.ts';

/** What a step of so many images threw; where it is the end of the backend by a full memory, an error that says so. @internal */
export function stepFailure(error: unknown, images: number): unknown {
  if (!(error instanceof BackendError)) return error;
  const text = `a step of ${images} images must fit into the memory of the backend, 4 GiB for each thread of wasm, got a crash of it`;
  const way = 'share it between more --workers, or take fewer images by --micro-batches or --batch-size';
  return new CliError(`${text} (${way})`, EXIT.failed);
}

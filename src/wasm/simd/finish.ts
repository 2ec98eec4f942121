import type { TensorInfo } from '@tensorflow/tfjs';
import { addressOf, allocate, floatsOf, release, type WasmBackend } from '../backend.ts';
import type { Finish } from './instance.ts';
import { upToFour } from './packing.ts';

/** What follows a sum: a bias for each column, and a clamp. @internal */
export interface Ending {
  readonly bias?: TensorInfo | undefined;
  /** The result is at least this, and at most `high`; -Infinity for neither. */
  readonly low: number;
  readonly high: number;
}

/** Neither bias nor clamp. @internal */
export const plain: Ending = { low: -Infinity, high: Infinity };

/** Calls `use` with an ending as the products take it. @internal */
export function withFinish<T>(
  backend: WasmBackend,
  { bias, low, high }: Ending,
  columns: number,
  use: (finish: Finish) => T,
): T {
  if (bias !== undefined) return use({ bias: addressOf(backend, bias), low, high });
  const none = allocate(backend, [upToFour(columns)]);
  floatsOf(backend, none).fill(0);
  const result = use({ bias: addressOf(backend, none), low, high });
  release(backend, none);
  return result;
}

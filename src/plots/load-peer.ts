import { CatrsError } from '../errors.ts';

/** Imports an optional peer, or says how to install it. @internal */
export async function loadPeer<T>(call: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CatrsError(`\`${name}\` must be installed, got ${reason} (npm install vega vega-lite)`, {
      call,
      field: name,
      value: cause,
    });
  }
}

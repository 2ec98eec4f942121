const OFFSET = 2166136261;
const PRIME = 16777619;

/**
 * FNV-1a, 32 bits, of the run lengths of a mask and of whatever else a certificate says that follows from nothing else in it.
 * @internal
 */
export function certificateChecksum(runs: readonly number[], said: readonly unknown[]): number {
  let hash = OFFSET;
  const add = (text: string): void => {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  };
  add(JSON.stringify(said));
  for (const number of runs) add(`${number},`);
  return hash >>> 0;
}

import type { MarginLevels } from './class-tree.ts';
import type { Mask } from './masks.ts';

const OFFSET = 2166136261;
const PRIME = 16777619;

/** FNV-1a, 32 bits, of labels, their shape and their levels, as JSON writes them. @internal */
export function labelChecksum({ shape, runs }: Mask, levels: MarginLevels | undefined): number {
  const { tree, thresholds, margin } = levels ?? {};
  let hash = OFFSET;
  const add = (text: string): void => {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  };
  add(JSON.stringify([shape, tree, thresholds, margin]));
  for (const number of runs) add(`${number},`);
  return hash >>> 0;
}

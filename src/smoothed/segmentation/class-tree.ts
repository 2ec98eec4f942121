import { OptionError, refusal } from '../../errors.ts';
import * as fields from '../../options/fields.ts';

/**
 * A tree of classes: on level 0 each class is alone, on level h = 1, 2, ... classes are put together in groups, each a union of groups of the level below.
 *
 * A plain JSON value: `levels[h - 1][c]` is the group of class c on level h; the groups of a level are numbered 0, 1, ... in any order.
 *
 * @example
 * ```ts
 * // 0 cat, 1 dog, 2 car, 3 bus: animals and vehicles, and on top of them everything
 * const tree: ClassTree = [[0, 0, 1, 1], [0, 0, 0, 0]];
 * ```
 */
export type ClassTree = readonly (readonly number[])[];

/** How coarse the class of a component is to be, read off the selection sample: a plain JSON value, made by {@link byMargin}. */
export interface MarginLevels {
  /** The tree of classes. */
  readonly tree: ClassTree;
  /** t_1 < ... < t_H: the level is the number of thresholds that are at least the margin. */
  readonly thresholds: readonly number[];
  /** Of what the margin is taken: the two largest mean softmax values of the selection sample, or the two largest shares of its votes. */
  readonly margin: 'softmax' | 'votes';
}

/** A tree with what follows from it. @internal */
export interface TreeVertices {
  /** Number of classes. */
  readonly numClasses: number;
  /** Place of each class in an order in which every vertex is an interval. */
  readonly order: Int32Array;
  /** First and last place of each vertex: the classes are vertices 0 .. C − 1, the groups of level 1 the next, and so on. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Vertex of each class on each level; level 0 is the classes. */
  readonly ancestors: readonly Int32Array[];
}

/** @internal */
export const levelsField: fields.Field<MarginLevels> = fields.object<MarginLevels>(
  'must be levels of classes (byMargin(tree, thresholds) makes them)',
);

const CALL = 'byMargin';

/**
 * Coarser classes for components whose class the selection sample leaves in doubt: level h is the number of thresholds that are at least the margin, the difference of
 * the two largest mean softmax values over the n0 draws.
 *
 * Any choice that is made of the selection sample alone is valid, so the thresholds may be whatever serves. A component then votes for the group of its class
 * on its level, and a certificate speaks of the group. A group of all classes is true by itself: it is not tested and not certified.
 *
 * @param tree - one list for each level above the classes
 * @param thresholds - as many as the tree has levels, ascending, at least 0
 * @param margin - `'softmax'` for models that return logits; `'votes'` takes the shares of the votes, of any model
 * @throws OptionError for levels that are no tree, and other thresholds
 * @see Anani, Lorenz, Schiele, Fritz, "Adaptive Hierarchical Certification for Segmentation using Randomized Smoothing", ICML 2024
 */
export function byMargin(
  tree: ClassTree,
  thresholds: readonly number[],
  margin: MarginLevels['margin'] = 'softmax',
): MarginLevels {
  const levels = { tree, thresholds, margin };
  assertLevels(CALL, levels, tree[0]?.length ?? 0);
  return { tree: tree.map((level) => [...level]), thresholds: [...thresholds], margin };
}

/** Throws OptionError unless the levels fit so many classes. @internal */
export function assertLevels(call: string, levels: MarginLevels, numClasses: number): void {
  const { tree, thresholds, margin, ...more } = levels;
  if (Object.keys(more).length > 0) {
    throw refusal(OptionError, { call, field: 'levels', value: levels }, 'must hold tree, thresholds and margin only');
  }
  if (!Array.isArray(tree) || tree.length === 0 || !tree.every((level) => isLevel(level, numClasses))) {
    const must = `must have one or more levels, each with the group of each of ${numClasses} classes, numbered 0, 1, ... without gaps`;
    throw refusal(OptionError, { call, field: 'tree', value: tree }, must);
  }
  tree.slice(1).forEach((level: readonly number[], i) => {
    const groups = new Map<number, number>();
    (tree[i] as readonly number[]).forEach((below, c) => {
      const above = level[c] as number;
      if (groups.has(below) && groups.get(below) !== above) {
        const way = `two classes of group ${below} of level ${i + 1} are in several groups of level ${i + 2}`;
        throw refusal(
          OptionError,
          { call, field: 'tree', value: tree, way },
          'must have groups that are unions of those below',
        );
      }
      groups.set(below, above);
    });
  });
  const isThresholds =
    Array.isArray(thresholds) &&
    thresholds.length === tree.length &&
    thresholds.every((t) => fields.isFiniteNumber(t) && t >= 0) &&
    fields.isAscending(thresholds);
  if (!isThresholds) {
    const must = `must be ${tree.length} ascending numbers of at least 0, one for each level above the classes`;
    throw refusal(OptionError, { call, field: 'thresholds', value: thresholds }, must);
  }
  if (margin === 'softmax' || margin === 'votes') return;
  throw refusal(OptionError, { call, field: 'margin', value: margin }, "must be 'softmax' or 'votes'");
}

function isLevel(level: unknown, numClasses: number): boolean {
  if (!Array.isArray(level) || level.length !== numClasses) return false;
  const groups = new Set(level);
  return level.every((group) => fields.isInteger(group, 0, groups.size - 1));
}

/** The vertices of a tree that is known to be one; without a tree those of the classes. @internal */
export function verticesOf(numClasses: number, tree: ClassTree = []): TreeVertices {
  const classes = Array.from({ length: numClasses }, (_, c) => c);
  // Sorted by the highest level first: what belongs together is together.
  const sorted = classes.toSorted((a, b) => {
    const level = tree.findLast((groups) => groups[a] !== groups[b]);
    return level === undefined ? a - b : (level[a] as number) - (level[b] as number);
  });
  const order = new Int32Array(numClasses);
  sorted.forEach((c, place) => (order[c] = place));
  let first = 0;
  const ancestors = [classes, ...tree].map((groups) => {
    const vertices = Int32Array.from(groups, (group) => first + group);
    first += new Set(groups).size;
    return vertices;
  });
  const [low, high] = [new Int32Array(first).fill(numClasses), new Int32Array(first).fill(-1)];
  for (const vertices of ancestors) {
    vertices.forEach((vertex, c) => {
      low[vertex] = Math.min(low[vertex] as number, order[c] as number);
      high[vertex] = Math.max(high[vertex] as number, order[c] as number);
    });
  }
  // A group of the same classes as the one below is that one.
  ancestors.slice(1).forEach((vertices, below) => {
    vertices.forEach((vertex, c) => {
      const same = ancestors[below]?.[c] ?? vertex;
      if (low[vertex] === low[same] && high[vertex] === high[same]) vertices[c] = same;
    });
  });
  return { numClasses, order, low, high, ancestors };
}

/** Number of classes of a vertex. @internal */
export function leavesIn({ low, high }: Pick<TreeVertices, 'low' | 'high'>, vertex: number): number {
  return (high[vertex] as number) - (low[vertex] as number) + 1;
}

/**
 * The classes that a label of a certificate stands for: the label itself, or the classes of a group where `levels` made it coarser.
 *
 * @param label - at least 0
 * @throws OptionError for a label that is no class and no group
 * @example
 * ```ts
 * classesOf(4, { numClasses: 4, levels: byMargin([[0, 0, 1, 1]], [0.2]) }); // [0, 1]: the first group of level 1
 * ```
 */
export function classesOf(
  label: number,
  { numClasses, levels }: { readonly numClasses: number; readonly levels?: MarginLevels | undefined },
): number[] {
  const vertices = verticesOf(numClasses, levels?.tree);
  const last = vertices.low.length - 1;
  if (!fields.isInteger(label, 0, last)) {
    throw refusal(
      OptionError,
      { call: 'classesOf', field: 'label', value: label },
      `must be an integer from 0 to ${last}`,
    );
  }
  const [low, high] = [vertices.low[label] as number, vertices.high[label] as number];
  return [...vertices.order.keys()].filter((c) => vertices.order[c]! >= low && vertices.order[c]! <= high);
}

/**
 * What a certified group says of the class, from 1 (the class itself) to 0 (all classes): (ln C − ln |group|) / ln C.
 *
 * @param numClasses - C, at least 2
 * @param size - number of classes of the group, from 1 to C
 * @throws OptionError for other numbers
 * @example
 * ```ts
 * informationGain(4, 2); // 0.5
 * ```
 */
export function informationGain(numClasses: number, size: number): number {
  const call = 'informationGain';
  if (!fields.isInteger(numClasses, 2, 2 ** 31)) {
    throw refusal(OptionError, { call, field: 'numClasses', value: numClasses }, 'must be an integer of at least 2');
  }
  if (!fields.isInteger(size, 1, numClasses)) {
    throw refusal(OptionError, { call, field: 'size', value: size }, `must be an integer from 1 to ${numClasses}`);
  }
  return (Math.log(numClasses) - Math.log(size)) / Math.log(numClasses);
}

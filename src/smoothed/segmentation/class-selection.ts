import { leavesIn, type MarginLevels, type TreeVertices, verticesOf } from './class-tree.ts';
import type { ChosenClasses, MaskPiece } from './mask-pieces.ts';

/** What the selection sample leaves for the estimation sample to test. @internal */
export interface SelectedClasses {
  /** The class of each component, or the group of classes where levels make it coarser; −1 where nothing is tested. */
  readonly labels: Int32Array;
  readonly chosen: ChosenClasses;
  /** Number of components that are tested. */
  readonly tested: number;
  /** Votes of all components, for each class. */
  readonly votes: readonly number[];
  /** Copies that could not be drawn. */
  readonly failed: number;
  /** Shape of the mask. */
  readonly shape: readonly number[];
}

/** What a selection depends on beside its sample. */
interface SelectionSettings {
  readonly numClasses: number;
  readonly n0: number;
  readonly levels?: MarginLevels | undefined;
  /** Most bytes for votes of each component and class. */
  readonly mostBytes?: number | undefined;
}

/** Votes of each component and class are counted up to this size; beyond it each component keeps one candidate. */
const MOST_BYTES = 2 ** 28;

/**
 * Chooses the class of each component by the selection sample: the most voted one, the lowest index among equals.
 *
 * Where votes of each component and class would take more than 256 MiB, it is the candidate of Boyer and Moore: the class of a majority, if there is one, and
 * without a majority no threshold above 1/2 holds of any class. Every rule of the selection sample is valid.
 * @internal
 */
export class ClassSelection {
  readonly #settings: SelectionSettings;
  readonly #votes: number[];
  #shape: readonly number[] = [];
  #drawn = 0;
  #failed = 0;
  #counts: Uint8Array | Uint16Array | Uint32Array | undefined;
  #majority: { readonly candidate: Int32Array; readonly lead: Int32Array } | undefined;
  #softmax: Float32Array | undefined;

  constructor(settings: SelectionSettings) {
    this.#settings = settings;
    this.#votes = new Array<number>(settings.numClasses).fill(0);
  }

  /** Number of components; 0 before the first copies. */
  get components(): number {
    return this.#shape.length === 0 ? 0 : this.#shape.reduce((product, length) => product * length, 1);
  }

  /** Takes what was read of some copies. */
  add({ drawn, failed, shape, labels = new Int32Array(), softmax }: MaskPiece): void {
    this.#shape = shape;
    this.#drawn += drawn - failed;
    this.#failed += failed;
    const { components } = this;
    for (const label of labels) this.#votes[label]!++;
    this.#countOrFollow(components, labels);
    if (!softmax) return;
    if (this.#softmax === undefined) this.#softmax = softmax.slice();
    else for (let i = 0; i < softmax.length; i++) this.#softmax[i]! += softmax[i] as number;
  }

  /** What is to be tested: all but the components that are left out, and those whose group is all classes. */
  choose(ignored: Uint8Array | undefined): SelectedClasses {
    const { numClasses, levels } = this.#settings;
    const { components } = this;
    const vertices = verticesOf(numClasses, levels?.tree);
    const labels = new Int32Array(components);
    for (let i = 0; i < components; i++) labels[i] = ignored?.[i] === 1 ? -1 : this.#labelOf(i, vertices);
    let tested = 0;
    for (const label of labels) if (label >= 0) tested++;
    return { labels, chosen: chosenOf(labels, vertices, levels), tested, ...this.#facts() };
  }

  #facts(): Pick<SelectedClasses, 'votes' | 'failed' | 'shape'> {
    return { votes: this.#votes, failed: this.#failed, shape: this.#shape };
  }

  #countOrFollow(components: number, labels: Int32Array): void {
    const { numClasses, n0, levels, mostBytes = MOST_BYTES } = this.#settings;
    const bytes = n0 < 2 ** 8 ? 1 : n0 < 2 ** 16 ? 2 : 4;
    if (levels === undefined && components * numClasses * bytes > mostBytes) {
      this.#majority ??= { candidate: new Int32Array(components), lead: new Int32Array(components) };
      return follow(this.#majority, labels);
    }
    const Counts = bytes === 1 ? Uint8Array : bytes === 2 ? Uint16Array : Uint32Array;
    this.#counts ??= new Counts(components * numClasses);
    const counts = this.#counts;
    for (let begin = 0; begin < labels.length; begin += components) {
      for (let i = 0; i < components; i++) counts[i * numClasses + (labels[begin + i] as number)]!++;
    }
  }

  #labelOf(i: number, vertices: TreeVertices): number {
    if (this.#majority) return this.#majority.candidate[i] as number;
    const { numClasses, levels } = this.#settings;
    const counts = this.#counts;
    if (counts === undefined) return 0; // no copy could be drawn
    const begin = i * numClasses;
    if (levels === undefined) return topOf(counts, begin, numClasses);
    const level = levels.thresholds.filter((threshold) => threshold >= this.#marginOf(i, levels)).length;
    const groups = vertices.ancestors[level] as Int32Array;
    const votes = new Map<number, number>();
    groups.forEach((group, c) => votes.set(group, (votes.get(group) ?? 0) + (counts[begin + c] as number)));
    const [best] = [...votes].reduce((most, one) =>
      one[1] > most[1] || (one[1] === most[1] && one[0] < most[0]) ? one : most,
    );
    return leavesIn(vertices, best) === numClasses ? -1 : best;
  }

  /** Difference of the two largest mean softmax values, or shares of votes. */
  #marginOf(i: number, { margin }: MarginLevels): number {
    const { numClasses } = this.#settings;
    const values = margin === 'softmax' ? this.#softmax : this.#counts;
    let [first, second] = [0, 0];
    for (let c = 0; c < numClasses; c++) {
      const value = values?.[i * numClasses + c] ?? 0;
      if (value > first) [first, second] = [value, first];
      else if (value > second) second = value;
    }
    return (first - second) / Math.max(1, this.#drawn);
  }
}

/** The algorithm of Boyer and Moore, one step for each copy. */
function follow(
  { candidate, lead }: { readonly candidate: Int32Array; readonly lead: Int32Array },
  labels: Int32Array,
): void {
  for (let begin = 0; begin < labels.length; begin += candidate.length) {
    for (let i = 0; i < candidate.length; i++) {
      const label = labels[begin + i] as number;
      if (lead[i] === 0) [candidate[i], lead[i]] = [label, 1];
      else lead[i]! += label === candidate[i] ? 1 : -1;
    }
  }
}

function topOf(counts: ArrayLike<number>, begin: number, length: number): number {
  let best = 0;
  for (let c = 1; c < length; c++) if ((counts[begin + c] as number) > (counts[begin + best] as number)) best = c;
  return best;
}

/** What counts as a hit; nothing does where nothing is tested. */
function chosenOf(labels: Int32Array, vertices: TreeVertices, levels: MarginLevels | undefined): ChosenClasses {
  if (levels === undefined) return { low: labels };
  const low = labels.map((label) => (label < 0 ? vertices.numClasses : (vertices.low[label] as number)));
  const high = labels.map((label) => (label < 0 ? -1 : (vertices.high[label] as number)));
  return { low, ranges: { high, order: vertices.order } };
}

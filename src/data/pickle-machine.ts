import type { DataError } from '../errors.ts';
import { showText, wrongBytes } from './file-bytes.ts';

/** Where pickles stand, and what the names in them mean. @internal */
export interface PickleSource {
  /** The public call that reads it, for errors. */
  readonly call: string;
  readonly bytes: Uint8Array;
  /** What `bytes` are called in errors. */
  readonly label: string;
  /** What stands for a global of Python, or undefined if it is refused. It is a value of ours: nothing of the file is ever called. */
  readonly global: (name: string) => PickleGlobal | undefined;
  /** The error text of a global that is refused: what must hold and the way out. */
  readonly unknownGlobal: (name: string) => { readonly must: string; readonly way: string };
  /** What a persistent id refers to. */
  readonly persistent: (id: unknown, refuse: Refuse) => unknown;
}

/** Makes the error of what an instruction asks; `must` says what must hold. @internal */
export type Refuse = (must: string, got: string, way?: string) => DataError;

/** What stands for a global of Python in a pickle. @internal */
export interface PickleGlobal {
  readonly name: string;
  /** What calling it makes. */
  readonly make?: (args: readonly unknown[], machine: PickleMachine) => unknown;
}

/** Most instructions of one pickle, and entries that they copy: each may take some hundred bytes. */
const MAX_STEPS = 2 ** 20;

/** The stack machine that a pickle is a program for, without the instructions that make objects of classes. @internal */
export class PickleMachine {
  readonly #source: PickleSource;
  readonly #view: DataView;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #globals = new Set<unknown>();
  #steps = 0;
  #encoded = 0;
  #opcode = '';
  #opcodeAt: number;
  /** The next byte. */
  at: number;

  /** Stands before the first byte of a pickle. */
  constructor(source: PickleSource, begin: number) {
    const { buffer, byteOffset, byteLength } = source.bytes;
    this.#source = source;
    this.#view = new DataView(buffer, byteOffset, byteLength);
    this.at = begin;
    this.#opcodeAt = begin;
  }

  /** Begins an instruction, which errors name. */
  enter(opcode: string, at: number): void {
    this.#opcode = opcode;
    this.#opcodeAt = at;
  }

  /** An error of the instruction that is being run. */
  readonly refuse: Refuse = (must, got, way) => {
    const where = `opcode ${this.#opcode} at ${this.#opcodeAt} of ${this.#source.label}`;
    return wrongBytes(this.#source.call, `${must}, got ${got} in ${where}${way === undefined ? '' : ` (${way})`}`, got);
  };

  /** Counts what is made. */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps <= MAX_STEPS) return;
    throw this.refuse(`must have at most ${MAX_STEPS} instructions`, 'more', SAVE_WEIGHTS);
  }

  /** The next bytes; not a copy. */
  take(length: number): Uint8Array {
    const begin = this.at;
    const left = this.#source.bytes.length - begin;
    if (length > left) throw this.refuse(`must hold the ${length} bytes of an instruction`, `${left} (truncated)`);
    this.at = begin + length;
    return this.#source.bytes.subarray(begin, this.at);
  }

  /** A little-endian length or index; above 2^53 it is rounded, and longer than any file. */
  unsigned(width: 1 | 2 | 4 | 8): number {
    const at = this.at;
    this.take(width);
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    const low = this.#view.getUint32(at, true);
    return width === 4 ? low : low + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  /** A double, which pickles hold in big-endian order. */
  float64(): number {
    const at = this.at;
    this.take(8);
    return this.#view.getFloat64(at);
  }

  /** A text in UTF-8. Surrogates that stand alone, as Python may write them, are refused. */
  text(length: number): string {
    const bytes = this.take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.refuse('must have texts in UTF-8', 'other bytes');
    }
  }

  /** A text up to the end of the line. */
  line(): string {
    const end = this.#source.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.refuse('must end a name with a line', 'no end of it (truncated)');
    const text = this.text(end - this.at);
    this.at = end + 1;
    return text;
  }

  /** Puts a value on the stack. */
  push(value: unknown): void {
    this.#stack.push(value);
  }

  /** Takes values from the stack, in their order. */
  popMany(count: number): unknown[] {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length - count < floor) throw this.refuse('must leave enough on the stack', 'too little');
    return this.#stack.splice(this.#stack.length - count);
  }

  /** Takes one value, or the mark that is on top. */
  dropOne(): void {
    if (this.#marks.length > 0 && this.#stack.length === this.#marks.at(-1)) this.#marks.pop();
    else this.popMany(1);
  }

  /** Marks the place on the stack. */
  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Takes all values down to the last mark. */
  popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.refuse('must have a mark on the stack', 'none');
    return this.#stack.splice(mark);
  }

  #top(): unknown {
    const [value] = this.popMany(1);
    this.push(value);
    return value;
  }

  /** How many values are kept. */
  get memoSize(): number {
    return this.#memo.size;
  }

  /** Keeps the value on top under a number. */
  remember(index: number): void {
    this.#memo.set(index, this.#top());
  }

  /** Puts a kept value on the stack. */
  recall(index: number): void {
    if (!this.#memo.has(index)) throw this.refuse('must refer to a value that was kept', `number ${index}`);
    this.push(this.#memo.get(index));
  }

  /** Adds to the list on top. */
  append(items: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list) || Object.isFrozen(list)) throw this.refuse('must add to a list', describe(list));
    for (const item of items) list.push(item);
  }

  /** Adds to the set on top. */
  addItems(items: readonly unknown[]): void {
    const set = this.#top();
    if (!(set instanceof Set)) throw this.refuse('must add to a set', describe(set));
    for (const item of items) set.add(this.#plain(item));
  }

  /** A set of these values. */
  newSet(items: readonly unknown[]): Set<unknown> {
    this.spend(items.length);
    return new Set(items.map((item) => this.#plain(item)));
  }

  /** Adds keys and values, by turns, to the dictionary on top. */
  setItems(items: readonly unknown[]): void {
    const map = this.#top();
    if (!(map instanceof Map)) throw this.refuse('must add to a dictionary', describe(map));
    if (items.length % 2 !== 0) throw this.refuse('must have a value for each key', 'none for the last');
    for (let i = 0; i < items.length; i += 2) this.setItem(map, items[i], items[i + 1]);
  }

  /** Adds one key to a dictionary; none stands there twice. */
  setItem(map: Map<unknown, unknown>, key: unknown, value: unknown): void {
    if (map.has(this.#plain(key))) throw this.refuse('must have no key twice', describe(key));
    map.set(key, value);
  }

  /** Keys and members of sets are told by their value, which lists and the like have not. */
  #plain(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    throw this.refuse('must have texts, numbers, truth values or None as keys and members of sets', describe(value));
  }

  /** Attributes of a dictionary, such as the `_metadata` of a state dict: left out. Nothing else may get any. */
  build(): void {
    const [object, state] = this.popMany(2);
    if (!(object instanceof Map) || !(state instanceof Map)) {
      throw this.refuse('must give attributes to dictionaries only', describe(object), SAVE_WEIGHTS);
    }
    this.push(object);
  }

  /** Bytes of a text of characters below 256: how protocol 2 writes bytes. */
  encodeLatin1(text: string): Uint8Array {
    // Each text stands in the file, which is as long; the same one again and again would fill the memory.
    this.#encoded += text.length;
    if (this.#encoded > this.#source.bytes.length) {
      throw this.refuse('must hold its bytes', 'more of them than the file has', SAVE_WEIGHTS);
    }
    const bytes = Uint8Array.from(text, (character) => character.codePointAt(0)!);
    if (!/[^\0-\xff]/u.test(text)) return bytes;
    throw this.refuse('must have characters below 256 as bytes', showText(text));
  }

  /** Puts what stands for a global on the stack. */
  global(module: string, name: string): void {
    const full = `${module}.${name}`;
    const found = this.#source.global(full);
    if (found === undefined) {
      const { must, way } = this.#source.unknownGlobal(full);
      throw this.refuse(must, showText(full), way);
    }
    this.#globals.add(found);
    this.push(found);
  }

  /** The same of two texts on the stack. */
  stackGlobal(): void {
    const [module, name] = this.popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string') {
      throw this.refuse('must name a global by two texts', `${describe(module)} and ${describe(name)}`);
    }
    this.global(module, name);
  }

  /** Calls what stands for a global. */
  reduce(): void {
    const [callee, args] = this.popMany(2);
    const make = this.#globals.has(callee) ? (callee as PickleGlobal).make : undefined;
    if (make === undefined) throw this.refuse('must call a known global', describe(callee));
    if (!Array.isArray(args) || !Object.isFrozen(args)) {
      throw this.refuse('must call a global with a tuple', describe(args));
    }
    this.push(make(args, this));
  }

  /** Puts on the stack what a persistent id refers to. */
  persistent(): void {
    const [id] = this.popMany(1);
    this.push(this.#source.persistent(id, this.refuse));
  }

  /** A frame groups instructions for faster reading; they must be there. */
  frame(length: number): void {
    const left = this.#source.bytes.length - this.at;
    if (length > left) throw this.refuse(`must hold the ${length} bytes of a frame`, `${left} (truncated)`);
  }

  /** The value that is left at the end. */
  result(): unknown {
    const [value] = this.popMany(1);
    if (this.#stack.length > 0 || this.#marks.length > 0) throw this.refuse('must leave one value', 'more');
    return value;
  }
}

/** The way out where a file holds more than weights. @internal */
export const SAVE_WEIGHTS = 'save the weights alone: torch.save(model.state_dict(), file)';

/** A value of a pickle for an error; short, whatever it holds. @internal */
export function describe(value: unknown): string {
  if (typeof value === 'string') return showText(value);
  if (value === null) return 'None';
  if (typeof value === 'bigint') return 'a long integer';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return Object.isFrozen(value) ? 'a tuple' : 'a list';
  if (value instanceof Map) return 'a dictionary';
  if (value instanceof Set) return 'a set';
  return value instanceof Uint8Array ? 'bytes' : 'an object of PyTorch';
}

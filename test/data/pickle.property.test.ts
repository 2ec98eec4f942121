import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DataError } from '../../src/errors.ts';
import { decodeTorchCheckpoint } from '../../src/data/torch-checkpoint.ts';
import { documentedForm } from '../helpers/errors.ts';
import { called, dict, type Item, MAGIC, named, pickled, program, tensor, torchArchive } from './torch-encoder.ts';

const memory = new Uint8Array(16);
const whole = tensor({ length: 4, shape: [2, 2], strides: [2, 1] });

/** Names that an honest checkpoint has, and names that a hostile one would like to call. */
const names = [
  ...['collections.OrderedDict', 'torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_parameter'],
  ...['torch.FloatStorage', 'builtins.set', '_codecs.encode', 'torch._utils._rebuild_tensor_v3', 'torch.uint16'],
  ...['os.system', 'builtins.eval', 'builtins.getattr', 'constructor.constructor', '__proto__.x'],
].map((name) => named(name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1)));

const values: readonly Item[] = [
  ...[1, -7, 0.5, 2 ** 40, null, true, 'a', '__proto__', 'constructor', 'latin1', [], ['x', 1], { tuple: [] }, { tuple: [1] }],
  ...[dict({ __proto__x: 1 }), dict({ a: whole }), whole, called(named('collections', 'OrderedDict')), ...names],
]; // prettier-ignore

/** Any instruction, known or not, with an operand that fits it or any byte. */
const instruction = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...values).map(pickled) },
  { weight: 3, arbitrary: fc.constantFrom(...'(01)RQbstuae]}.N\x85\x86\x87\x8f\x90\x91\x93\x94').map((c) => [c.charCodeAt(0)]) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(0x71, 0x68), fc.nat(3)) },
  { weight: 1, arbitrary: fc.nat(255).map((byte) => [byte]) },
); // prettier-ignore

const programs = fc.array(instruction, { maxLength: 30 }).map((parts) => [0x80, 2, ...parts.flat(), 0x2e]);

/** Fails unless a value is plain data of the kinds that the types name. */
function expectPlain(value: unknown): void {
  if (typeof value !== 'object') {
    expect(['string', 'number', 'bigint', 'boolean']).toContain(typeof value);
    return;
  }
  if (value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) expectPlain(item);
    return;
  }
  if (value instanceof Map) {
    for (const [key, item] of value) {
      expectPlain(key);
      expectPlain(item);
    }
    return;
  }
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(Object.keys(value)).toEqual(['dtype', 'shape', 'data']);
}

interface Seen {
  decoded: number;
  readonly refused: Set<string>;
}

function run(file: Uint8Array, seen: Seen): void {
  let found: ReturnType<typeof decodeTorchCheckpoint>;
  try {
    found = decodeTorchCheckpoint(file);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    expect(error.message).toMatch(documentedForm);
    seen.refused.add(error.message.replace(/, got .*/s, ''));
    return;
  }
  seen.decoded++;
  expectPlain(found.content);
}

it('instructions in any order give plain data or a DataError, and touch nothing', () => {
  const seen: Seen = { decoded: 0, refused: new Set() };
  const before = [Object.getOwnPropertyNames(globalThis), Object.getOwnPropertyNames(Object.prototype)];
  const files = fc.oneof(
    programs.map((code) => torchArchive(code, { '0': memory })),
    programs.map(stream),
  );
  fc.assert(fc.property(files, (file) => run(file, seen)), { numRuns: 3000, seed: 18 }); // prettier-ignore
  expect([Object.getOwnPropertyNames(globalThis), Object.getOwnPropertyNames(Object.prototype)]).toEqual(before);
  expect(seen.decoded).toBeGreaterThan(50);
  expect(seen.refused.size).toBeGreaterThan(20);
});

const stream = (code: readonly number[]): Uint8Array =>
  Uint8Array.from([...MAGIC, ...program(1001), ...program(1), ...code, ...program([])]);

it('every byte as an instruction, on a stack with something of each kind, does the same', () => {
  const seen: Seen = { decoded: 0, refused: new Set() };
  for (let code = 0; code < 256; code++) {
    for (const last of values) {
      const before = [0x7d, 0x28, ...pickled('k'), ...pickled(last)];
      for (const operand of [[], [1, 0, 0, 0, 0, 0, 0, 0]]) {
        run(stream([0x80, 2, ...before, code, ...operand, 0x75, 0x2e]), seen);
      }
    }
  }
  expect(seen.decoded).toBeGreaterThan(40);
  expect(seen.refused.size).toBeGreaterThan(15);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble, constant, set, type WasmFunction } from '../../src/wasm/simd/assembler.ts';

const I32_STORE = [0x36, 2, 0];

/** Runs a function of the module that stores a number at address 0, and reads it back. */
function stored(value: number): number {
  const body = [...constant(0), ...constant(value), ...I32_STORE];
  const write: WasmFunction = { name: 'write', parameters: 0, integers: 0, vectors: 0, body };
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(assemble([write], { shared: false }));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports['write'] as () => void)();
  return new Int32Array(memory.buffer)[0]!;
}

describe('the assembler', () => {
  it.each([0, 1, -1, 63, 64, 65, -63, -64, -65, 127, 128, 8191, 8192, -8192, -8193, 2 ** 31 - 1, -(2 ** 31)])(
    'writes the constant %i as it is',
    (value) => expect(stored(value)).toBe(value),
  );

  it('writes every constant as it is', () =>
    fc.assert(
      fc.property(fc.integer(), (value) => stored(value) === value),
      { seed: 3, numRuns: 100 },
    ));

  it('takes more locals, and longer bodies, than one byte can count', () => {
    const write: WasmFunction = {
      name: 'a name that is long'.repeat(10),
      parameters: 0,
      integers: 300,
      vectors: 0,
      body: [...set(299, constant(7)), ...constant(0), 0x20, 0xab, 0x02, ...I32_STORE], // reads local 299
    };
    const memory = new WebAssembly.Memory({ initial: 1 });
    const module = new WebAssembly.Module(assemble([write], { shared: false }));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    (exports[write.name] as () => void)();
    expect(new Int32Array(memory.buffer)[0]).toBe(7);
  });
});

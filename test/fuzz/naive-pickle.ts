/** A name of Python, a call of one or a reference: what a simple reader leaves as it is. */
export interface Named {
  readonly name: string;
  readonly args?: readonly unknown[];
}

/** Reads a pickle as the slow, obvious machine: it believes everything, and names stay names. */
export function naivePickle(file: Buffer, begin: number): { readonly value: unknown; readonly end: number } {
  let at = begin;
  const stack: unknown[] = [];
  const marks: number[] = [];
  const memo = new Map<number, unknown>();
  const unsigned = (width: number): number => {
    at += width;
    return width === 8 ? Number(file.readBigUInt64LE(at - 8)) : file.readUIntLE(at - width, width);
  };
  const take = (length: number): Buffer => file.subarray(at, (at += length));
  const text = (length: number): string => take(length).toString('utf8');
  const line = (): string => text(file.indexOf(10, at) - at);
  const skip = (): void => void at++;
  const items = (): unknown[] => stack.splice(marks.pop()!);
  const long = (length: number): unknown => {
    const value = [...take(length)].reduce((sum, byte, i) => sum + (BigInt(byte) << BigInt(8 * i)), 0n);
    const signed = BigInt.asIntN(8 * length, value);
    return BigInt(Number(signed)) === signed && Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  };
  const addPairs = (pairs: unknown[]): void => {
    for (let i = 0; i < pairs.length; i += 2) (stack.at(-1) as Map<unknown, unknown>).set(pairs[i], pairs[i + 1]);
  };
  const run: Readonly<Record<number, () => unknown>> = {
    0x28: () => marks.push(stack.length),
    0x29: () => stack.push([]),
    0x30: () => (stack.length === marks.at(-1) ? marks.pop() : stack.pop()),
    0x31: items,
    0x42: () => stack.push(new Uint8Array(take(unsigned(4)))),
    0x43: () => stack.push(new Uint8Array(take(unsigned(1)))),
    0x47: () => stack.push(take(8).readDoubleBE()),
    0x4a: () => stack.push(take(4).readInt32LE()),
    0x4b: () => stack.push(unsigned(1)),
    0x4d: () => stack.push(unsigned(2)),
    0x4e: () => stack.push(null),
    0x51: () => stack.push({ name: 'reference', args: stack.pop() }),
    0x52: () => {
      const args = stack.pop() as unknown[];
      stack.push(called(stack.pop() as Named, args));
    },
    0x54: () => stack.push(text(unsigned(4))),
    0x55: () => stack.push(text(unsigned(1))),
    0x58: () => stack.push(text(unsigned(4))),
    0x5d: () => stack.push([]),
    0x61: () => {
      const item = stack.pop();
      (stack.at(-1) as unknown[]).push(item);
    },
    0x62: () => stack.pop(),
    0x63: () => {
      const module = line();
      skip();
      stack.push({ name: `${module}.${line()}` });
      skip();
    },
    0x65: () => {
      const all = items();
      (stack.at(-1) as unknown[]).push(...all);
    },
    0x68: () => stack.push(memo.get(unsigned(1))),
    0x6a: () => stack.push(memo.get(unsigned(4))),
    0x71: () => memo.set(unsigned(1), stack.at(-1)),
    0x72: () => memo.set(unsigned(4), stack.at(-1)),
    0x73: () => addPairs(stack.splice(-2)),
    0x74: () => stack.push(items()),
    0x75: () => addPairs(items()),
    0x7d: () => stack.push(new Map()),
    0x80: () => skip(),
    0x85: () => stack.push(stack.splice(-1)),
    0x86: () => stack.push(stack.splice(-2)),
    0x87: () => stack.push(stack.splice(-3)),
    0x88: () => stack.push(true),
    0x89: () => stack.push(false),
    0x8a: () => stack.push(long(unsigned(1))),
    0x8b: () => stack.push(long(unsigned(4))),
    0x8c: () => stack.push(text(unsigned(1))),
    0x8d: () => stack.push(text(unsigned(8))),
    0x8e: () => stack.push(new Uint8Array(take(unsigned(8)))),
    0x8f: () => stack.push(new Set()),
    0x90: () => {
      const all = items();
      for (const item of all) (stack.at(-1) as Set<unknown>).add(item);
    },
    0x91: () => stack.push(new Set(items())),
    0x93: () => {
      const [module, name] = stack.splice(-2) as [string, string];
      stack.push({ name: `${module}.${name}` });
    },
    0x94: () => memo.set(memo.size, stack.at(-1)),
    0x95: () => unsigned(8),
  };
  for (;;) {
    const code = unsigned(1);
    if (code === 0x2e) return { value: stack.pop(), end: at };
    run[code]!();
  }
}

function called({ name }: Named, args: unknown[]): unknown {
  const [first] = args;
  if (name === 'collections.OrderedDict') return new Map(first as [unknown, unknown][] | undefined);
  if (name.endsWith('.set') || name.endsWith('.frozenset')) return new Set(first as unknown[]);
  if (name === '_codecs.encode') return new Uint8Array(Buffer.from(first as string, 'latin1'));
  if (name.endsWith('.bytes')) return new Uint8Array();
  return name === 'torch._utils._rebuild_parameter' ? first : { name, args };
}

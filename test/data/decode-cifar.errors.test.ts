import { describe, it } from 'vitest';
import { cifarDataset, decodeCifar } from '../../src/data/cifar.ts';
import { DataError, OptionError } from '../../src/errors.ts';
import { expectError } from '../helpers/errors.ts';
import { cifarBatch, encodeCifar } from './cifar-encoder.ts';
import { gzip } from './idx-encoder.ts';

const file = encodeCifar(cifarBatch(2, 10));
const withByte = (at: number, byte: number): Uint8Array => file.map((old, i) => (i === at ? byte : old));

describe('decodeCifar: damaged files', () => {
  const whole = 'must hold one or more whole records of CIFAR-10, 3073 bytes each';
  it.each([
    ['an empty file', new Uint8Array(0), `${whole}, got 0 bytes (0 records and 0 bytes)`],
    ['a cut record', file.slice(0, -1), `${whole}, got 6145 bytes (1 records and 3072 bytes)`],
    ['a file of CIFAR-100', encodeCifar(cifarBatch(2, 100)), `${whole}, got 6148 bytes (2 records and 2 bytes)`],
    [
      'a label out of range',
      withByte(3073, 10),
      'must hold labels from 0 to 9, got 10 in record 1 (not a file of CIFAR-10, or damaged)',
    ],
  ])('%s', async (_name, damaged, text) => {
    await expectError(() => decodeCifar(damaged, { classes: 10 }), DataError, `decodeCifar: \`bytes\` ${text}`);
    await expectError(() => decodeCifar(gzip(damaged), { classes: 10 }), DataError, `decodeCifar: \`bytes\` ${text}`);
  });

  it('labels of CIFAR-100 out of range', async () => {
    const batch = encodeCifar(cifarBatch(2, 100));
    const text = (most: number, got: string): string =>
      `decodeCifar: \`bytes\` must hold labels from 0 to ${most}, got ${got} (not a file of CIFAR-100, or damaged)`;
    const damaged = (at: number, byte: number): Uint8Array => batch.map((old, i) => (i === at ? byte : old));
    const decode = (bytes: Uint8Array) => () => decodeCifar(bytes, { classes: 100 });
    await expectError(decode(damaged(0, 20)), DataError, text(19, '20 in record 0'));
    await expectError(decode(damaged(3075, 100)), DataError, text(99, '100 in record 1'));
  });

  it('a decompression bomb stops at maxBytes', () =>
    expectError(
      () => decodeCifar(gzip(new Uint8Array(2 ** 24)), { classes: 10, maxBytes: 4000 }),
      DataError,
      'decodeCifar: `bytes` must unpack to at most 4000 bytes, got more (raise `maxBytes` if the file is trusted)',
    ));
});

describe('decodeCifar: wrong arguments', () => {
  it.each([
    [undefined, '`options` must be an object, got undefined'],
    [{}, '`classes` must be 10 or 100, got undefined'],
    [{ classes: 20 }, '`classes` must be 10 or 100, got 20'],
    [{ classes: 10, coarse: true }, 'unknown option `coarse`; known options: `classes`, `maxBytes`'],
  ])('%o', (options, text) =>
    expectError(() => decodeCifar(file, options as never), OptionError, `decodeCifar: ${text}`),
  );

  it('bytes of another type', () =>
    expectError(
      () => decodeCifar([1, 2] as never, { classes: 10 }),
      DataError,
      'decodeCifar: `bytes` must be a Uint8Array or an ArrayBuffer, got [1, 2]',
    ));
});

describe('cifarDataset: errors', () => {
  const [ten, hundred] = [cifarBatch(2, 10), cifarBatch(2, 100)];
  it.each([
    [{ batches: [] }, DataError, '`batches` must hold at least one decoded file, got []'],
    [{ batches: [ten, hundred] }, DataError, '`batches` must be of CIFAR-10 or of CIFAR-100, got files of both'],
    [{ batches: [ten], labels: 'coarse' }, DataError, '`labels` must be \'fine\' for CIFAR-10, got "coarse"'],
    [
      { batches: [{ ...ten, labels: cifarBatch(3, 10).labels }] },
      DataError,
      '`batches` must hold one label for each of the 2 images, got 3',
    ],
    [
      { batches: ten },
      OptionError,
      '`batches` must be a list of decoded files (decodeCifar makes one), got an object (Object)',
    ],
    [
      { batches: [ten.images] },
      OptionError,
      '`batches` must be a list of decoded files (decodeCifar makes one), got [an object (Object)]',
    ],
    [{ batches: [ten], labels: 'all' }, OptionError, "`labels` must be 'fine' or 'coarse', got \"all\""],
  ])('%#', (source, kind, text) => expectError(() => cifarDataset(source as never), kind, `cifarDataset: ${text}`));
});

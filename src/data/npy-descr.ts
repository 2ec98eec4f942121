import type { DataError } from '../errors.ts';
import type { StoredType } from './elements.ts';
import { showText, wrongBytes } from './file-bytes.ts';

/** The element types as NPY names them, little endian; `|` is for one byte, which has no order. @internal */
export const DESCR: Readonly<Record<Exclude<StoredType, 'bfloat16'>, string>> = {
  bool: '|b1',
  uint8: '|u1',
  uint16: '<u2',
  uint32: '<u4',
  uint64: '<u8',
  int8: '|i1',
  int16: '<i2',
  int32: '<i4',
  int64: '<i8',
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
};

/** Element types by their codes without byte order. */
const DTYPE_OF_CODE: ReadonlyMap<string, StoredType> = new Map(
  Object.entries(DESCR).map(([dtype, descr]) => [descr.slice(1), dtype as StoredType]),
);

/** Element types of NumPy that are no numbers of this library: their codes, what they are, and the line of NumPy that helps. */
const OTHERS: readonly (readonly [code: RegExp, name: string, way: string])[] = [
  [
    /^O\d*$/,
    'a pickled object array',
    'unpickling would run code of the file; np.save a plain array of numbers instead, for example np.stack(x)',
  ],
  [/^c\d+$/, 'complex numbers', 'np.save x.real or abs(x)'],
  [/^f(10|12|16)$/, 'long doubles', "np.save x.astype('float64')"],
  [
    /^[USa]\d*$/,
    'texts',
    "np.save x.astype('int64') of digits; np.unique(x, return_inverse=True)[1] numbers names from 0 in sorted order",
  ],
  [/^[Mm]\d+(\[.*\])?$/, 'times', "np.save x.astype('int64')"],
  [/^V[12]$/, 'raw bytes, perhaps bfloat16 or float8', "np.save x.astype('float32')"],
  [/^V\d*$/, 'raw bytes', "np.save x.view('uint8')"],
];

/** Byte order and element type of the value of 'descr' in the header of an NPY file, as Python writes it. @internal */
export function readDescr(call: string, written: string): readonly [littleEndian: boolean, dtype: StoredType] {
  if (written.startsWith('[')) throw recordError(call, written);
  const isQuoted = written.startsWith("'") || written.startsWith('"');
  const descr = written.slice(1, -1);
  const order = descr.slice(0, 1);
  const code = descr.slice(1);
  const dtype = DTYPE_OF_CODE.get(code);
  // One byte has no order, which "|" says; NumPy also reads the other two signs there.
  const orders = code.endsWith('1') ? '|<>' : '<>';
  if (isQuoted && dtype !== undefined && order !== '' && orders.includes(order)) return [order !== '>', dtype];
  const other = isQuoted && /^[|<>]/.test(order) ? OTHERS.find(([pattern]) => pattern.test(code)) : undefined;
  if (other !== undefined) {
    const [, name, way] = other;
    throw wrongDescr(call, 'must have numbers', `${showText(descr)}, ${name} (${way})`, descr);
  }
  const known = [...DTYPE_OF_CODE].map(([one, name]) => `${one} ${name}`).join(', ');
  const must = `must have a known element type in 'descr', < or > and one of ${known}`;
  throw wrongBytes(call, `${must}, got ${showText(descr)} (array.astype of NumPy converts others)`, descr);
}

// The name of a field: the first text of its tuple, or of the pair of title and name.
const FIELD_NAME = /\( *\(? *(?:'([^'\\]*)'|"([^"\\]*)")/g;

/** Records have a list of fields, such as [('image', '|u1', (28, 28)), ('label', '<i8')]. */
function recordError(call: string, written: string): DataError {
  if (/['"][|<>]O\d*['"]/.test(written)) {
    const [, name, way] = OTHERS[0] as (typeof OTHERS)[number];
    return wrongDescr(call, 'must have numbers', `records of ${name} (${way})`, written);
  }
  const names = [...written.matchAll(FIELD_NAME)].map(([, single, double]) => single ?? double ?? '');
  const field = names.find((name) => name !== '') ?? 'field';
  const got = `records with the fields ${showText(names.join(', '))} (np.save x[${showText(field)}] of NumPy for each field)`;
  return wrongDescr(call, 'must have one number for each element', got, written);
}

function wrongDescr(call: string, must: string, got: string, value: string): DataError {
  return wrongBytes(call, `${must} in 'descr', got ${got}`, value);
}

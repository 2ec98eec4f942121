import type { NpyDtype } from './arrays.ts';
import type { StoredType } from './elements.ts';
import { DESCR, readDescr } from './npy-descr.ts';
import { hex, showText, wrongBytes } from './file-bytes.ts';

/** What stands before the values of an NPY file. */
interface NpyPreamble {
  readonly dtype: NpyDtype;
  /** Dimensions, outermost first, integers of at least 1. */
  readonly shape: readonly number[];
}

const FIXED_BYTES = 10; // magic number, version, length of the header
const ALIGNMENT = 64;
const GROWTH_DIGITS = 21; // NumPy leaves room for the first dimension to grow to so many digits

/**
 * The bytes of an NPY file up to its first value, equal to those of `np.save` (version 1.0, little endian, C order).
 *
 * Whoever appends the values, row major and little endian, has a valid file when all are written. The length depends on the shape and
 * the element type alone, and is a multiple of 64.
 * @internal
 */
export function npyPreamble({ dtype, shape }: NpyPreamble): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${DESCR[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const room = shape.length === 0 ? 0 : GROWTH_DIGITS - String(shape[0]).length;
  const used = FIXED_BYTES + dictionary.length + room + 1;
  // As NumPy: a header that would end on a multiple of 64 gets 64 spaces more.
  const header = dictionary.length + room + 1 + (ALIGNMENT - (used % ALIGNMENT));
  const text = `\x93NUMPY\x01\x00${String.fromCharCode(header & 0xff, header >> 8)}${dictionary.padEnd(header - 1)}\n`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What the header of an NPY file says. */
interface NpyHeader {
  readonly dtype: StoredType;
  readonly littleEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the values begin. */
  readonly headerBytes: number;
}

type Entries = ReadonlyMap<string, string>;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const; // 0x93 "NUMPY"
const MAX_RANK = 64; // what NumPy itself allows
const MAX_HEADER = 2 ** 16; // version 1.0 cannot hold more, and only element types with many fields need more

// One entry of the dictionary: a quoted name, then a quoted text, True, False, a parenthesis without another one inside, or the list of
// fields of a record, whose inside is only shown in the error that refuses it.
const ENTRY = /(?:'(\w+)'|"(\w+)") *: *('[^'\\]*'|"[^"\\]*"|True|False|\([^()]*\)|\[\(.*\)\](?= *,)) *(,?) */y;

const INTEGER = /^ *(?:0|[1-9]\d*) *$/;
const LONG_INTEGER = /^ *(?:0|[1-9]\d*)L? *$/;

/** Reads magic number, version, header length and header of an NPY file. @internal */
export function readNpyHeader(call: string, file: Uint8Array): NpyHeader {
  const { begin, end } = headerRange(call, file);
  if (end - begin > MAX_HEADER) {
    throw wrongBytes(call, `must have a header of at most ${MAX_HEADER} bytes, got ${end - begin}`, file);
  }
  const text = new TextDecoder('latin1').decode(file.subarray(begin, end));
  const entries = readEntries(call, text);
  const [littleEndian, dtype] = readDescr(call, entries.get('descr') ?? '');
  const fortranOrder = entries.get('fortran_order') ?? '';
  if (fortranOrder !== 'True' && fortranOrder !== 'False') {
    throw wrongHeader(call, "must have True or False for 'fortran_order'", fortranOrder);
  }
  // Python 2 wrote an L after long integers; it knew no version 3.0.
  const shape = readShape(call, entries.get('shape') ?? '', file[6] === 3 ? INTEGER : LONG_INTEGER);
  return { dtype, littleEndian, fortranOrder: fortranOrder === 'True', shape, headerBytes: end };
}

function headerRange(call: string, file: Uint8Array): { readonly begin: number; readonly end: number } {
  if (!MAGIC.every((byte, i) => i >= file.length || file[i] === byte)) {
    const got = [...file.subarray(0, 6)].map(hex).join(' ');
    const must = 'must begin with 93 4e 55 4d 50 59 (NPY) or 1f 8b (gzip)';
    throw wrongBytes(call, `${must}, got ${got} (not an NPY file; decodeNpz reads .npz archives)`, file);
  }
  const [major = 0, minor = 0] = file.subarray(6);
  const begin = major > 1 ? 12 : 10;
  if (file.length < begin) throw truncated(call, begin, file);
  if (major < 1 || major > 3 || minor !== 0) {
    throw wrongBytes(call, `must have NPY version 1.0, 2.0 or 3.0, got ${major}.${minor}`, file);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = begin + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (file.length < end) throw truncated(call, end, file);
  return { begin, end };
}

/** The dictionary as texts by name: exactly the three names, each once, then spaces and a newline. */
function readEntries(call: string, text: string): Entries {
  const entries = new Map<string, string>();
  const dictionary = withoutSpaces(text.slice(0, -1));
  const isDictionary = text.endsWith('\n') && dictionary.startsWith('{') && dictionary.endsWith('}');
  const body = withoutSpaces(dictionary.slice(1, -1));
  let at = 0;
  let comma = ',';
  while (isDictionary && at < body.length && comma === ',') {
    ENTRY.lastIndex = at;
    const found = ENTRY.exec(body);
    const name = found?.[1] ?? found?.[2] ?? '';
    if (!found || entries.has(name)) break;
    entries.set(name, found[3] ?? '');
    comma = found[4] ?? '';
    at = ENTRY.lastIndex;
  }
  const names = ['descr', 'fortran_order', 'shape'];
  if (!isDictionary || at < body.length || entries.size !== 3 || !names.every((name) => entries.has(name))) {
    const must = "must have a header {'descr': ..., 'fortran_order': ..., 'shape': ...} that a newline ends";
    throw wrongHeader(call, must, text);
  }
  return entries;
}

/** Cuts the spaces at both ends, and no other kind of blank: `trim` also cuts the non-breaking space, a damaged space. */
function withoutSpaces(text: string): string {
  let [begin, end] = [0, text.length];
  while (begin < end && text[begin] === ' ') begin++;
  while (end > begin && text[end - 1] === ' ') end--;
  return text.slice(begin, end);
}

function readShape(call: string, text: string, integer: RegExp): readonly number[] {
  const sizes = text.slice(1, -1).split(',');
  // A Python tuple: (), (3,), (3, 4) or (3, 4,). Without a comma the parenthesis is a number.
  const isTuple = text.startsWith('(') && (sizes.length > 1 ? sizes[0] !== '' : text === '()');
  if (withoutSpaces(sizes.at(-1) ?? '') === '') sizes.pop();
  if (!isTuple || !sizes.every((size) => integer.test(size))) {
    throw wrongHeader(call, "must have a tuple of integers for 'shape'", text);
  }
  const shape = sizes.map((size) => Number.parseFloat(size));
  if (shape.length > MAX_RANK) {
    throw wrongBytes(call, `must declare at most ${MAX_RANK} dimensions, got ${shape.length}`, shape);
  }
  if (!shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw wrongBytes(call, `must have dimensions from 1 to 2^53 - 1, got shape [${shape.join(', ')}]`, shape);
  }
  return shape;
}

function truncated(call: string, bytes: number, file: Uint8Array): Error {
  return wrongBytes(call, `must hold the ${bytes} bytes of an NPY header, got ${file.length} (truncated)`, file);
}

function wrongHeader(call: string, must: string, text: string, way = ''): Error {
  return wrongBytes(call, `${must}, got ${showText(text)}${way}`, text);
}

import { showValue } from '../errors.ts';
import { elementCount } from './arrays.ts';
import { type StoredType, storedBytes } from './elements.ts';
import { hex, showText, wrongBytes } from './file-bytes.ts';

/** Bytes before the header: its length. @internal */
export const LENGTH_BYTES = 8;
/** The longest header that the reference reads. @internal */
export const MAX_HEADER_BYTES = 100_000_000;
/** The name of the metadata, which no tensor can have. @internal */
export const METADATA = '__metadata__';

/** Element types by their codes, in the order in which the reference writes tensors, backwards. @internal */
export const ELEMENTS: ReadonlyMap<string, StoredType> = new Map<string, StoredType>([
  ['BOOL', 'bool'],
  ['U8', 'uint8'],
  ['I8', 'int8'],
  ['I16', 'int16'],
  ['U16', 'uint16'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I32', 'int32'],
  ['U32', 'uint32'],
  ['F32', 'float32'],
  ['F64', 'float64'],
  ['I64', 'int64'],
  ['U64', 'uint64'],
]);

/** One tensor of a header, checked. */
interface SafetensorsEntry {
  readonly name: string;
  readonly element: StoredType;
  readonly shape: readonly number[];
  /** Where its bytes lie in the file. */
  readonly begin: number;
  readonly end: number;
}

/** What the header of a safetensors file says; the entries stand in the order of their bytes. */
interface SafetensorsHeader {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the header of a safetensors file and holds it against the bytes at hand. @internal */
export function readSafetensorsHeader(call: string, file: Uint8Array): SafetensorsHeader {
  const { text, end } = headerText(call, file);
  const fields = parseJson(call, text);
  const infos = new Map(Object.entries(fields));
  const given = infos.get(METADATA) ?? {};
  infos.delete(METADATA);
  if (!isFields(given) || !Object.values(given).every((value) => typeof value === 'string')) {
    throw wrongBytes(call, `must have texts by name as ${METADATA}, got ${showValue(given)}`, given);
  }
  const metadata = new Map(Object.entries(given as Readonly<Record<string, string>>));
  const entries = [...infos].map(([name, info]) => readEntry(call, name, info));
  const names = Object.keys(fields).length + metadata.size + 3 * entries.length;
  const written = countNames(text);
  // JSON.parse keeps the last of two fields of one name: the file would say two things.
  if (written !== names) throw wrongBytes(call, `must have no name twice, got ${written - names} repeated`, text);
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const behind = entries.reduce((begin, entry) => {
    if (entry.begin === begin) return entry.end;
    const must = `must have tensors that follow each other without gap and overlap, got ${showText(entry.name)}`;
    throw wrongBytes(call, `${must} at ${entry.begin} instead of ${begin}`, entry.begin);
  }, 0);
  if (file.length !== end + behind) {
    const what = file.length < end + behind ? 'truncated' : 'bytes are left over';
    throw wrongBytes(
      call,
      `must hold the ${end + behind} bytes that its header declares, got ${file.length} (${what})`,
      file,
    );
  }
  return { entries: entries.map((entry) => ({ ...entry, begin: end + entry.begin, end: end + entry.end })), metadata };
}

function headerText(call: string, file: Uint8Array): { readonly text: string; readonly end: number } {
  if (file.length < LENGTH_BYTES) {
    throw wrongBytes(call, `must hold the 8 bytes of a header length, got ${file.length} (truncated)`, file);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > MAX_HEADER_BYTES) {
    const other = otherFormat(file);
    if (other !== undefined) throw wrongBytes(call, `must be a safetensors file, got ${other}`, file);
    const must = `must have a header of at most ${MAX_HEADER_BYTES} bytes`;
    throw wrongBytes(call, `${must}, got ${length} (not a safetensors file, or damaged)`, length);
  }
  const end = LENGTH_BYTES + length;
  if (file.length < end) {
    throw wrongBytes(call, `must hold the ${end} bytes of its header, got ${file.length} (truncated)`, file);
  }
  const first = file[LENGTH_BYTES];
  if (length === 0 || first !== 0x7b) {
    const got = length === 0 ? 'an empty header' : hex(first as number);
    throw wrongBytes(call, `must have a header that begins with 7b ({), got ${got} (not a safetensors file)`, file);
  }
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(file.subarray(LENGTH_BYTES, end)), end };
  } catch {
    throw wrongBytes(call, 'must have a header in UTF-8, got other bytes', file);
  }
}

const PICKLE = 0x80;

/** What a file is that others keep weights in, by its first bytes; none is the length of a header. */
function otherFormat(file: Uint8Array): string | undefined {
  const head = new TextDecoder('latin1').decode(file.subarray(0, 128));
  const checkpoint = 'a checkpoint of PyTorch (decodeTorchCheckpoint of catrs/data reads it)';
  if (head.startsWith('PK\x03\x04')) {
    // Its name stands in the header of the first member.
    return head.includes('data.pkl') ? checkpoint : 'a ZIP archive (decodeNpz reads .npz, decodeTorchCheckpoint .pth)';
  }
  if (file[0] === PICKLE && Number(file[1]) <= 5) return checkpoint; // protocols 2 to 5
  // Runtimes differ in what they make of the byte 89 as text.
  if (file[0] === 0x89 && head.startsWith('HDF\r\n', 1))
    return 'an HDF5 file (save_file of safetensors.numpy writes its weights)';
  return undefined;
}

function parseJson(call: string, text: string): Fields {
  try {
    return JSON.parse(text) as Fields; // it begins with {
  } catch {
    throw wrongBytes(call, `must have a header of JSON, got ${showText(text)}`, text);
  }
}

function readEntry(call: string, name: string, info: unknown): SafetensorsEntry {
  const of = ` for ${showText(name)}`;
  if (/\p{Surrogate}/u.test(name)) {
    throw wrongBytes(call, `must have names of whole characters, got ${showText(name)}`, name);
  }
  const { dtype, shape, data_offsets: offsets } = isFields(info) ? info : {};
  if (!isFields(info) || Object.keys(info).length !== 3 || !Array.isArray(shape) || !Array.isArray(offsets)) {
    const must = 'must have exactly dtype, shape and data_offsets for each tensor';
    throw wrongBytes(
      call,
      `${must}, got ${isFields(info) ? showText(Object.keys(info).join(', ')) : showValue(info)}${of}`,
      info,
    );
  }
  const element = typeof dtype === 'string' ? ELEMENTS.get(dtype) : undefined;
  if (element === undefined) {
    const got = typeof dtype === 'string' ? showText(dtype) : showValue(dtype);
    throw wrongBytes(
      call,
      `must have a known element type (${[...ELEMENTS.keys()].join(', ')}), got ${got}${of}`,
      dtype,
    );
  }
  if (!shape.every(isCount)) {
    throw wrongBytes(call, `must have a shape of whole numbers, got ${showCounts(shape)}${of}`, shape);
  }
  const [begin, end] = offsets as readonly unknown[];
  if (
    offsets.length !== 2 ||
    !isCount(begin) ||
    !isCount(end) ||
    end - begin !== elementCount(shape) * storedBytes(element)
  ) {
    const size = elementCount(shape) * storedBytes(element);
    const must = `must have data_offsets [begin, begin + ${size}] for ${dtype as string} of shape ${showCounts(shape)}`;
    throw wrongBytes(call, `${must}, got ${showCounts(offsets)}${of}`, offsets);
  }
  return { name, element, shape, begin, end };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

/** A list out of a file for an error, short whatever it holds. */
function showCounts(values: readonly unknown[]): string {
  return showValue(values.map((value) => (typeof value === 'number' ? value : typeof value)));
}

/** How many names a JSON text has, repeated ones too: the texts with a colon behind them. */
function countNames(text: string): number {
  let names = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at++;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at++;
    while (' \t\n\r'.includes(text[at] as string)) at++;
    if (text[at] === ':') names++;
  }
  return names;
}

import { storedBytes } from './elements.ts';
import { crc32, showText, wrongBytes } from './file-bytes.ts';
import type { Refuse } from './pickle-machine.ts';
import { readPickle } from './pickle-opcodes.ts';
import {
  refusedGlobal,
  storageOf,
  torchGlobals,
  type TorchPickle,
  type TorchStorage,
  type TorchView,
} from './torch-globals.ts';
import { readZipDirectory } from './zip-directory.ts';
import { type PackedMember, zipFile } from './zip-member.ts';

const PICKLE = 'data.pkl';
/** The newest version of the form that PyTorch itself reads. */
const MAX_VERSION = 10;

/**
 * Reads the ZIP archive that torch.save writes since 1.6: the pickle in `NAME/data.pkl`, storage number k in `NAME/data/k`.
 * @internal
 */
export function readTorchArchive(call: string, file: Uint8Array): TorchPickle {
  const members = new Map(readZipDirectory(zipFile(call, file)).map((member) => [member.name, member]));
  const folder = folderOf(call, [...members.keys()]);
  const read = (name: string): Uint8Array | undefined => {
    const member = members.get(`${folder}/${name}`);
    return member && intactMember(call, member);
  };
  checkVersion(call, read('version'));
  const littleEndian = isLittleEndian(call, read('byteorder'));
  const views: TorchView[] = [];
  const storages = new Map<string, TorchStorage>();
  const source = {
    ...{ call, bytes: read(PICKLE)!, label: PICKLE, unknownGlobal: refusedGlobal },
    global: torchGlobals((view) => views.push(view)),
    persistent: (id: unknown, refuse: Refuse): TorchStorage => {
      const { key, stored, length, view } = storageOf(id, refuse);
      const before = storages.get(key);
      if (before !== undefined && (before.stored !== stored || before.length !== length)) {
        throw refuse('must have one type and length for each storage', `two for ${showText(key)}`);
      }
      if (before !== undefined) return before;
      if (view !== null) throw refuse('must have whole storages in an archive', 'a part');
      const bytes = read(`data/${key}`);
      if (bytes?.length !== length * storedBytes(stored)) {
        const got = bytes === undefined ? 'no such member' : `${bytes.length} bytes`;
        throw refuse(`must have the ${length * storedBytes(stored)} bytes of a storage in data/${key}`, got);
      }
      const storage = { key, stored, length, bytes };
      storages.set(key, storage);
      return storage;
    },
  };
  const { value, end } = readPickle(source, 0);
  const left = source.bytes.length - end;
  if (left > 0) throw wrongBytes(call, `must have one pickle in ${PICKLE}, got ${left} bytes behind it`, left);
  return { value, views, littleEndian };
}

/** The folder that all members are in. */
function folderOf(call: string, names: readonly string[]): string {
  const folders = names.flatMap((name) => (/^[^/]+\/data\.pkl$/.test(name) ? [name.slice(0, -PICKLE.length - 1)] : []));
  const [folder, ...others] = folders;
  if (folder === undefined || others.length > 0) {
    const way = 'an archive of torch.save has one; NPZ is for decodeNpz';
    const got = `${folders.length} among ${names.length} members`;
    throw wrongBytes(call, `must have one member ${PICKLE} in a folder, got ${got} (${way})`, names);
  }
  if (names.includes(`${folder}/constants.pkl`)) {
    const way = 'save the state_dict() of the module instead';
    throw wrongBytes(
      call,
      `must be an archive of torch.save, got one of TorchScript, which holds code (${way})`,
      names,
    );
  }
  return folder;
}

function intactMember(call: string, { name, isDeflated, packed, crc }: PackedMember): Uint8Array {
  if (isDeflated) {
    throw wrongBytes(call, `must have stored members, got a deflated one in member ${showText(name)}`, name);
  }
  const found = crc32(packed);
  if (found === crc) return packed;
  const got = `CRC-32 ${found.toString(16)} instead of ${crc.toString(16)} (damaged)`;
  throw wrongBytes(call, `must have the checksum of its directory, got ${got} in member ${showText(name)}`, name);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 16)).trim();
}

function checkVersion(call: string, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) return;
  const text = textOf(bytes);
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_VERSION) return;
  throw wrongBytes(call, `must be of version 1 to ${MAX_VERSION}, got ${showText(text)} in its version`, text);
}

/** Files of before 2.1 do not say it; they were written on little-endian machines but for rare ones. */
function isLittleEndian(call: string, bytes: Uint8Array | undefined): boolean {
  const text = bytes === undefined ? 'little' : textOf(bytes);
  if (text === 'little' || text === 'big') return text === 'little';
  throw wrongBytes(call, `must be little or big as its byteorder, got ${showText(text)}`, text);
}

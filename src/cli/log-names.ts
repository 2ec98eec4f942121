import { normalize } from 'node:path';

/** The endings of logs; what else follows a point is a part of the name, such as the 25 of `sigma_0.25`. */
const ENDINGS = /(?<=[^/\\])(?:\.(?:tsv|txt|csv|log|jsonl))?(?:\.gz)?$/i;

/**
 * Short names for logs, no two alike: the name of the file without its ending; where several are alike, the shortest ends of their paths that are
 * not, with their endings if only those differ.
 * @internal
 */
export function logNames(files: readonly string[]): string[] {
  const paths = files.map((file) => normalize(file).split(/[/\\]/));
  const names = files.map((_, i) => endOf(paths[i] ?? [], 1, true));
  for (const name of new Set(names)) {
    const alike = paths.map((_, i) => i).filter((i) => names[i] === name);
    if (alike.length === 1) continue;
    const distinct = shortestDistinct(alike.map((i) => paths[i] ?? []));
    alike.forEach((i, at) => (names[i] = distinct[at] ?? name));
  }
  // A file that is given twice, and an end of a path that is the name of another file.
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}

function shortestDistinct(paths: readonly (readonly string[])[]): string[] {
  const longest = Math.max(...paths.map(({ length }) => length));
  for (const isCut of [true, false]) {
    for (let length = 1; length <= longest; length++) {
      const ends = paths.map((path) => endOf(path, length, isCut));
      if (new Set(ends).size === ends.length) return ends;
    }
  }
  return paths.map((path) => endOf(path, longest, false));
}

function endOf(path: readonly string[], length: number, isCut: boolean): string {
  const end = path.slice(-length).join('/');
  return isCut ? end.replace(ENDINGS, '') : end;
}

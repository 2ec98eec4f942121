import { basename } from 'node:path';

/** Short names for files: the name without its ending, or the whole path where two would be alike. @internal */
export function logNames(files: readonly string[]): string[] {
  const short = files.map(
    (file) =>
      basename(file)
        .replace(/\.gz$/, '')
        .replace(/\.[^.]+$/, '') || file,
  );
  return short.map((name, i) => (short.indexOf(name) === short.lastIndexOf(name) ? name : (files[i] ?? name)));
}

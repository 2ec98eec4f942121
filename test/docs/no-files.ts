/** Stands for `node:fs/promises` in snippets: they may write, but nothing is written. */
export async function writeFile(_path: string, data: string): Promise<void> {
  if (data.length === 0) throw new Error('a snippet writes an empty file');
}

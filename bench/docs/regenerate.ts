import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { SweepPoint } from '../groups/sweep.ts';
import { performancePicture } from '../picture.ts';
import { blocks } from './blocks.ts';
import { quote } from './quotes.ts';
import type { SavedRun } from './saved-run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PICTURE = join(ROOT, 'docs/performance/throughput.svg');
/** `<!-- bench: NAME -->text<!-- /bench -->`: the text is made of the saved run. */
const MARKED = /<!-- bench: ([^>]*?) -->([\s\S]*?)<!-- \/bench -->/g;

/** All pages, by their paths in the repository. */
export async function pages(): Promise<string[]> {
  const found = await readdir(join(ROOT, 'docs'), { recursive: true });
  const paths = found.filter((path) => path.endsWith('.md') && !path.startsWith('api')).map((path) => `docs/${path}`);
  return ['README.md', ...paths.map((path) => path.replaceAll('\\', '/')).sort()];
}

/** A page with every marked text made anew, in the format of the repository. Throws for a name that nobody has. */
export async function regenerated(path: string, text: string, run: SavedRun): Promise<string> {
  const made = text.replaceAll(MARKED, (_, name: string) => {
    const block = blocks[name];
    const inner = block === undefined ? quote(name, run) : `\n\n${block(run)}\n\n`;
    return `<!-- bench: ${name} -->${inner}<!-- /bench -->`;
  });
  return formatted(path, made);
}

/** Text without what is made of the run. */
export function withoutMarked(text: string): string {
  return text.replaceAll(MARKED, '');
}

/** Writes all pages and the picture anew, and the saved run in the format of the repository; tells which have changed. */
export async function regenerate(run: SavedRun, saved: string): Promise<string[]> {
  const changed: string[] = [];
  for (const path of await pages()) {
    const text = await readFile(join(ROOT, path), 'utf8');
    const made = await regenerated(path, text, run);
    if (made === text) continue;
    await writeFile(join(ROOT, path), made);
    changed.push(path);
  }
  const { sweep } = run.figures;
  if (Array.isArray(sweep)) await writeFile(PICTURE, await performancePicture(sweep as SweepPoint[]));
  await writeFile(saved, await formatted(saved, await readFile(saved, 'utf8')));
  return changed;
}

async function formatted(path: string, text: string): Promise<string> {
  const file = resolve(ROOT, path);
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
let site = '';
let pages: readonly Page[] = [];

/** A page of the site: where it is, what it says, which anchors it has. */
interface Page {
  readonly file: string;
  readonly html: string;
}

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'catrs-site-'));
  const typedoc = join(root, 'node_modules/typedoc/bin/typedoc');
  await promisify(execFile)(process.execPath, [typedoc, '--out', site], { cwd: root, maxBuffer: 1 << 24 });
  const names = (await readdir(site, { recursive: true })).filter((name) => name.endsWith('.html'));
  pages = await Promise.all(
    names.map(async (name) => ({ file: join(site, name), html: await readFile(join(site, name), 'utf8') })),
  );
}, 300_000);

afterAll(() => rm(site, { recursive: true, force: true }));

/** What a page points to: [link, file, anchor]; only what lies within the site. */
function targets({ file, html }: Page): (readonly [link: string, target: string, anchor: string])[] {
  return [...html.matchAll(/(?:href|src)="([^"]+)"/g)]
    .map(([, link]) => link!.replaceAll('&amp;', '&'))
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor = ''] = link.split('#').map(decodeURIComponent);
      return [link, path === '' ? file : resolve(dirname(file), path), anchor];
    });
}

describe('the documentation site', () => {
  it('has a page for every guide and every door', () => {
    const names = pages.map(({ file }) => relative(site, file));
    for (const door of ['catrs', 'catrs_node', 'catrs_webgpu']) expect(names).toContain(`modules/${door}.html`);
    expect(names).toContain('documents/Concepts.html');
    expect(pages.length).toBeGreaterThan(200);
  });

  it('has no link to a file or an anchor that does not exist', () => {
    const texts = new Map(pages.map(({ file, html }) => [file, html]));
    const links = pages.flatMap((page) => targets(page).map((link) => [page, link] as const));
    expect(links.length).toBeGreaterThan(10_000);
    const broken = links
      .filter(([, [, target, anchor]]) => {
        if (!existsSync(target)) return true;
        const html = texts.get(target);
        return anchor !== '' && html !== undefined && !html.includes(`id="${anchor}"`);
      })
      .map(([page, [link]]) => `${relative(site, page.file)}: ${link}`);
    expect([...new Set(broken)]).toEqual([]);
  });

  it('shows the picture of the main result on its front page', () => {
    const front = pages.find(({ file }) => relative(site, file) === 'index.html')!;
    expect(front.html).toMatch(/<img src="media\/certified-accuracy\.svg"/);
  });

  it('is searchable', () => {
    expect(existsSync(join(site, 'assets/search.js'))).toBe(true);
  });
});

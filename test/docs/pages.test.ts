import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clopperPearsonLowerBound, normalQuantile } from 'catrs/stats';
import { pages, root, snippetsOf } from './snippets.ts';

const read = (page: string): string => readFileSync(root + page, 'utf8');

/** GitHub's anchor of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-');

describe('the pages', () => {
  it.each([...pages(), 'CHANGELOG.md'])('%s links to files and headings that exist', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path = '', heading] = link.split('#');
      const target = path === '' ? page : posix.join(posix.dirname(page), path);
      if (!existsSync(root + target)) return true;
      return (
        heading !== undefined &&
        ![...read(target).matchAll(/^#+ (.*)$/gm)].some(([, text = '']) => anchor(text) === heading)
      );
    });
    expect(broken).toEqual([]);
  });

  it('has code on every page that shows how something is done', () => {
    const empty = pages().filter((page) => snippetsOf(page).length === 0);
    expect(empty).toEqual(['docs/README.md', 'docs/architecture.md', 'docs/releasing.md', 'docs/guide/upgrading.md']);
  });

  it('rests on saved runs without a path of the machine that made them', () => {
    const saved = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /^(?!api).*\.json$/.test(file),
    );
    expect(saved.length).toBeGreaterThan(10);
    expect(saved.filter((file) => /"[^"]*(?<![\w.])\/(work|home|root|tmp|Users)\//.test(read(`docs/${file}`)))).toEqual(
      [],
    );
  });

  it('names in README only scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read('README.md').matchAll(/npm (?:run )?(start|test|run [\w:]+|(?<=run )[\w:]+)/g)].map(
      ([, name = '']) => name,
    );
    expect(named).toContain('start');
    expect(named).toContain('test');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('states the largest possible radii as they are, cut off after three digits', () => {
    const table = read('docs/guide/what-a-certificate-covers.md').matchAll(
      /^\| ([\d ]+?) +\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm,
    );
    const rows = [...table].filter(([, n = '']) => Number(n.replace(/ /g, '')) > 0);
    expect(rows).toHaveLength(6);
    for (const [, n = '', ...cells] of rows) {
      [0.01, 0.001, 1e-6].forEach((alpha, column) => {
        const count = Number(n.replace(/ /g, ''));
        const largest = normalQuantile(clopperPearsonLowerBound(count, count, alpha));
        expect(cells[column], `n = ${count}, alpha = ${alpha}`).toBe(largest > 0 ? cut(largest) : 'abstains');
      });
    }
  });
});

/** Three decimals, rounded down. */
function cut(value: number): string {
  return (Math.floor(value * 1000) / 1000).toFixed(3);
}

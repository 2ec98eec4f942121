import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey } from 'catrs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { main as digits } from '../../examples/ablation/digits.ts';
import { HIDDEN, loadMails, wordsOf } from '../../examples/ablation/mails.ts';
import { main as words } from '../../examples/ablation/words.ts';

beforeEach(() => void vi.spyOn(console, 'log').mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());

describe('the words of a mail', () => {
  it('are those of its subject and of its body without tags', () => {
    const mail =
      'From: a\nSubject: Win NOW\nX: b\n\n<html><b>Don\'t</b> miss&nbsp;it,\n 100 % free!\n\n<a href="x">here</a>';
    expect(wordsOf(mail)).toEqual(['win', 'now', "don't", 'miss', 'it', 'free', 'here']);
  });
});

describe('a corpus of mails', () => {
  let folder: string;
  const vocabularies = [
    ['meeting', 'patch', 'kernel', 'thanks', 'list', 'bug', 'reply', 'code'],
    ['free', 'money', 'offer', 'click', 'win', 'cash', 'now', 'credit'],
  ] as const;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catrs-mails-'));
    for (const [group, label] of [
      ['easy-ham-1', 0],
      ['easy-ham-2', 0],
      ['hard-ham-1', 0],
      ['spam-1', 1],
      ['spam-2', 1],
    ] as const) {
      // prettier-ignore
      await mkdir(join(folder, 'data', group), { recursive: true });
      for (let i = 0; i < 20; i++) {
        const body = Array.from(
          { length: 30 },
          (_, j) => vocabularies[label][(i * 5 + j * ((i % 3) + 1) + group.length) % 8],
        );
        const text = `Subject: number ${'abcdefghijklmnopqrst'[i]}${group.at(-1) === '1' ? 'x' : 'y'} ${group}\n\n${body.join(' ')}`;
        await writeFile(join(folder, 'data', group, `${i}.json`), JSON.stringify({ id: i, group, text }));
      }
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is split so that no test mail is in the training set, with ids of its frequent words', async () => {
    const sets = await loadMails({ folder, length: 12, vocabulary: 10, test: 5, key: createKey(1) });
    const rows = ({ values }: { readonly values: Float32Array }): string[] =>
      Array.from({ length: values.length / 12 }, (_, i) => values.subarray(12 * i, 12 * i + 12).join());
    expect(sets.test.labels.filter((label) => label === 1)).toHaveLength(5);
    expect(sets.test.labels).toHaveLength(10);
    expect(rows(sets.train)).toHaveLength(sets.train.labels.length);
    expect(sets.train.labels.length).toBeGreaterThan(50);
    expect(sets.ids).toBe(13);
    expect(sets.train.values.every((id) => id !== HIDDEN && id < 13)).toBe(true);
  });

  it('is learned and certified: figures by the number of changed words', async () => {
    const figures = await words({ fast: true, corpus: folder });
    const [found] = Object.values(figures);
    expect(found).toMatchObject({ images: 8, unit: 'words', n: 200 });
    expect(found!.atLeast).toEqual(found!.atLeast.toSorted((a, b) => b - a));
  });
});

describe('digits of which a model sees 45 pixels', () => {
  it('are learned and certified: figures by the number of changed pixels', async () => {
    const figures = await digits({ fast: true });
    expect(figures).toMatchObject({ images: 20, unit: 'pixels', n: 200 });
    expect(figures.atLeast[0]).toBe(figures.clean);
    expect(figures.atLeast.length - 1).toBeLessThanOrEqual(11);
  });
});

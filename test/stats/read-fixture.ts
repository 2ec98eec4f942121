import { readFileSync } from 'node:fs';

/** A file of test/fixtures; the caller says what it holds. */
export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')) as T;
}

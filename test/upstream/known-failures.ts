import { readFileSync } from 'node:fs';
import type { SpecReport } from './run-specs.ts';

/** Tests that fail on a backend for one reason. */
export interface KnownFailures {
  readonly reason: string;
  /** What the messages of all of them contain. */
  readonly message: string;
  readonly tests: readonly string[];
}

/** The message of tests that must not run: they never end. */
export const NEVER_ENDS = 'never ends';

/** A backend's list in test/upstream/known-failures/. */
export function knownFailures(backend: string): readonly KnownFailures[] {
  const file = new URL(`known-failures/${backend}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as KnownFailures[];
}

/** Where a run and the list do not fit: a failure that is not on it or not of its reason, and a listed test that passed or did not run. */
export function surprises(reports: readonly SpecReport[], known: readonly KnownFailures[]): string[] {
  const expected = new Map(known.flatMap(({ message, tests }) => tests.map((test) => [test, message] as const)));
  const failed = reports.filter(({ messages }) => messages.length > 0);
  const failedNames = new Set(failed.map(({ name }) => name));
  const unexpected = failed.filter(({ name, messages }) => {
    const message = expected.get(name);
    return message === undefined || !messages[0]!.includes(message);
  });
  return [
    ...unexpected.map(({ name, messages }) => `fails: ${name}: ${messages[0]!.replace(/\s+/g, ' ')}`),
    ...[...expected.keys()]
      .filter((name) => !failedNames.has(name))
      .map((name) => `is listed and does not fail: ${name}`),
  ];
}

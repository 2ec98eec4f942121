import { existsSync } from 'node:fs';

/** The browser of the browser project: the environment variable CHROMIUM_PATH, or Debian's. */
export const chromiumPath: string = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Global set-up of the browser project: says what is missing before vitest tries to start it. */
export function setup(): void {
  if (existsSync(chromiumPath)) return;
  throw new Error(
    `The browser tests need Chromium, and there is none at ${chromiumPath}. ` +
      'Install it (Debian: apt-get install chromium) or name its path in CHROMIUM_PATH.',
  );
}

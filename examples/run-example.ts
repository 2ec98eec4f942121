import { pathToFileURL } from 'node:url';

/** How an example is run. */
export interface ExampleOptions {
  /** Seconds instead of a minute, with fewer samples: for the tests, or `--fast` on the command line. */
  readonly fast: boolean;
}

/** Runs `main` if its file was started from the command line, and not if it was imported. */
export async function runExample(fileUrl: string, main: (options: ExampleOptions) => Promise<unknown>): Promise<void> {
  const [, started] = process.argv;
  if (started !== undefined && pathToFileURL(started).href === fileUrl) {
    await main({ fast: process.argv.includes('--fast') });
  }
}

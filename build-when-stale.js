// Runs `npm run build` if something in it has changed since dist/ was made. So a fresh clone builds, and what follows does not build again.
import { execSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';

const inputs = ['src', 'package.json', 'tsconfig.json', 'browser-bundle.config.js'];
/** What a build writes last. */
const last = 'dist/catrs.browser.js';

/** Folders count, too: theirs is the time of a file that was removed. */
const timeOf = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const inSources = readdirSync('src', { recursive: true }).map((path) => `src/${path}`);
if (Math.max(...[...inputs, ...inSources].map(timeOf)) > timeOf(last)) {
  execSync('npm run --silent build', { stdio: 'inherit' });
}

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where test/guests/README.md installs what is no dependency of catrs. */
export const guestsFolder: string = fileURLToPath(new URL('../guests/', import.meta.url));

/** Something that is there, or why it is not. */
export type Guest<T> = { readonly found: T } | { readonly reason: string };

/** A package of test/guests or a script of one, by `require`. */
export function requireGuest<T>(path: string): Guest<T> {
  const file = join(guestsFolder, 'node_modules', path);
  // By its path, since a package need not export its files.
  return existsSync(file) ? { found: createRequire(import.meta.url)(file) as T } : { reason: notInstalled(path) };
}

/** The path of a file that a package of test/guests brings, for example `node-24/bin/node`. */
export function guestFile(path: string): Guest<string> {
  const file = join(guestsFolder, 'node_modules', path);
  return existsSync(file) ? { found: file } : { reason: notInstalled(path) };
}

function notInstalled(what: string): string {
  return `${what} is not installed (npm ci --prefix test/guests)`;
}

/** The Python of `CATRS_PYTHON` or of test/guests that has some packages: PyTorch and ONNX, if none are named. */
export function guestPython(packages: readonly string[] = ['numpy', 'onnx', 'onnxscript', 'torch']): Guest<string> {
  const own = process.env['CATRS_PYTHON'];
  const python = own ?? join(guestsFolder, 'venv/bin/python');
  try {
    execFileSync(python, ['-c', `import ${packages.join(', ')}`], { stdio: 'pipe' });
    return { found: python };
  } catch {
    const names = packages.join(', ');
    // Saved runs keep the reason, and no path of the machine.
    const place = own === undefined ? 'test/guests/venv' : 'CATRS_PYTHON';
    return { reason: `no Python with ${names} at ${place} (test/guests/README.md, or set CATRS_PYTHON)` };
  }
}

/** The folder from which `useNative` finds TensorFlow's library, as test/guests/build-tfjs-node.mjs builds it. */
export function nativeTensorflow(): Guest<string> {
  if (existsSync(join(guestsFolder, 'node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node')))
    return { found: guestsFolder };
  return { reason: "TensorFlow's own library is not there (node test/guests/build-tfjs-node.mjs builds it)" };
}

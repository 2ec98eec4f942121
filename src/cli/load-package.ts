import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cwd } from 'node:process';
import { pathToFileURL } from 'node:url';

/** An optional package, beside catrs or in the folder where the command is run; undefined if it is in neither. @internal */
export async function loadPackage<T extends object>(name: string): Promise<T | undefined> {
  for (const base of bases()) {
    const found = resolved(base, name);
    if (found === undefined) continue;
    const module = (await import(pathToFileURL(found).href)) as T & { readonly default?: T };
    return module.default ?? module;
  }
  return undefined;
}

/** Whether an optional package is where {@link loadPackage} finds it. @internal */
export function isInstalled(name: string): boolean {
  return bases().some((base) => resolved(base, name) !== undefined);
}

const bases = (): (string | URL)[] => [import.meta.url, pathToFileURL(join(cwd(), 'package.json'))];

function resolved(base: string | URL, name: string): string | undefined {
  try {
    return createRequire(base).resolve(name);
  } catch {
    return undefined;
  }
}

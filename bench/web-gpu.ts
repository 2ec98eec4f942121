import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

interface Adapter {
  readonly info?: { readonly vendor?: string; readonly device?: string; readonly description?: string };
  readonly isFallbackAdapter?: boolean;
}

interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

interface WebGpuPackage {
  create(options: readonly string[]): Gpu;
  readonly globals: object;
}

const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

/**
 * Gives Node the GPU of this machine as `navigator.gpu`, by the npm package `webgpu`, which is no dependency; `CATRS_WEBGPU` is the
 * package.json of the folder that has it. Returns the name of the GPU, or the reason why there is none.
 */
export async function provideGpu(): Promise<{ readonly name: string } | string> {
  let found: WebGpuPackage;
  try {
    const path = createRequire(process.env['CATRS_WEBGPU'] ?? import.meta.url).resolve('webgpu');
    found = (await import(pathToFileURL(path).href)) as WebGpuPackage;
  } catch {
    return 'the npm package webgpu is not installed: npm install it in a folder of its own and set CATRS_WEBGPU to its package.json';
  }
  const gpu = found.create([]);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) return 'no GPU: WebGPU has no adapter on this machine';
  const { vendor = '', device = '', description = '' } = adapter.info ?? {};
  const name = [vendor, device, description].filter(Boolean).join(' ');
  if (adapter.isFallbackAdapter === true || SOFTWARE.test(name))
    return `no GPU: the only adapter is software (${name})`;
  // The backend looks for both when it is imported.
  Object.assign(globalThis, found.globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  return { name };
}

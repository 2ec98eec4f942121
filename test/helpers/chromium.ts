import { existsSync } from 'node:fs';

/** The browser of the browser project: the environment variable CHROMIUM_PATH, or Debian's. */
export const chromiumPath: string = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Switches for WebGPU on the software adapter SwiftShader: any machine has it, and every machine has the same one. */
export const chromiumArguments: string[] = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Global set-up of the browser project: says what is missing before vitest tries to start it. */
export function setup(): void {
  if (existsSync(chromiumPath)) return;
  throw new Error(
    `The browser tests need Chromium, and there is none at ${chromiumPath}. ` +
      'Install it (Debian: apt-get install chromium) or name its path in CHROMIUM_PATH.',
  );
}

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

// eslint-disable-next-line no-restricted-syntax -- vite asks for a default export
export default defineConfig({
  root: path('.'),
  base: './', // the built page works from any folder
  resolve: {
    // The page reads like user code (`import ... from 'catrs'`) and runs the sources.
    alias: [
      { find: /^catrs$/, replacement: path('../../src/index.ts') },
      { find: /^catrs\/(data|models|recipes|wasm|webgpu)$/, replacement: path('../../src/$1/index.ts') },
    ],
  },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: path('../../build/playground'),
    emptyOutDir: true,
    assetsInlineLimit: 0, // a data: address would break the content security policy
    chunkSizeWarningLimit: 3000, // TensorFlow.js
  },
});

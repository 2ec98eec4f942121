import { defineConfig } from 'vite';

/** One file for a page without a bundler: `catrs` with jstat and zod inside. The page's import map says where TensorFlow.js is. */
export default defineConfig({
  publicDir: false,
  logLevel: 'warn',
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: false,
    lib: { entry: 'dist/index.js', formats: ['es'], fileName: () => 'catrs.browser.js' },
    rolldownOptions: { external: ['@tensorflow/tfjs'], output: { minify: true } },
  },
});

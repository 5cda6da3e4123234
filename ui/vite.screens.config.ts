import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The screens of `dev/`, built as strictly as the product so that they run under its CSP. */
export default defineConfig({
  root: fileURLToPath(new URL('dev', import.meta.url)),
  plugins: [svelte({ configFile: fileURLToPath(new URL('svelte.config.js', import.meta.url)) })],
  logLevel: 'warn',
  build: {
    target: 'es2022', cssTarget: 'safari17.5', assetsInlineLimit: 0, modulePreload: { polyfill: false }, emptyOutDir: true, minify: false,
    outDir: fileURLToPath(new URL('../target/screens/site', import.meta.url)),
  },
});

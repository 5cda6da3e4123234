import { defineConfig } from 'vite';

// The page of `cargo xtask bench frames`; it never ships.
export default defineConfig({
  root: 'bench',
  base: './',
  clearScreen: false,
  build: { target: 'es2022', emptyOutDir: true, modulePreload: { polyfill: false } },
});

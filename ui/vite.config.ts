import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// WebKitGTK, WKWebView and WebView2 of 2024 and later: `light-dark()`, container queries, `<dialog>`.
export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: { target: 'es2022', cssTarget: 'safari17.5', assetsInlineLimit: 0, modulePreload: { polyfill: false },
    rolldownOptions: { input: { main: 'index.html', incoming: 'incoming.html', sharing: 'sharing.html' } },
  },
});

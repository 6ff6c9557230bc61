import { defineConfig } from 'vite';

import { notices } from './notices.mjs';

export default defineConfig({
  // Addresses within the page are relative, so that it may be served below any path.
  base: './',
  plugins: [notices()],
  build: {
    outDir: process.env.TAPELAKE_WEB_OUT || 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  test: { include: ['src/**/*.test.ts'] },
});

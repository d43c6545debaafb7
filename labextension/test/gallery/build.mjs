// Bundle the gallery into one script and one style sheet: node test/gallery/build.mjs FOLDER

import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));

await build({
  configFile: false,
  logLevel: 'warn',
  root: here,
  build: {
    outDir: process.argv[2],
    emptyOutDir: false,
    minify: false,
    lib: {
      entry: 'page.ts',
      formats: ['iife'],
      name: 'page',
      fileName: () => 'gallery.js',
      cssFileName: 'gallery'
    }
  }
});

/* Bundle the unit tests and run them with Node's own runner. */
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const tests = readdirSync(join(root, 'src'), {recursive: true}).filter((name) => name.endsWith('.test.ts'));
if (!tests.length) throw new Error('there are no tests');
const out = mkdtempSync(join(tmpdir(), 'frontend-tests-'));
try {
  await esbuild.build({
    entryPoints: tests.map((name) => join(root, 'src', name)),
    outdir: out,
    outExtension: {'.js': '.mjs'},
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    loader: {'.css': 'text'},
    logLevel: 'warning',
  });
  const files = readdirSync(out, {recursive: true}).filter((name) => name.endsWith('.test.mjs')).map((name) => join(out, name));
  process.exitCode = spawnSync(process.execPath, ['--test', ...files], {stdio: 'inherit'}).status ?? 1;
} finally {
  rmSync(out, {recursive: true, force: true});
}

/* Build the bundles and what lies beside them into the package's static folder. */
import {cp, mkdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import * as esbuild from 'esbuild';
import {feature} from 'topojson-client';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, '../../django_large_image/static/django_large_image');
const require = createRequire(import.meta.url);

/** What a bundle may weigh, compressed, in bytes: a page that shows one image has to stay a light one. */
const LIMITS = {'viewer.js': 220_000, 'globe.js': 1_300_000};

/** `--only viewer` builds the viewer alone, as for work on it. */
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : null;
const wanted = (name) => only === null || only === name;
const entries = {viewer: 'src/viewer/index.ts', globe: 'src/globe/index.ts', proj4: 'src/proj4.ts'};

const options = {
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([name]) => wanted(name) || (name === 'proj4' && wanted('viewer')))),
  absWorkingDir: resolve(here, '..'),
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  // A map that is not there fails collectstatic with hashed names; so there is no comment that names one.
  sourcemap: false,
  legalComments: 'none',
  loader: {'.css': 'text'},
  logLevel: 'warning',
};

/** The coast lines of the base layer: Natural Earth's 1:110m, which is in the public domain, to a hundredth of a degree. */
async function outline() {
  const topology = JSON.parse(await readFile(require.resolve('world-atlas/land-110m.json'), 'utf8'));
  const round = (place) => (typeof place[0] === 'number' ? place.map((n) => Math.round(n * 100) / 100) : place.map(round));
  const land = feature(topology, topology.objects.land);
  for (const one of land.features) {
    one.geometry.coordinates = round(one.geometry.coordinates);
    one.properties = {};
  }
  await writeFile(join(out, 'land.json'), JSON.stringify(land));
}

/** Cesium's workers, decoders and pictures, which it fetches when it needs them. */
async function cesium() {
  const engine = dirname(require.resolve('@cesium/engine/package.json'));
  const target = join(out, 'cesium');
  await rm(target, {recursive: true, force: true});
  await mkdir(target, {recursive: true});
  await cp(join(engine, 'Build/Workers'), join(target, 'Workers'), {recursive: true});
  await cp(join(engine, 'Build/ThirdParty'), join(target, 'ThirdParty'), {recursive: true});
  await cp(join(engine, 'Source/Assets'), join(target, 'Assets'), {recursive: true});
}

async function weigh() {
  for (const [name, limit] of Object.entries(LIMITS)) {
    if (!wanted(name.replace('.js', ''))) continue;
    const size = gzipSync(await readFile(join(out, name)), {level: 9}).length;
    console.log(`${name}: ${Math.round(size / 1000)} kB compressed, of ${limit / 1000}`);
    if (size > limit) throw new Error(`${name} is too large`);
  }
}

await mkdir(out, {recursive: true});
if (process.argv.includes('--watch')) {
  await (await esbuild.context(options)).watch();
} else {
  await Promise.all([esbuild.build(options), wanted('viewer') && outline(), wanted('globe') && cesium()]);
  await weigh();
  if (wanted('globe')) await stat(join(out, 'cesium/Workers'));
}

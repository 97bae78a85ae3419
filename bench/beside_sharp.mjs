// Started by beside_sharp.py: sharp's part. A line of JSON in, what to do for how long; a line of JSON out, the times.
//
//     node beside_sharp.mjs FOLDER      (where node_modules/sharp is)
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.argv[2], "package.json"));
const sharp = require("sharp");
sharp.concurrency(1);
sharp.cache(false);

// PNG without a quality: with one it would have a palette.
const write = {
  jpeg: (image) => image.jpeg({ quality: 80 }),
  webp: (image) => image.webp({ quality: 80 }),
  png: (image) => image.png(),
};

async function measured({ path, width, format, seconds }) {
  const bytes = readFileSync(path);
  const once = () => write[format](sharp(bytes).resize({ width })).toBuffer();
  const ms = [];
  let size = (await once()).length;
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    const begin = performance.now();
    size = (await once()).length;
    ms.push(performance.now() - begin);
  }
  return { ms, bytes: size };
}

console.log(JSON.stringify({ version: `sharp ${sharp.versions.sharp}, its libvips ${sharp.versions.vips}` }));
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await measured(JSON.parse(line))));

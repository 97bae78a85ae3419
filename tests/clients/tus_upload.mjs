// Uploads a file by tus-js-client, and goes on with it until it is through:
//
//   node tus_upload.mjs ENDPOINT FILE [CHUNK_BYTES]
//
// What becomes of it is told by lines of JSON: {"url": …} where it is, {"tries": n} when something went wrong,
// {"job": …, "bytes": …} at the end.
import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import * as tus from "tus-js-client";

const [endpoint, file, chunkBytes] = process.argv.slice(2);
const tell = (news) => console.log(JSON.stringify(news));
let tries = 0;

const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  uploadSize: statSync(file).size,
  chunkSize: chunkBytes ? Number(chunkBytes) : Infinity,
  retryDelays: Array(200).fill(50),
  metadata: { filename: basename(file), filetype: "image/png", note: "a client's own" },
  onUploadUrlAvailable: () => tell({ url: upload.url }),
  onShouldRetry: (error) => {
    tell({ tries: ++tries, status: error.originalResponse?.getStatus() ?? null });
    const status = error.originalResponse?.getStatus() ?? 0;
    return status === 0 || status === 409 || status >= 500;
  },
  onError: (error) => {
    console.error(error.message);
    process.exit(1);
  },
  onSuccess: ({ lastResponse }) => tell({ job: lastResponse.getHeader("Upload-Job"), tries }),
});
upload.start();

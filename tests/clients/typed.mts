// A client whose types openapi-typescript has made of the contract (api.d.mts): uploads FILE to BASE, waits, lists, reads the
// variant, and is told what it does wrong. The compiler checks each name and type; what is seen is told as JSON.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.mjs";

type Job = components["schemas"]["Job"];
type Problem = components["schemas"]["Problem"];

const [base, file] = process.argv.slice(2) as [string, string];
const api = createClient<paths>({ baseUrl: base });

const uploaded = await api.POST("/v1/jobs", {
  params: { header: { "Idempotency-Key": "typed-client" } },
  body: { file: "", variants: "thumbnail" },
  bodySerializer: () => {
    const form = new FormData();
    form.set("variants", "thumbnail");
    form.set("file", new Blob([new Uint8Array(readFileSync(file))]), "typed.png");
    return form;
  },
});
const refused: Problem | undefined = uploaded.error;
if (refused !== undefined) throw new Error(JSON.stringify(refused));
const job: Job = uploaded.data!;

const finished = await api.GET("/v1/jobs/{id}", { params: { path: { id: job.id }, header: { Prefer: "wait=30" } } });
const listed = await api.GET("/v1/jobs", { params: { query: { status: "PROCESSED", limit: 1 } } });
const variant = await api.GET("/v1/images/{id}/variants/{name}", {
  params: { path: { id: job.image.id, name: "thumbnail" } },
  parseAs: "arrayBuffer",
});
const unknown = await api.GET("/v1/jobs/{id}", { params: { path: { id: "01934b7e-5f00-7abc-8def-0123456789ab" } } });
const problem: Problem = unknown.error!;
console.log(
  JSON.stringify({
    id: job.id,
    status: finished.data!.status,
    width: finished.data!.image.variants[0]?.width,
    listed: listed.data!.items[0]!.id,
    bytes: (variant.data as ArrayBuffer).byteLength,
    problem: { type: problem.type, status: problem.status },
  }),
);

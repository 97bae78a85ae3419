// A client as in typed.mts, of a server that asks for keys: it is refused without one, and uploads FILE to BASE with KEY, which goes
// with every request as openapi-fetch has it, by a middleware.
import { readFileSync } from "node:fs";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.mjs";

type Job = components["schemas"]["Job"];
type Problem = components["schemas"]["Problem"];

const [base, file, key] = process.argv.slice(2) as [string, string, string];
const withKey: Middleware = {
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${key}`);
    return request;
  },
};
const api = createClient<paths>({ baseUrl: base });

const upload = () =>
  api.POST("/v1/jobs", {
    body: { file: "", variants: "" },
    bodySerializer: () => {
      const form = new FormData();
      form.set("variants", "");
      form.set("file", new Blob([new Uint8Array(readFileSync(file))]), "keyed.png");
      return form;
    },
  });
const problem: Problem = (await upload()).error!;
const unlisted: Problem = (await api.GET("/v1/jobs")).error!;

api.use(withKey);
const uploaded = await upload();
const refused: Problem | undefined = uploaded.error;
if (refused !== undefined) throw new Error(JSON.stringify(refused));
const job: Job = uploaded.data!;
const listed = await api.GET("/v1/jobs");
const original = await api.GET("/v1/images/{id}/original", { params: { path: { id: job.image.id } }, parseAs: "arrayBuffer" });
console.log(
  JSON.stringify({
    problems: [problem, unlisted].map(({ type, status }) => ({ type, status })),
    id: job.id,
    listed: listed.data!.items.map((each) => each.id),
    bytes: (original.data as ArrayBuffer).byteLength,
  }),
);

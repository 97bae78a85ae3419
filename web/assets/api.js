// The calls of the HTTP API that this page makes.

/** A call that did not do what was asked. `problem` is the server's problem document (RFC 9457), if there was one. */
export class Failure extends Error {
  constructor(message, { status = 0, problem = null } = {}) {
    super(message);
    this.status = status;
    this.problem = problem;
  }
}

export function failureOf(status, contentType, text) {
  if ((contentType ?? "").startsWith("application/problem+json")) {
    try {
      return new Failure(`status ${status}`, { status, problem: JSON.parse(text) });
    } catch {
      // A cut answer is told like one without a document.
    }
  }
  return new Failure(`The server answered with status ${status}.`, { status });
}

export const unreachable = () => new Failure("The server cannot be reached.");

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (!answer.ok) {
    throw failureOf(answer.status, answer.headers.get("Content-Type"), await answer.text());
  }
  return answer.status === 204 ? null : answer.json();
}

export function listJobs({ limit, cursor }) {
  const query = new URLSearchParams({ limit });
  if (cursor) query.set("cursor", cursor);
  return call(`/v1/jobs?${query}`);
}

/** Answers when the job is finished, or after `seconds` as it stands. */
export function waitForJob(id, seconds, signal) {
  return call(`/v1/jobs/${encodeURIComponent(id)}`, { headers: { Prefer: `wait=${seconds}` }, signal });
}

export function deleteJob(id) {
  return call(`/v1/jobs/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/**
 * Uploads one file; resolves to its job. XMLHttpRequest, because fetch tells nothing of an upload's progress.
 * `onProgress` gets the share that is sent, 0 to 1.
 */
export function upload(file, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/jobs");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) {
        resolve(JSON.parse(request.responseText));
      } else {
        reject(failureOf(request.status, request.getResponseHeader("Content-Type"), request.responseText));
      }
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(new DOMException("called off", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file, file.name || "pasted-picture");
    request.send(form);
  });
}

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

// Kept for this tab alone, and only until it is closed.
const keyName = "safelight-api-key";

export const hasKey = () => sessionStorage.getItem(keyName) !== null;

export const isKey = (text) => /^sl_live_[0-9A-Za-z]{46}$/.test(text);

/** The API key that every call carries from now on. */
export function useKey(key) {
  sessionStorage.setItem(keyName, key);
}

export function forgetKey() {
  sessionStorage.removeItem(keyName);
}

const authorisation = () => (hasKey() ? { Authorization: `Bearer ${sessionStorage.getItem(keyName)}` } : {});

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options, headers: { ...authorisation(), ...options?.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (!answer.ok) {
    throw failureOf(answer.status, answer.headers.get("Content-Type"), await answer.text());
  }
  return answer;
}

async function call(path, options) {
  const answer = await ask(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** The bytes at an address, for what the browser cannot ask for with a key by itself. */
export async function bytesOf(path) {
  return (await ask(path, { cache: "default" })).blob();
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
    for (const [name, value] of Object.entries(authorisation())) request.setRequestHeader(name, value);
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

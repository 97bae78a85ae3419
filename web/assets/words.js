// Figures and faults in plain words.

const count = new Intl.NumberFormat("en");

/** 2548630 → "2.5 MB". */
export function bytes(value) {
  if (value < 1000) return `${value} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  let scaled = value;
  let unit = -1;
  do {
    scaled /= 1000;
    unit += 1;
  } while (scaled >= 999.95 && unit < units.length - 1);
  return `${scaled.toFixed(scaled < 10 ? 1 : 0)} ${units[unit]}`;
}

export function exactBytes(value) {
  return `${count.format(value)} bytes`;
}

export function dimensions(width, height) {
  return `${width} × ${height}`;
}

/** "image/jpeg" → "JPEG". */
export function format(mediaType) {
  const name = (mediaType ?? "").split("/")[1] ?? "";
  const spelled = { webp: "WebP", jxl: "JPEG XL", "svg+xml": "SVG" };
  return spelled[name] ?? name.toUpperCase();
}

const statusWords = {
  UNPROCESSED: "kept, nothing made yet",
  PROCESSING: "developing…",
  PROCESSED: "ready",
  FAILED: "failed",
};

export function status(jobStatus) {
  return statusWords[jobStatus] ?? jobStatus;
}

export function time(text) {
  return new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
}

/** What a person is told of a Failure of api.js: sentences, the first being the most important. */
export function fault(failure) {
  const problem = failure.problem;
  if (!problem) return [failure.message];
  const sentences = [problem.title];
  if (problem.detail && problem.detail !== problem.title) sentences.push(problem.detail);
  for (const error of problem.errors ?? []) {
    if (error.detail && error.detail !== problem.detail) sentences.push(error.detail);
  }
  return sentences.map((sentence) => (/[.!?…]$/.test(sentence) ? sentence : `${sentence}.`));
}

// The page: pictures come in by choosing, dropping or pasting; each has a card that follows its job.
import * as api from "./api.js";
import { Card } from "./card.js";
import { Gate } from "./gate.js";
import * as words from "./words.js";

const pageSize = 20;
const waitSeconds = 20;
const retryPauseMs = 2000;
const uploads = new Gate(2);
const watches = new Gate(2);

const byId = (id) => document.getElementById(id);
const list = byId("list");
const cards = new Map(); // job id → Card
let nextCursor = null;

function announce(text) {
  byId("announcer").textContent = text;
}

function updateEmpty() {
  byId("empty").hidden = list.childElementCount > 0;
}

function removeCard(card) {
  const neighbour = card.root.nextElementSibling ?? card.root.previousElementSibling;
  const hadFocus = card.root.contains(document.activeElement) || document.activeElement === document.body;
  card.remove();
  updateEmpty();
  if (hadFocus) (neighbour ?? byId("pictures")).focus();
}

// --- one job ---

function showJob(card, job, openFacts = false) {
  cards.set(job.id, card);
  card.showJob(job, { onDelete: () => askAndDelete(card, job), openFacts });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Follows a job until it is finished or gone. */
async function watch(card, job) {
  while (job.status === "PROCESSING" && cards.get(job.id) === card) {
    try {
      const id = job.id;
      job = await watches.pass(() => api.waitForJob(id, waitSeconds));
      if (cards.get(job.id) === card) showJob(card, job);
    } catch (failure) {
      if (failure.status === 404) {
        forget(card, job.id);
        return;
      }
      card.showTrouble(failure);
      if (isAboutTheKey(failure)) {
        askForKey();
        return;
      }
      await pause(retryPauseMs);
    }
  }
  if (cards.get(job.id) === card) announce(`${job.image.filename || "The picture"}: ${words.status(job.status)}`);
}

function forget(card, id) {
  cards.delete(id);
  removeCard(card);
}

async function askAndDelete(card, job) {
  const dialog = byId("confirm");
  byId("confirm-name").textContent = job.image.filename || "The picture";
  dialog.returnValue = "keep";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue !== "delete") return;
  try {
    await api.deleteJob(job.id);
  } catch (failure) {
    if (failure.status !== 404) {
      card.showTrouble(failure);
      return;
    }
  }
  forget(card, job.id);
  announce(`${job.image.filename || "The picture"} is deleted`);
}

// --- uploads ---

async function bringIn(file) {
  const card = new Card();
  const cancel = new AbortController();
  card.showWaiting(file, () => {
    cancel.abort();
    removeCard(card);
  });
  list.prepend(card.root);
  updateEmpty();
  try {
    const job = await uploads.pass(() => send(file, card, cancel.signal));
    announce(`${file.name || "The picture"} is uploaded`);
    showJob(card, job, true);
    await watch(card, job);
  } catch (failure) {
    if (failure.name === "AbortError") return;
    if (isAboutTheKey(failure)) askForKey();
    card.showFailure(failure, () => removeCard(card));
    announce(`${file.name || "The picture"} was not accepted. ${words.fault(failure).join(" ")}`);
  }
}

function send(file, card, signal) {
  signal.throwIfAborted();
  announce(`Uploading ${file.name || "the picture"}`);
  card.showProgress(0);
  return api.upload(file, { onProgress: (share) => card.showProgress(share), signal });
}

function bringInAll(files) {
  for (const file of files) bringIn(file);
}

// --- the list ---

async function loadPage(cursor) {
  const notice = byId("list-notice");
  try {
    const page = await api.listJobs({ limit: pageSize, cursor });
    notice.hidden = true;
    for (const job of page.items) {
      if (cards.has(job.id)) continue;
      const card = new Card();
      showJob(card, job);
      list.append(card.root);
      if (job.status === "PROCESSING") watch(card, job);
    }
    nextCursor = page.next_cursor ?? null;
    byId("more").hidden = nextCursor === null;
  } catch (failure) {
    notice.textContent = words.fault(failure).join(" ");
    notice.hidden = false;
    if (isAboutTheKey(failure)) askForKey();
  }
  updateEmpty();
}

async function refresh() {
  for (const [id, card] of [...cards]) {
    cards.delete(id);
    card.remove();
  }
  await loadPage(null);
  announce("The list is up to date");
}

// --- the key, where the server asks for one ---

const isAboutTheKey = (failure) => failure.status === 401 || failure.status === 403;

function askForKey() {
  api.forgetKey();
  byId("key-form").hidden = false;
  byId("forget-key").hidden = true;
  byId("key").focus();
}

function acceptKey() {
  byId("forget-key").hidden = !api.hasKey();
  byId("forget-key").addEventListener("click", () => {
    for (const [id, card] of [...cards]) forget(card, id);
    askForKey();
    announce("The key is forgotten");
  });
  byId("key-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = byId("key").value.trim();
    byId("key").value = "";
    if (!api.isKey(key)) {
      byId("list-notice").textContent = "That is no API key: sl_live_ and 46 letters and digits, as it was shown when it was made.";
      byId("list-notice").hidden = false;
      return;
    }
    api.useKey(key);
    byId("key-form").hidden = true;
    byId("forget-key").hidden = false;
    await refresh();
  });
}

// --- wiring ---

function acceptDrops() {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0; // dragenter and dragleave come for every element below the pointer
  const light = (change) => {
    depth = Math.max(0, depth + change);
    byId("tray").classList.toggle("over", depth > 0);
  };
  document.addEventListener("dragenter", (event) => hasFiles(event) && light(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && light(-1));
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    light(-depth);
    bringInAll(event.dataTransfer.files);
  });
}

function acceptChoice() {
  const input = byId("file");
  input.addEventListener("change", () => {
    bringInAll([...input.files]);
    input.value = ""; // so that the same file can be chosen again
  });
}

function acceptPaste() {
  document.addEventListener("paste", (event) => bringInAll([...(event.clipboardData?.files ?? [])]));
}

function offerRecipe() {
  for (const place of document.querySelectorAll("[data-origin]")) place.textContent = location.origin;
  byId("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(byId("recipe").textContent);
      byId("copy").textContent = "Copied";
      announce("The example is copied");
    } catch {
      // No clipboard outside a secure context: selected, it can be copied by hand.
      getSelection().selectAllChildren(byId("recipe"));
      announce("The example is selected");
    }
  });
}

acceptChoice();
acceptDrops();
acceptPaste();
acceptKey();
offerRecipe();
byId("refresh").addEventListener("click", refresh);
byId("more").addEventListener("click", () => loadPage(nextCursor));
await loadPage(null);

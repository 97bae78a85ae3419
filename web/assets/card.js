// One picture on the page: while it uploads, while it is worked on, and after.
import * as api from "./api.js";
import * as words from "./words.js";

const template = document.getElementById("card-template");

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Whether its address gives its picture: what has expired is made again for who asks. */
function isThere(variant) {
  return variant.status === "ready" || variant.status === "expired";
}

export class Card {
  #root = template.content.firstElementChild.cloneNode(true);
  #previewUrl = null;
  #shown = null; // the address of a thumbnail that was fetched with a key

  constructor() {
    this.#part("img").addEventListener("error", () => this.#hidePicture());
  }

  get root() {
    return this.#root;
  }

  #part(selector) {
    return this.#root.querySelector(selector);
  }

  #setState(state, chip, summary = "") {
    this.#root.dataset.state = state;
    this.#part(".chip").textContent = chip;
    this.#part(".summary").textContent = summary;
  }

  /** Before anything is sent. `onCancel` is called when the upload is called off. */
  showWaiting(file, onCancel) {
    this.#part(".name").textContent = file.name || "Pasted picture";
    this.#setState("waiting", "waiting", words.bytes(file.size));
    this.#previewUrl = URL.createObjectURL(file);
    this.#showPicture(this.#previewUrl, "");
    this.#setActions(element("button", { type: "button", className: "quiet", textContent: "Cancel", onclick: onCancel }));
  }

  showProgress(share) {
    const percent = Math.floor(share * 100);
    const bar = this.#part(".bar");
    bar.hidden = false;
    bar.value = percent;
    bar.setAttribute("aria-label", `Upload of ${this.#part(".name").textContent}`);
    this.#setState("uploading", share < 1 ? `uploading, ${percent} %` : "checking…");
  }

  /** The job as the server tells it. `actions` has onDelete. */
  showJob(job, { onDelete, openFacts = false }) {
    const image = job.image;
    const name = image.filename || "Unnamed picture";
    this.#root.dataset.job = job.id;
    this.#part(".name").textContent = name;
    this.#part(".bar").hidden = true;
    this.#setState(
      job.status.toLowerCase(),
      words.status(job.status),
      `${words.format(image.media_type)} · ${words.dimensions(image.width, image.height)} · ${words.bytes(image.bytes)}`,
    );
    this.#showVariants(image, name);
    this.#showFacts(job, openFacts);
    this.#setActions(
      this.#link(image.url, "Original", name),
      ...image.variants
        .filter(isThere)
        .map((variant) => this.#link(variant.url, variant.name, `${variant.name} of ${name}`)),
      element("button", {
        type: "button",
        className: "quiet delete",
        textContent: "Delete",
        ariaLabel: `Delete ${name}`,
        onclick: onDelete,
      }),
    );
  }

  showFailure(failure, onDismiss) {
    this.#part(".bar").hidden = true;
    this.#setState("failed", "not accepted");
    this.#showSentences(words.fault(failure), failure.problem?.request_id);
    this.#setActions(
      element("button", { type: "button", className: "quiet", textContent: "Dismiss", onclick: onDismiss }),
    );
  }

  /** Trouble with a call about a picture that is there; the rest of the card stays. */
  showTrouble(failure) {
    this.#showSentences(words.fault(failure), failure.problem?.request_id);
  }

  remove() {
    this.#dropPreview();
    this.#root.remove();
  }

  #showVariants(image, name) {
    const failed = image.variants.filter((variant) => variant.status === "failed");
    if (failed.length > 0) {
      this.#showSentences(
        failed.map((variant) => `${variant.name}: ${variant.error?.detail || variant.error?.title || "could not be made"}`),
      );
    } else {
      this.#part(".problem").hidden = true;
    }
    const thumbnail = image.variants.find((variant) => variant.name === "thumbnail" && isThere(variant));
    if (thumbnail) {
      this.#showThumbnail(thumbnail.url, `Thumbnail of ${name}`);
    } else if (!this.#previewUrl) {
      this.#hidePicture();
    }
  }

  #showFacts(job, open) {
    const image = job.image;
    const facts = [
      ["Media type", image.media_type],
      ["Dimensions", `${words.dimensions(image.width, image.height)} pixels`],
      ["Size", words.exactBytes(image.bytes)],
      ["SHA-256", image.sha256],
      ["Frames", String(image.frames)],
      ["Alpha", image.has_alpha ? "yes" : "no"],
      ["Uploaded", words.time(job.created_at)],
      ["Job", job.id],
    ];
    const details = this.#part(".facts");
    details.querySelector("dl").replaceChildren(
      ...facts.map(([term, value]) => element("div", {}, element("dt", { textContent: term }), element("dd", { textContent: value }))),
    );
    details.open ||= open;
    details.hidden = false;
  }

  #showSentences(sentences, requestId) {
    const box = this.#part(".problem");
    const [first, ...rest] = sentences;
    box.replaceChildren(element("p", { className: "problem-title", textContent: first }));
    for (const sentence of rest) box.append(element("p", { textContent: sentence }));
    if (requestId) box.append(element("p", { className: "hint", textContent: `Request ${requestId}` }));
    box.hidden = false;
  }

  #setActions(...actions) {
    const focused = this.#part(".actions").contains(document.activeElement);
    this.#part(".actions").replaceChildren(...actions);
    if (focused) this.#root.focus();
  }

  /** Where a key is needed, a link cannot carry it: the bytes are fetched and saved. */
  #link(url, text, filename) {
    const link = element("a", { href: url, textContent: text });
    if (!api.hasKey()) return link;
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      try {
        const saved = URL.createObjectURL(await api.bytesOf(url));
        element("a", { href: saved, download: filename }).click();
        setTimeout(() => URL.revokeObjectURL(saved), 60_000); // saving may begin later
      } catch (failure) {
        this.showTrouble(failure);
      }
    });
    return link;
  }

  async #showThumbnail(url, description) {
    if (!api.hasKey()) {
      this.#showPicture(url, description);
      return;
    }
    if (this.#shown === url) return;
    this.#shown = url;
    try {
      const bytes = await api.bytesOf(url);
      if (!this.#root.isConnected) return;
      const shown = URL.createObjectURL(bytes);
      this.#dropPreview();
      this.#previewUrl = shown;
      this.#showPicture(shown, description);
    } catch (failure) {
      this.#shown = null;
      this.showTrouble(failure);
    }
  }

  #showPicture(url, description) {
    const picture = this.#part("img");
    if (url !== this.#previewUrl) picture.addEventListener("load", () => this.#dropPreview(), { once: true });
    picture.src = url;
    picture.alt = description;
    picture.hidden = false;
  }

  #hidePicture() {
    const picture = this.#part("img");
    picture.hidden = true;
    picture.removeAttribute("src");
    this.#dropPreview();
  }

  #dropPreview() {
    if (this.#previewUrl) URL.revokeObjectURL(this.#previewUrl);
    this.#previewUrl = null;
  }
}

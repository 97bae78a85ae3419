// Lets only so many asynchronous works run at once; the others wait in order. A browser opens about six connections
// to a server, and uploads, long polls and thumbnails share them.
export class Gate {
  #free;
  #waiting = [];

  constructor(places) {
    this.#free = places;
  }

  async pass(work) {
    if (this.#free > 0) {
      this.#free -= 1;
    } else {
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) {
        next();
      } else {
        this.#free += 1;
      }
    }
  }
}

// A picture of one's own, projected on the server while the page goes on.

import { takePictures } from "./drop.js";
import { ask, send } from "./talk.js";

const POLL = 250;
const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));

export class Own {
  // `asked()` is the space and the label of now; `found(view)` shows what was found.
  constructor($, { asked, found, largest }) {
    Object.assign(this, { $, asked, found, file: null, job: null, turn: 0 });
    takePictures($("own-zone"), $("own-file"), largest, file => this.take(file), words => this.say(words));
    $("own-begin").addEventListener("click", () => this.project());
    $("own-cancel").addEventListener("click", () => this.cancel());
  }

  say(words) { this.$("own-note").textContent = words; }

  take(file) {
    const image = this.$("own-picture");
    if (image.src) URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(file);
    image.hidden = false;
    this.$("own-words").textContent = "Drop or choose another";
    this.file = file;
    return this.project();
  }

  async project() {
    const turn = ++this.turn, steps = Number(this.$("own-steps").value) || 300, fit = this.$("own-fit").value;
    try {
      await this.cancel();
      this.say("Begins …");
      const { job } = await (await send("project", this.file, { ...this.asked(), fit, steps })).json();
      this.job = job;
      this.busy(true);
      const told = await this.watch(job);
      if (turn === this.turn) this.ended(told);
    } catch (error) { if (turn === this.turn) this.say(error.message); }
    if (turn !== this.turn) return;
    this.job = null;
    this.busy(false);
  }

  async watch(job) {
    for (;;) {
      const told = await (await ask("progress", { job })).json();
      Object.assign(this.$("own-progress"), { max: told.total, value: told.done });
      if (told.ended) return told;
      this.say(told.done ? `Step ${told.done} of ${told.total}` : "Begins …");
      await pause(POLL);
    }
  }

  ended({ view, error, done }) {
    this.say(error ?? (view ? `Found in ${done} steps; move on from there.` : `Canceled after ${done} steps.`));
    if (view) this.found(view);
  }

  async cancel() {
    const { job } = this;
    if (!job) return;
    await ask("cancel", { job });
    while (!(await (await ask("progress", { job })).json()).ended) await pause(POLL / 5);
  }

  busy(is) {
    this.$("own-cancel").disabled = !is;
    this.$("own-begin").disabled = is || !this.file;
  }
}

// A page of seeds, each with its small picture.

import { Small, tile } from "./small.js";

const PAGE = 12;
const LAST = Number.MAX_SAFE_INTEGER - PAGE;

export class Gallery {
  constructor({ list, back, on, shown }, { chosen, viewed, failed }) {
    this.small = new Small(failed);
    this.first = 0;
    this.viewed = viewed;
    this.parts = { list, back, on, shown };
    this.tiles = Array.from({ length: PAGE }, (_, i) => tile("", () => chosen(this.first + i)));
    list.replaceChildren(...this.tiles.map(({ button }) => {
      const item = document.createElement("li"), number = document.createElement("span");
      number.className = "number";
      item.append(button, number);
      return item;
    }));
    back.addEventListener("click", () => this.turn(-PAGE));
    on.addEventListener("click", () => this.turn(PAGE));
  }

  turn(by) {
    this.first = Math.min(LAST, Math.max(0, this.first + by));
    this.picture();
  }

  // `viewed(seed)` is the view of a seed with the class and the truncation of now.
  picture() {
    this.parts.shown.textContent = `${this.first} – ${this.first + PAGE - 1}`;
    this.parts.back.disabled = this.first === 0;
    this.tiles.forEach(({ button }, i) => {
      button.setAttribute("aria-label", `seed ${this.first + i}`);
      button.nextSibling.textContent = this.first + i;
    });
    return this.small.show(this.tiles.map(({ image }, i) => [image, this.viewed(this.first + i)]));
  }

  mark(seed) {
    this.tiles.forEach(({ button }, i) => button.setAttribute("aria-pressed", String(this.first + i === seed)));
  }
}

// A page of numbered small pictures, such as those of seeds.

import { Small, tile } from "./small.js";

const PAGE = 12;

export class Gallery {
  // `viewed(i)` is what is asked for to show number i.
  constructor({ list, back, on, shown }, { chosen, viewed, failed, path, word = "seed" }) {
    this.small = new Small(failed, path);
    Object.assign(this, { parts: { list, back, on, shown }, viewed, word, first: 0, count: Number.MAX_SAFE_INTEGER });
    this.tiles = Array.from({ length: PAGE }, (_, i) => tile(`${word} ${i}`, () => chosen(this.first + i)));
    list.replaceChildren(...this.tiles.map(({ button }) => {
      const item = document.createElement("li"), number = document.createElement("span");
      number.className = "number";
      item.append(button, number);
      return item;
    }));
    back.addEventListener("click", () => this.turn(-PAGE));
    on.addEventListener("click", () => this.turn(PAGE));
  }

  // There are no more than that.
  limit(count) {
    Object.assign(this, { count, first: 0 });
    return this.picture();
  }

  turn(by) {
    this.first = Math.max(0, this.first + by);
    this.picture();
  }

  picture() {
    const there = this.tiles.filter((_, i) => this.first + i < this.count);
    this.parts.shown.textContent = `${this.first} – ${this.first + there.length - 1}`;
    this.parts.back.disabled = this.first === 0;
    this.parts.on.disabled = this.first + PAGE >= this.count;
    this.tiles.forEach(({ button }, i) => {
      button.parentElement.hidden = i >= there.length;
      button.setAttribute("aria-label", `${this.word} ${this.first + i}`);
      button.nextSibling.textContent = this.first + i;
    });
    return this.small.show(there.map(({ image }, i) => [image, this.viewed(this.first + i)]));
  }

  mark(chosen) {
    this.tiles.forEach(({ button }, i) => button.setAttribute("aria-pressed", String(this.first + i === chosen)));
  }
}

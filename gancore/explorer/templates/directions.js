// One slider a direction, filled from its middle, between small pictures of the two ends.

import { REACH } from "./pad.js";
import { Small, tile } from "./small.js";

const END = 3;

export const signed = x => (x < 0 ? "−" : "+") + Math.abs(x).toFixed(2);

export class Directions {
  constructor(list, count, { moved, failed }) {
    this.small = new Small(failed);
    this.rows = Array.from({ length: count }, (_, i) => new Row(value => moved(i, value)));
    list.replaceChildren(...this.rows.map(row => row.item));
  }

  show(values, names) { this.rows.forEach((row, i) => row.show(values[i], names?.[i] ?? String(i + 1))); }

  // `moved(i, value)` is the view with direction i at a value.
  picture(moved) {
    return this.small.show(this.rows.flatMap((row, i) => row.ends.map(({ image, at }) => [image, moved(i, at)])));
  }
}

class Row {
  constructor(moved) {
    this.item = document.createElement("li");
    const label = document.createElement("label");
    [this.name, this.value, this.range] = ["span", "output", "input"].map(kind => label.appendChild(document.createElement(kind)));
    Object.assign(this.range, { type: "range", className: "centered", min: -REACH, max: REACH, step: 0.05, value: 0 });
    this.range.addEventListener("input", () => moved(Number(this.range.value)));
    this.ends = [-END, END].map(at => ({ at, ...tile("", () => moved(at)) }));
    this.item.append(this.ends[0].button, label, this.ends[1].button);
  }

  show(value, name) {
    this.name.textContent = name;
    this.range.value = value;
    this.range.style.setProperty("--at", (value + REACH) / (2 * REACH));
    this.value.textContent = signed(value);
    this.range.setAttribute("aria-label", `direction ${name}`);
    for (const { button, at } of this.ends) {
      button.setAttribute("aria-label", `direction ${name} to ${signed(at)}`);
      button.title = `${name} ${signed(at)}`;
    }
  }
}

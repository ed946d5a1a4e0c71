// Pinned images: the view of each, and the two that are interpolated.

const MOST = 24;

export class Pins {
  constructor(strip, { chosen, changed }) {
    this.strip = strip;
    this.list = [];
    this.count = 0;
    this.chosen = chosen;
    this.changed = changed;
  }

  add(view, url) {
    if (this.list.length === MOST) throw new Error(`${MOST} images are already pinned; remove one first`);
    this.list.push({ view, url, number: ++this.count });
    this.draw();
    this.changed();
  }

  remove(pin) {
    this.list = this.list.filter(other => other !== pin);
    URL.revokeObjectURL(pin.url);
    this.draw();
    this.changed();
  }

  numbered(number) { return this.list.find(pin => pin.number === Number(number)); }

  mark(from, to) {
    for (const item of this.strip.children) {
      item.classList.toggle("from", Number(item.dataset.number) === from);
      item.classList.toggle("to", Number(item.dataset.number) === to);
    }
  }

  draw() {
    this.strip.replaceChildren(...this.list.map(pin => {
      const item = document.createElement("li");
      item.dataset.number = pin.number;
      const thumb = button("thumb", `show pin ${pin.number}`, () => this.chosen(pin));
      const image = document.createElement("img");
      image.src = pin.url;
      image.alt = "";
      thumb.append(image);
      const number = document.createElement("span");
      number.className = "number";
      number.textContent = pin.number;
      const remove = button("remove", `remove pin ${pin.number}`, () => this.remove(pin));
      remove.textContent = "✕";
      item.append(thumb, number, remove);
      return item;
    }));
  }
}

function button(name, label, pressed) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", pressed);
  return made;
}

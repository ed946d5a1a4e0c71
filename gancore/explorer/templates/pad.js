// A point in a square, moved with the pointer or the keyboard.

export const REACH = 4;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const within = x => Math.round(Math.min(REACH, Math.max(-REACH, x)) * 100) / 100;

export function circle(group, x, y, r) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [name, value] of Object.entries({ cx: x, cy: -y, r })) made.setAttribute(name, value);
  group.append(made);
}

export class Pad {
  constructor(svg, moved) {
    this.svg = svg;
    this.dot = svg.querySelector("#dot");
    this.around = svg.querySelector("#around");
    this.moved = moved;
    this.at = [0, 0];
    svg.addEventListener("pointerdown", event => {
      if (event.button) return;
      svg.setPointerCapture(event.pointerId);
      svg.focus({ preventScroll: true });
      this.go(this.place(event));
    });
    svg.addEventListener("pointermove", event => { if (svg.hasPointerCapture(event.pointerId)) this.go(this.place(event)); });
    svg.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const size = event.shiftKey ? 1 : 0.1, step = STEPS[event.key];
      if (step) this.go([this.at[0] + step[0] * size, this.at[1] + step[1] * size]);
      else if (event.key === "Home") this.go([0, 0]);
      else return;
      event.preventDefault();
    });
  }

  place(event) {
    const inner = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [inner.x, -inner.y];
  }

  go([x, y]) {
    const next = [within(x), within(y)];
    if (next[0] === this.at[0] && next[1] === this.at[1]) return;
    this.show(next);
    this.moved(next);
  }

  show([x, y]) {
    this.at = [x, y];
    this.dot.setAttribute("cx", x);
    this.dot.setAttribute("cy", -y);
  }

  lattice(size, step) {
    const middle = (size - 1) / 2, [x, y] = this.at;
    this.around.replaceChildren();
    for (let i = 0; i < size * size; i++) circle(this.around, x + (i % size - middle) * step, y + (middle - Math.floor(i / size)) * step, 0.06);
  }
}

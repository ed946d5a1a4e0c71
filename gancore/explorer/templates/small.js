// Small pictures of views. One is asked for at a time, so that the large image waits for no more than one of them.

import { picture } from "./talk.js";

export class Small {
  constructor(failed) {
    this.failed = failed;
    this.turn = 0;
  }

  // Pairs of an <img> and its view, in order; those of an earlier call that are not there yet are left out.
  async show(pairs) {
    const turn = ++this.turn;
    try {
      for (const [image, view] of pairs) if (image.dataset.view !== JSON.stringify(view)) {
        const url = await picture("small", view);
        if (turn !== this.turn) return URL.revokeObjectURL(url);
        put(image, url, view);
      }
    } catch (error) { this.failed(error); }
  }
}

function put(image, url, view) {
  if (image.src) URL.revokeObjectURL(image.src);
  image.src = url;
  image.dataset.view = JSON.stringify(view);
}

// A button that shows a small picture, in an item of a list.
export function tile(label, pressed) {
  const button = document.createElement("button"), image = document.createElement("img");
  button.type = "button";
  button.className = "thumb";
  button.setAttribute("aria-label", label);
  button.addEventListener("click", pressed);
  image.alt = "";
  button.append(image);
  return { button, image };
}

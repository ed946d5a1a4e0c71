// Small pictures of views, or of other things that are asked for. One is asked for at a time, so that the large image waits for no more than one of them.

import { picture } from "./talk.js";

export class Small {
  constructor(failed, path = "small") {
    Object.assign(this, { failed, path });
    this.turn = 0;
  }

  // Pairs of an <img> and its view, in order; those of an earlier call that are not there yet are left out.
  async show(pairs) {
    const turn = ++this.turn;
    for (const [image, view] of pairs) {
      if (image.dataset.view === JSON.stringify(view)) continue;
      const url = await picture(this.path, view).catch(this.failed);
      if (turn !== this.turn) return URL.revokeObjectURL(url);
      if (url) put(image, url, view);
    }
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

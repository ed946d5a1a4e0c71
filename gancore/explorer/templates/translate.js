import { takePictures } from "./drop.js";
import { Gallery } from "./gallery.js";
import { ask, newest, save, send, urlOf } from "./talk.js";

const $ = id => document.getElementById(id);
const about = await (await fetch("about")).json();
const state = { direction: about.directions[0], file: null, name: "", label: 0 };

const trouble = error => { $("trouble").textContent = error.message ?? error; $("trouble").hidden = false; };

const chosen = () => ({ direction: state.direction.name, fit: $("fit").value, ...(state.direction.classes ? { label: state.label } : {}) });

const show = newest(async () => {
  if (!state.file) return;
  const { file, name } = state, asked = chosen();
  const [before, after] = await Promise.all(["before", "after"].map(side => send(side, file, asked).then(urlOf)));
  await Promise.all([put("before", before), put("after", after)]);
  $("both").style.setProperty("--ratio", $("before").naturalWidth / $("before").naturalHeight);
  document.body.classList.toggle("large", Math.max($("after").naturalWidth, $("after").naturalHeight) > 200);
  $("status").textContent = `${name} · ${size("before")} to ${size("after")}`;
  for (const side of ["before", "after"]) {
    $(side).alt = `${name} ${side}`;
    $(`save-${side}`).disabled = false;
  }
  $("trouble").hidden = true;
}, trouble);

const size = side => `${$(side).naturalWidth} × ${$(side).naturalHeight}`;

function put(side, url) {
  if ($(side).src) URL.revokeObjectURL($(side).src);
  $(side).src = url;
  return $(side).decode();
}

function take(file, name) {
  Object.assign(state, { file, name });
  show();
}

const gallery = new Gallery({ list: $("gallery"), back: $("back"), on: $("on"), shown: $("shown") }, {
  path: "data",
  word: "picture",
  chosen: pick,
  viewed: asked,
  failed: trouble,
});

async function pick(index) {
  try { take(await (await ask("data", asked(index))).blob(), `picture ${index}`); } catch (error) { return trouble(error); }
  gallery.mark(index);
}

function asked(index) { return { direction: state.direction.name, index }; }

function turned() {
  const { direction } = state;
  $("parts").textContent = direction.generator.replace("/", " ");
  $("shape").textContent = direction.shape.join(" × ");
  $("before-word").textContent = `before: ${direction.reads}`;
  $("after-word").textContent = `after: ${direction.makes}`;
  for (const button of $("direction").children) button.setAttribute("aria-pressed", String(button.dataset.value === direction.name));
  $("fit").replaceChildren(...direction.fits.map(fit => new Option(fit === "keep" ? "keep its own" : fit, fit)));
  $("label-fields").hidden = !direction.classes;
  $("label").replaceChildren(...Array.from({ length: direction.classes }, (_, i) => new Option(direction.class_names[i] ?? i, i)));
  state.label = 0;
  $("data").hidden = !direction.pictures;
  gallery.limit(direction.pictures);
}

for (const direction of about.directions) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: `${direction.reads} → ${direction.makes}` });
  button.dataset.value = direction.name;
  button.addEventListener("click", () => { state.direction = direction; turned(); show(); });
  $("direction").append(button);
}
takePictures($("zone"), $("file"), about.largest_picture, file => { gallery.mark(null); take(file, file.name); }, trouble);
$("at").addEventListener("input", () => $("both").style.setProperty("--at", `${$("at").value}%`));
$("fit").addEventListener("input", show);
$("label").addEventListener("input", () => { state.label = Number($("label").value); show(); });
for (const side of ["before", "after"]) $(`save-${side}`).addEventListener("click", () => save($(side).src, `${about.name}-${side}.png`));

document.title = `${about.name} · before and after`;
$("name").textContent = about.name;
$("parts").hidden = $("shape").hidden = false;
$("direction-fields").hidden = about.directions.length < 2;
turned();
if (state.direction.pictures) pick(0);

import { ask, later, newest, picture, save, urlOf } from "./talk.js";
import { Directions, signed } from "./directions.js";
import { Gallery } from "./gallery.js";
import { Own } from "./own.js";
import { circle, Pad } from "./pad.js";
import { Pins } from "./pins.js";

const $ = id => document.getElementById(id);
const about = await (await fetch("about")).json();

// The state that everything shown is derived from.
const state = {
  mode: "point", seed: 0, label: about.label_rows ? null : 0, other: null, share: 0.5, truncation: 1, space: about.space, along: about.plane && about.space === "z" ? "shift" : "principal",
  shift: [0, 0], draw: 0, start: null, principal: Array(about.principal).fill(0), size: 3, step: 1,
  from: null, to: null, at: 0.5, kind: about.spaces.length > 1 ? "linear" : "spherical", between: about.spaces.at(-1), layers: new Set(),
};
let shown = null;

const trouble = error => { $("trouble").textContent = error.message; $("trouble").hidden = false; };
const clear = () => { $("trouble").hidden = true; };

// ---- the current view

const className = i => about.class_names[i] ?? String(i);

function label() {
  if (!about.classes || state.label === null) return {};
  const mixed = state.other !== null && state.other !== state.label;
  if (!about.label_rows && !mixed) return { label: state.label };
  const weights = Array(about.classes).fill(0);
  weights[state.label] = mixed ? Number((1 - state.share).toFixed(2)) : 1;
  if (mixed) weights[state.other] = state.share;
  return { label: weights };
}

function unmoved(seed) {
  const view = { seed, ...label() };
  if (about.truncates && state.truncation !== 1) view.truncation = state.truncation;
  if (state.space !== "z") view.space = state.space;
  return view;
}

function point(principal = state.principal) {
  const view = unmoved(state.seed);
  if (state.start) view.start = state.start;
  if (state.shift.some(Boolean)) Object.assign(view, { shift: state.shift, draw: state.draw });
  const last = principal.findLastIndex(Boolean);
  if (last >= 0) view.principal = principal.slice(0, last + 1);
  return view;
}

const ends = () => [pins.numbered(state.from)?.view, pins.numbered(state.to)?.view];
const isPointInZ = view => "seed" in view && (view.space ?? "z") === "z";

function view() {
  if (state.mode === "between") return { between: ends(), at: state.at, space: state.between, kind: state.kind };
  if (state.mode === "mix") return { mix: ends(), layers: [...state.layers].sort((a, b) => a - b) };
  return point();
}

function words(view) {
  if (view.between) return `${view.at.toFixed(2)} of the way from pin ${state.from} to pin ${state.to}`;
  if (view.mix) return `pin ${state.from} with ${view.layers.length} layers of pin ${state.to}`;
  const parts = [view.start ? "your own picture" : `seed ${view.seed}`];
  const classes = Array.isArray(view.label) ? view.label.flatMap((weight, i) => weight ? [i] : []) : "label" in view ? [view.label] : [];
  if (classes.length) parts.push(`${classes.length > 1 ? "classes" : "class"} ${classes.map(className).join(" and ")}`);
  if (view.shift) parts.push(`moved ${view.shift.map(signed).join(", ")}`);
  if (view.principal) parts.push(`principal ${view.principal.map(signed).join(", ")}`);
  if ("truncation" in view) parts.push(`truncation ${view.truncation}`);
  return parts.join(" · ");
}

// ---- requests to the server

const showImage = newest(async view => {
  const begun = performance.now(), url = await picture("image", view), before = $("image").src;
  shown = { view, url };
  $("image").src = url;
  await $("image").decode().catch(() => {});
  $("image").dataset.view = JSON.stringify(view);
  $("status").textContent = words(view);
  $("status").title = `${words(view)} · answered in ${Math.round(performance.now() - begun)} ms`;
  $("image").alt = words(view);
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
  clear();
}, trouble);

let grid = null;
const showAround = newest(async () => {
  const url = await picture("neighbors", { view: point(), along: state.along, size: state.size, step: state.step });
  for (const cell of $("cells").children) cell.style.backgroundImage = `url(${url})`;
  if (grid) URL.revokeObjectURL(grid);
  grid = url;
}, trouble);

const showPython = newest(async view => { $("python").textContent = (await (await ask("snippet", view)).json()).python; }, trouble);
const aroundSoon = later(showAround, 60), pythonSoon = later(() => showPython(view()), 120), remember = later(() => {
  history.replaceState(null, "", "#" + encodeURIComponent(JSON.stringify(point())));
}, 300);
const endsSoon = later(() => directions.picture((i, value) => point(state.principal.with(i, value))), 150);
const seedsSoon = later(() => gallery.picture(), 150);

function draw() {
  showImage(view());
  pythonSoon();
  controls();
}

function drawPoint() {
  state.mode = "point";
  stop();
  draw();
  aroundSoon();
  findPrincipal();
  if (given() || found.has(state.space)) endsSoon();
  seedsSoon();
  remember();
}

// ---- values of the controls

function press(group, value) {
  for (const button of $(group).children) button.setAttribute("aria-pressed", String(button.dataset.value === String(value)));
}

const onPad = () => state.along === "shift" ? state.shift : [state.principal[0] ?? 0, state.principal[1] ?? 0];

function controls() {
  document.body.classList.toggle("apart", state.mode !== "point");
  $("seed").value = state.seed;
  for (const [id, value, digits] of [["truncation", state.truncation, 2], ["step", state.step, 1], ["at", state.at, 2], ["label-mix", state.share, 2]]) {
    $(id).value = value;
    $(id + "-value").textContent = value.toFixed(digits);
  }
  if (about.classes) {
    $("label").value = state.label ?? "";
    $("label-other").value = state.other ?? "";
    $("label-mix-fields").hidden = state.other === null;
  }
  for (const [group, value] of [["space", state.space], ["along", state.along], ["size", state.size], ["kind", state.kind], ["between-space", state.between]]) press(group, value);
  pad.show(onPad());
  pad.lattice(state.size, state.step);
  $("pad-value").textContent = onPad().map(signed).join(", ");
  $("redraw").disabled = state.along !== "shift";
  $("directions-title").textContent = given() ? `Directions: ${given().method}` : "Principal directions";
  if (given()) $("directions-note").textContent = "From the file, with the names given there.";
  directions.show(state.principal, given()?.names);
  gallery.mark(state.start ? null : state.seed);
  for (const button of $("layers").children) button.setAttribute("aria-pressed", String(state.layers.has(Number(button.dataset.layer))));
  pinned();
}

function pinned() {
  $("pinned").replaceChildren();
  for (const { view } of pins.list) {
    const here = view.seed === state.seed && !view.start && !state.start && (view.space ?? "z") === state.space;
    if (here && state.along === "shift" && (view.draw ?? state.draw) === state.draw) circle($("pinned"), ...(view.shift ?? [0, 0]), 0.12);
  }
}

function cells() {
  const { size } = state, middle = (size - 1) / 2, share = i => size === 1 ? 0 : i / (size - 1) * 100;
  $("cells").style.gridTemplate = `repeat(${size}, minmax(0, 1fr)) / repeat(${size}, minmax(0, 1fr))`;
  $("cells").replaceChildren(...Array.from({ length: size * size }, (_, i) => {
    const column = i % size, row = Math.floor(i / size), right = column - middle, up = middle - row;
    const cell = document.createElement("button");
    cell.type = "button";
    cell.className = right || up ? "" : "here";
    cell.setAttribute("aria-label", right || up ? `move ${signed(right)}, ${signed(up)} steps` : "current position");
    cell.style.backgroundSize = `${size * 100}% ${size * 100}%`;
    cell.style.backgroundPosition = `${share(column)}% ${share(row)}%`;
    if (grid) cell.style.backgroundImage = "none";
    cell.addEventListener("click", () => pad.go([pad.at[0] + right * state.step, pad.at[1] + up * state.step]));
    return cell;
  }));
}

// ---- pins

const pins = new Pins($("strip"), {
  chosen: pin => { stop(); "seed" in pin.view ? adopt(pin.view) : show(pin); },
  changed: pinsChanged,
});

// A pin made by interpolating or mixing two others has no controls: it is only shown.
function show(pin) {
  document.body.classList.add("apart");
  showImage(pin.view);
  showPython(pin.view);
}

function adopt(view) {
  Object.assign(state, { seed: view.seed, truncation: view.truncation ?? 1, space: view.space ?? "z", shift: view.shift ?? [0, 0], draw: view.draw ?? state.draw, start: view.start ?? null });
  state.principal = state.principal.map((_, i) => view.principal?.[i] ?? 0);
  if (Array.isArray(view.label)) {
    const named = view.label.map((weight, i) => [weight, i]).filter(([weight]) => weight);
    [state.label, state.other] = [named[0]?.[1] ?? 0, named[1]?.[1] ?? null];
    state.share = named[1]?.[0] ?? 0.5;
  } else if (about.classes) Object.assign(state, { label: view.label ?? (about.label_rows ? null : 0), other: null });
  drawPoint();
}

function pinsChanged() {
  const several = pins.list.length > 1, numbers = pins.list.map(pin => pin.number);
  $("tools").hidden = !several;
  $("save-gif-all").hidden = numbers.length < 3;
  $("pins-note").textContent = several ? "" : "Pin two images to interpolate between them.";
  if (!numbers.includes(state.from)) state.from = numbers.find(number => number !== state.to) ?? null;
  if (!numbers.includes(state.to) || state.to === state.from) state.to = numbers.findLast(number => number !== state.from) ?? null;
  for (const [id, value] of [["from", state.from], ["to", state.to]]) {
    $(id).replaceChildren(...numbers.map(number => new Option(`pin ${number}`, number)));
    $(id).value = value;
  }
  endsChanged();
  if (!several && state.mode !== "point") drawPoint();
}

function endsChanged() {
  pins.mark(state.from, state.to);
  const [one, other] = ends(), both = one && other;
  const inZ = both && (about.spaces.length === 1 || (isPointInZ(one) || untouched(one)) && (isPointInZ(other) || untouched(other)));
  $("between-space").children[0].disabled = both && !inZ;
  if (both && !inZ && state.between !== "w") Object.assign(state, { between: "w", kind: "linear" });
  press("between-space", state.between);
  press("kind", state.kind);
  pinned();
}

// A point in w that was not moved still has its latent.
const untouched = view => "seed" in view && !view.shift && !view.principal && !view.start;

let playing = null;
function stop() {
  if (playing) cancelAnimationFrame(playing);
  playing = null;
  $("play").setAttribute("aria-pressed", "false");
}

function play() {
  const begun = performance.now() - (state.mode === "between" ? state.at : 0) * 2500;
  const frame = now => {
    const turns = Math.max(0, now - begun) / 2500 % 2;
    go("between", { at: Math.round((turns > 1 ? 2 - turns : turns) * 100) / 100 });
    playing = requestAnimationFrame(frame);
  };
  $("play").setAttribute("aria-pressed", "true");
  playing = requestAnimationFrame(frame);
}

function go(mode, change) {
  Object.assign(state, change, { mode });
  draw();
}

// ---- wiring

const pad = new Pad($("pad"), at => {
  if (state.along === "shift") state.shift = at;
  else at.forEach((value, i) => { if (i < state.principal.length) state.principal[i] = value; });
  drawPoint();
});

const directions = new Directions($("sliders"), about.principal, {
  moved: (i, value) => { state.principal[i] = value; drawPoint(); },
  failed: trouble,
});

const gallery = new Gallery({ list: $("seeds"), back: $("seeds-back"), on: $("seeds-on"), shown: $("seeds-shown") }, {
  chosen: seed => adopt(unmoved(seed)),
  viewed: unmoved,
  failed: trouble,
});

new Own($, {
  asked: () => ({ space: state.space, ...label() }),
  found: view => adopt({ ...unmoved(0), ...view }),
  largest: about.largest_picture,
});

function onInput(id, change) { $(id).addEventListener("input", () => change($(id))); }

function onChoice(group, change) {
  $(group).addEventListener("click", event => { const chosen = event.target.closest("button"); if (chosen && !chosen.disabled) change(chosen.dataset.value); });
}

const aPoint = change => value => { Object.assign(state, change(value)); drawPoint(); };
const aSeed = seed => ({ seed, start: null });
const randomSeed = () => aPoint(() => aSeed(Math.floor(Math.random() * 100000)))();

onInput("seed", input => { if (input.value !== "" && input.validity.valid) aPoint(() => aSeed(Number(input.value)))(); });
onInput("truncation", aPoint(input => ({ truncation: Number(input.value) })));
onInput("label", aPoint(input => ({ label: input.value === "" ? null : Number(input.value) })));
onInput("label-other", aPoint(input => ({ other: input.value === "" ? null : Number(input.value) })));
onInput("label-mix", aPoint(input => ({ share: Number(input.value) })));
onInput("step", input => { state.step = Number(input.value); controls(); aroundSoon(); });
onInput("at", input => { stop(); go("between", { at: Number(input.value) }); });
for (const end of ["from", "to"]) onInput(end, input => { stop(); state[end] = Number(input.value); endsChanged(); go(state.mode === "mix" ? "mix" : "between", {}); });
onChoice("space", aPoint(space => ({ space, along: space === "z" ? "shift" : "principal", shift: [0, 0], start: null, principal: state.principal.map(() => 0) })));
onChoice("along", along => { state.along = along; controls(); aroundSoon(); });
onChoice("size", size => { state.size = Number(size); cells(); controls(); showAround(); });
onChoice("kind", kind => go("between", { kind }));
onChoice("between-space", between => go("between", { between, kind: between === "w" ? "linear" : "spherical" }));
$("random").addEventListener("click", randomSeed);
$("redraw").addEventListener("click", aPoint(() => ({ draw: Math.floor(Math.random() * 100000), shift: [0, 0] })));
$("center").addEventListener("click", () => pad.go([0, 0]));
$("flatten").addEventListener("click", aPoint(() => ({ principal: state.principal.map(() => 0) })));
$("pin").addEventListener("click", pinShown);
$("save-image").addEventListener("click", saveImage);
$("save-latent").addEventListener("click", () => ask("latent", shown.view).then(saveAnswer).catch(trouble));
$("save-grid").addEventListener("click", () => grid && save(grid, "neighbors.png"));
$("save-gif").addEventListener("click", () => saveAnimation($("save-gif"), ends(), { space: state.between, kind: state.kind }));
$("save-gif-all").addEventListener("click", () => saveAnimation($("save-gif-all"), pins.list.map(pin => pin.view), { space: about.spaces.at(-1), kind: about.spaces.length > 1 ? "linear" : "spherical" }));
$("copy").addEventListener("click", copyPython);
$("play").addEventListener("click", () => playing ? stop() : play());
$("swap").addEventListener("click", () => {
  stop();
  [state.from, state.to] = [state.to, state.from];
  [$("from").value, $("to").value] = [state.from, state.to];
  endsChanged();
  if (state.mode !== "point") draw();
});
addEventListener("keydown", event => {
  const typing = event.target.closest("input:not([type=range]), select, textarea");
  const acts = { r: randomSeed, p: pinShown, s: saveImage }[event.key];
  if (!acts || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  acts();
});

async function pinShown() {
  if (!shown) return;
  const { view } = shown;
  try { pins.add(view, await picture("image", view)); } catch (error) { trouble(error); }
}

function saveImage() { if (shown) save(shown.url, `${about.name}.png`); }

async function saveAnswer(answer) {
  const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition")) ?? [null, "latent.npy"];
  const url = await urlOf(answer);
  save(url, `${about.name}-${name}`);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// There and back between two pins, or through several and back to the first.
async function saveAnimation(button, through, how) {
  const words = button.textContent;
  Object.assign(button, { disabled: true, textContent: "Making …" });
  try { await saveAnswer(await ask("animation", { through, ...how })); } catch (error) { trouble(error); }
  Object.assign(button, { disabled: false, textContent: words });
}

async function copyPython() {
  try {
    await navigator.clipboard.writeText((await (await ask("snippet", shown.view)).json()).python);
    $("copy").textContent = "Copied";
    setTimeout(() => { $("copy").textContent = "Copy Python"; }, 1500);
  } catch { getSelection().selectAllChildren($("python")); }
}

const given = () => about.directions?.space === state.space ? about.directions : null;
const found = new Set(), sought = new Set();
async function findPrincipal() {
  const { space } = state;
  if (given() || sought.has(space)) return;
  sought.add(space);
  $("directions-note").textContent = "Computing …";
  try {
    await (await ask("principal", { space })).json();
    found.add(space);
    endsSoon();
    $("directions-note").textContent = space === "w" ? "The directions in which codes vary most." : "The directions that change images most.";
  } catch (error) { $("directions-note").textContent = error.message; }
}

// ---- begin

function prepare() {
  document.title = `${about.name} · explore`;
  $("name").textContent = about.name;
  $("parts").textContent = about.parts.generator.replace("/", " ");
  $("shape").textContent = about.image.join(" × ");
  $("parts").hidden = $("shape").hidden = false;
  document.body.classList.toggle("clear", about.image[0] === 4);
  document.body.classList.toggle("large", Math.max(...about.picture) > 200);
  for (const shape of [document.querySelector(".frame"), $("cells").parentElement]) shape.style.aspectRatio = about.picture.join(" / ");
  $("truncation").disabled = !about.truncates;
  $("truncation-note").hidden = about.truncates;
  $("space-note").hidden = about.spaces.length > 1;
  $("space-fields").hidden = $("between-space").hidden = about.spaces.length === 1;
  for (const card of document.querySelectorAll(".walk, .around")) card.hidden = !about.plane;
  if (about.classes && (!about.label_rows || about.class_names.length)) {
    const classes = () => Array.from({ length: about.classes }, (_, i) => new Option(className(i), i));
    $("label-fields").hidden = false;
    $("label").replaceChildren(...(about.label_rows ? [new Option("as in the data", "")] : []), ...classes());
    $("label-other").replaceChildren(new Option("none", ""), ...classes());
  }
  layers();
  cells();
}

function layers() {
  $("layers").hidden = $("presets").hidden = !about.layers;
  if (!about.layers) $("mixing-note").textContent = "This generator reads one code for the whole image, so there are no layers to mix.";
  $("layers").replaceChildren(...Array.from({ length: about.layers }, (_, layer) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: layer + 1 });
    button.dataset.layer = layer;
    button.addEventListener("click", () => mixed(new Set(state.layers.has(layer) ? [...state.layers].filter(other => other !== layer) : [...state.layers, layer])));
    return button;
  }));
  for (const button of $("presets").children) button.addEventListener("click", () => {
    const part = Number(button.dataset.part), third = i => Math.round(about.layers * i / 3);
    mixed(new Set(Array.from({ length: about.layers }, (_, i) => i).slice(third(part), third(part + 1))));
  });
}

function mixed(layers) { stop(); go("mix", { layers }); }

function recalled() {
  try {
    const view = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    return Number.isInteger(view.seed) ? view : null;
  } catch { return null; }
}

prepare();
adopt(recalled() ?? { seed: 0, space: about.space });

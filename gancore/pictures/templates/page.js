function makeTimeline(box) {
  const slider = box.querySelector("input"), button = box.querySelector(".play"), output = box.querySelector("output");
  const strips = [...box.querySelectorAll(".strip")].map(strip => ({at: strip.querySelector(".at"), grids: [...strip.querySelectorAll("img")]}));
  const images = grid => Number(grid.dataset.images);
  const stops = [...new Set(strips.flatMap(strip => strip.grids.map(images)))].sort((a, b) => a - b);
  let timer = null;

  // Each strip shows its last grid up to this count; a strip that begins later shows its first.
  const show = index => {
    slider.value = index;
    const now = stops[slider.value];
    output.textContent = now.toLocaleString("en") + " images";
    slider.setAttribute("aria-valuetext", output.textContent);
    for (const {at, grids} of strips) {
      const shown = grids.findLast(grid => images(grid) <= now) ?? grids[0];
      grids.forEach(grid => { grid.hidden = grid !== shown; });
      at.textContent = images(shown).toLocaleString("en") + " images";
      at.classList.toggle("elsewhere", images(shown) !== now);
    }
  };
  const stop = () => { clearInterval(timer); timer = null; box.classList.remove("playing"); button.setAttribute("aria-label", "play"); };
  const advance = () => { if (Number(slider.value) === stops.length - 1) stop(); else show(Number(slider.value) + 1); };
  const play = () => {
    if (Number(slider.value) === stops.length - 1) show(0);
    timer = setInterval(advance, 250);
    box.classList.add("playing");
    button.setAttribute("aria-label", "pause");
  };
  button.addEventListener("click", () => { if (timer === null) play(); else stop(); });
  slider.addEventListener("input", () => { stop(); show(slider.value); });
  document.addEventListener("keydown", event => {
    const way = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    const elsewhere = event.target !== document.body && !box.contains(event.target);
    if (!way || elsewhere || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    stop();
    show(Math.min(stops.length - 1, Math.max(0, Number(slider.value) + way)));
  });
  if (stops.length) show(stops.length - 1);
}

async function copy(button) {
  const text = document.getElementById(button.dataset.from);
  try {
    await navigator.clipboard.writeText(text.textContent);
  } catch {
    getSelection().selectAllChildren(text);
    document.execCommand("copy");
  }
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}

// The legend of a comparison: a run that is switched off disappears from both charts and grids.
function toggleRun(button) {
  const run = Number(button.dataset.toggle), shown = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!shown));
  if (shown) hiddenRuns.add(run); else hiddenRuns.delete(run);
  document.querySelectorAll(`[data-run="${run}"]`).forEach(element => { element.hidden = shown; });
  for (const board of boards) board.draw();
}

function makeViewer(dialog) {
  const large = dialog.querySelector("img");
  document.querySelectorAll("img.zoomable").forEach(picture => picture.addEventListener("click", () => {
    large.src = picture.src;
    large.alt = picture.alt;
    dialog.showModal();
  }));
  dialog.addEventListener("click", () => dialog.close());
}

// Keeps the section that a link leads to from being covered by the bars at the top.
function clearBars() {
  const bars = [...document.querySelectorAll(".bar, .legend")].reduce((height, bar) => height + bar.offsetHeight, 0);
  document.documentElement.style.scrollPaddingTop = bars + 12 + "px";
}

new ResizeObserver(clearBars).observe(document.body);
document.querySelectorAll(".timeline").forEach(makeTimeline);
document.querySelectorAll(".copy").forEach(button => button.addEventListener("click", () => copy(button)));
document.querySelectorAll("[data-toggle]").forEach(button => button.addEventListener("click", () => toggleRun(button)));
document.querySelectorAll(".viewer").forEach(makeViewer);

// While its run goes on, the page is read again, but not while somebody uses it.
const FRESH = 15000;
function follow(written) {
  let used = Date.now();
  for (const name of ["pointermove", "pointerdown", "keydown", "wheel", "touchmove"]) addEventListener(name, () => { used = Date.now(); }, {passive: true});
  const tell = () => {
    const seconds = Math.max(0, Math.round((Date.now() - Number(written.dataset.at)) / 1000));
    written.textContent = "updated " + (seconds < 90 ? seconds + " s" : Math.round(seconds / 60) + " min") + " ago";
  };
  const read = () => { if (Date.now() - used >= FRESH && !document.querySelector("dialog[open], .playing")) location.reload(); };
  setInterval(tell, 1000);
  setInterval(read, FRESH);
  tell();
}
document.querySelectorAll(".live .written").forEach(follow);

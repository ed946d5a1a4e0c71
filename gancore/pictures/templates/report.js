"use strict";

const HEIGHT = 170, LEFT = 46, RIGHT = 8, TOP = 8, BOTTOM = 20, PLAYER_COLOURS = 6;
const charts = [];

function svg(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function html(name, className, text) {
  const element = document.createElement(name);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function short(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e9 || size < 1e-3) return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  if (size >= 1e6) return +(value / 1e6).toPrecision(3) + "M";
  if (size >= 1e4) return +(value / 1e3).toPrecision(3) + "k";
  return String(+value.toPrecision(3));
}

// An exponential mean whose first values are not pulled towards zero; gaps stay gaps.
function smoothed(values, amount) {
  let mean = 0, weight = 0;
  return values.map(value => {
    if (value === null) return null;
    mean = amount * mean + (1 - amount) * value;
    weight = amount * weight + (1 - amount);
    return mean / weight;
  });
}

function linearTicks(low, high) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(width => width >= rough);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-12) && ticks.length < 12; k++) ticks.push(k * step);
  return ticks;
}

function logarithmicTicks(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 1) return linearTicks(low, high).filter(tick => tick > 0);
  const stride = Math.ceil((last - first) / 5), ticks = [];
  for (let power = first; power <= last; power += stride) ticks.push(10 ** power);
  return ticks;
}

function scale(low, high, from, to, logarithmic) {
  const bend = logarithmic ? Math.log10 : value => value;
  return value => from + (bend(value) - bend(low)) / (bend(high) - bend(low)) * (to - from);
}

function bounds(values, logarithmic) {
  let low = Infinity, high = -Infinity;
  for (const value of values) if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low > high) return null;
  if (low < high) return [low, high];
  return logarithmic ? [low / 2, high * 2] : [low - (Math.abs(low) / 10 || 1), high + (Math.abs(high) / 10 || 1)];
}

// Each stretch begins with a line of no length, so that a value alone between gaps is a round dot.
function path(images, values, x, y) {
  let text = "", pen = "M";
  values.forEach((value, index) => {
    if (value === null) { pen = "M"; return; }
    text += pen + x(images[index]).toFixed(1) + " " + y(value).toFixed(1) + (pen === "M" ? "h0" : "");
    pen = "L";
  });
  return text;
}

function remark(curve, wanted, possible) {
  const gaps = curve.values.filter(value => value === null).length;
  if (gaps) return gaps + " not finite";
  return wanted && !possible ? "linear: not all above 0" : "";
}

class Chart {
  constructor(curve) {
    this.curve = curve;
    this.figure = html("figure", "chart");
    const caption = html("figcaption", "");
    this.remark = html("span", "remark");
    this.value = html("span", "value");
    caption.append(html("span", "term", curve.term), this.remark, this.value);
    this.drawing = svg("svg", {role: "img", "aria-label": curve.term});
    this.figure.append(caption, this.drawing);
    this.drawing.addEventListener("pointermove", event => showAt(this.imagesAt(event)));
    this.drawing.addEventListener("pointerleave", () => showAt(null));
  }

  imagesAt(event) {
    const inside = (event.clientX - this.drawing.getBoundingClientRect().left - LEFT) / (this.width - LEFT - RIGHT);
    return this.first + inside * (this.last - this.first);
  }

  draw(amount, wanted) {
    const {images, values} = this.curve;
    const logarithmic = wanted && values.every(value => value === null || value > 0);
    this.remark.textContent = remark(this.curve, wanted, logarithmic);
    this.smooth = smoothed(values, amount);
    this.width = this.drawing.clientWidth;
    this.drawing.replaceChildren();
    const range = bounds(values, logarithmic);
    [this.first, this.last] = bounds(images, false);
    if (range) {
      this.x = scale(this.first, this.last, LEFT, this.width - RIGHT, false);
      this.y = scale(range[0], range[1], HEIGHT - BOTTOM, TOP, logarithmic);
      this.drawAxes(range, logarithmic);
      this.drawing.append(svg("path", {class: "raw", d: path(images, values, this.x, this.y)}));
      this.drawing.append(svg("path", {class: "smooth", d: path(images, this.smooth, this.x, this.y)}));
      if (images.length === 1) this.drawing.append(svg("circle", {class: "dot", cx: this.x(images[0]), cy: this.y(values[0]), r: 3}));
    }
    this.cursor = svg("g", {});
    this.drawing.append(this.cursor);
    this.show(null);
  }

  drawAxes(range, logarithmic) {
    for (const tick of (logarithmic ? logarithmicTicks : linearTicks)(...range)) {
      this.drawing.append(svg("line", {class: "rule", x1: LEFT, x2: this.width - RIGHT, y1: this.y(tick), y2: this.y(tick)}));
      this.drawing.append(svg("text", {x: LEFT - 6, y: this.y(tick) + 4, "text-anchor": "end"}, short(tick)));
    }
    for (const tick of linearTicks(this.first, this.last)) {
      const anchor = this.x(tick) > this.width - 24 ? "end" : "middle";
      this.drawing.append(svg("text", {x: this.x(tick), y: HEIGHT - 5, "text-anchor": anchor}, short(tick)));
    }
  }

  show(images) {
    const {images: counts, values} = this.curve;
    let nearest = counts.length - 1;
    if (images !== null) counts.forEach((count, index) => {
      if (Math.abs(count - images) < Math.abs(counts[nearest] - images)) nearest = index;
    });
    const value = values[nearest] === null ? "not finite" : String(+values[nearest].toPrecision(4));
    this.value.textContent = images === null ? value : value + " at " + Math.round(counts[nearest]).toLocaleString("en") + " images";
    this.cursor.replaceChildren();
    if (images === null || this.smooth[nearest] === null) return;
    const x = this.x(counts[nearest]);
    this.cursor.append(svg("line", {class: "cursor", x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM}));
    this.cursor.append(svg("circle", {class: "dot", cx: x, cy: this.y(this.smooth[nearest]), r: 3.5}));
  }
}

function showAt(images) {
  for (const chart of charts) chart.show(images);
}

function drawAll() {
  const amount = Number(document.getElementById("smoothing").value);
  document.getElementById("smoothing-value").textContent = amount.toFixed(2);
  for (const chart of charts) chart.draw(amount, document.getElementById("logarithmic").checked);
}

function makeCharts() {
  const groups = JSON.parse(document.getElementById("curve-data").textContent);
  document.getElementById("curves").hidden = groups.length === 0;
  groups.forEach((group, index) => {
    const box = html("div", "player");
    box.style.setProperty("--colour", "var(--player-" + index % PLAYER_COLOURS + ")");
    box.append(html("h3", "", group.player));
    for (const curve of group.curves) {
      const chart = new Chart(curve);
      charts.push(chart);
      box.append(chart.figure);
    }
    document.getElementById("charts").append(box);
  });
  document.getElementById("smoothing").addEventListener("input", drawAll);
  document.getElementById("logarithmic").addEventListener("change", drawAll);
  new ResizeObserver(() => requestAnimationFrame(drawAll)).observe(document.getElementById("charts"));
  drawAll();
}

function makeTimeline(box) {
  const slider = box.querySelector("input"), button = box.querySelector(".play"), sheets = [...box.querySelectorAll("img")];
  let timer = null;
  const show = index => {
    slider.value = index;
    sheets.forEach((sheet, k) => { sheet.hidden = k !== Number(slider.value); });
    box.querySelector("output").textContent = Number(sheets[slider.value].dataset.images).toLocaleString("en") + " images";
  };
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "▶"; };
  const advance = () => { if (Number(slider.value) === sheets.length - 1) stop(); else show(Number(slider.value) + 1); };
  const play = () => {
    if (Number(slider.value) === sheets.length - 1) show(0);
    timer = setInterval(advance, 250);
    button.textContent = "❚❚";
  };
  button.addEventListener("click", () => { if (timer === null) play(); else stop(); });
  slider.addEventListener("input", () => { stop(); show(slider.value); });
  document.addEventListener("keydown", event => {
    const way = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    const elsewhere = event.target !== document.body && !box.contains(event.target);
    if (!way || elsewhere || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    stop();
    show(Math.min(sheets.length - 1, Math.max(0, Number(slider.value) + way)));
  });
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

makeCharts();
document.querySelectorAll(".timeline").forEach(makeTimeline);
document.querySelectorAll(".copy").forEach(button => button.addEventListener("click", () => copy(button)));

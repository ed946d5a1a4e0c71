const HEIGHT = 190, LEFT = 46, RIGHT = 12, TOP = 12, BOTTOM = 24, COLORS = 8, DRAG = 6;
const data = JSON.parse(document.getElementById("chart-data").textContent);
const hiddenRuns = new Set(), boards = [];
let zoom = null;

const color = index => "var(--series-" + index % COLORS + ")";
const isPositive = value => value === null || value > 0;

function svg(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function html(name, className, ...content) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...content);
  return element;
}

// Each segment begins with a zero-length line, so that a single value between gaps is drawn as a round dot.
function path(images, values, x, y) {
  let text = "", pen = "M";
  values.forEach((value, index) => {
    if (value === null) { pen = "M"; return; }
    text += pen + x.at(images[index]).toFixed(1) + " " + y.at(value).toFixed(1) + (pen === "M" ? "h0" : "");
    pen = "L";
  });
  return text;
}

class Chart {
  constructor(board, definition, index) {
    Object.assign(this, {board, definition, clip: "clip-" + board.box.id + "-" + index});
    const arrow = {lower: "↓ lower is better", higher: "↑ higher is better"}[definition.better];
    this.remark = html("span", "remark");
    this.value = html("span", "value");
    this.readout = html("div", "readout");
    this.readout.hidden = true;
    this.drawing = svg("svg", {class: "drawing", role: "img", tabindex: 0});
    const term = html("span", "term", definition.term);
    if (definition.player) term.prepend(html("span", "player", definition.player));
    if (arrow) term.append(html("span", "arrow", arrow));
    this.figure = html("figure", "chart", html("figcaption", "", term, this.remark, this.value), html("div", "plot", this.drawing, this.readout));
    this.figure.style.setProperty("--color", color(definition.color));
    this.listen();
  }

  get series() { return this.definition.series.filter(series => !hiddenRuns.has(series.run)); }

  listen() {
    const drawing = this.drawing, place = event => event.clientX - drawing.getBoundingClientRect().left;
    let start = null;
    drawing.addEventListener("pointerdown", event => {
      if (event.button !== 0 || !this.x) return;
      start = place(event);
      event.preventDefault();
    });
    drawing.addEventListener("pointermove", event => {
      if (!this.x) return;
      const here = place(event);
      if (start !== null && Math.abs(here - start) > DRAG) {
        drawing.setPointerCapture(event.pointerId);
        this.brush(start, here);
      }
      showAt(this.x.value(this.inside(here)), this);
    });
    drawing.addEventListener("pointerup", event => {
      const here = place(event);
      if (start !== null && Math.abs(here - start) > DRAG) zoomTo([start, here].map(pixel => this.x.value(this.inside(pixel))).sort((a, b) => a - b));
      start = null;
    });
    drawing.addEventListener("pointercancel", () => { start = null; this.brush(0, 0); });
    drawing.addEventListener("pointerleave", () => showAt(null));
    drawing.addEventListener("blur", () => showAt(null));
    drawing.addEventListener("dblclick", () => zoomTo(null));
    drawing.addEventListener("keydown", event => this.key(event));
  }

  key(event) {
    const way = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (event.key === "Escape") zoomTo(null);
    if (!way || !this.x) return;
    event.preventDefault();
    const here = this.at === undefined || this.at === null ? this.width - RIGHT : this.x.at(this.at);
    showAt(this.x.value(this.inside(here + way * (this.width - LEFT - RIGHT) / 50)), this);
  }

  inside(pixel) { return Math.min(this.width - RIGHT, Math.max(LEFT, pixel)); }

  brush(from, to) {
    this.band.setAttribute("x", this.inside(Math.min(from, to)));
    this.band.setAttribute("width", Math.abs(this.inside(to) - this.inside(from)));
  }

  draw() {
    const {smoothing, logX, logY} = this.board.settings;
    this.width = this.drawing.clientWidth;
    this.drawing.replaceChildren();
    this.x = this.y = null;
    const everything = this.series.flatMap(series => series.values), possible = everything.every(isPositive);
    const logarithmic = logY && possible;
    this.lines = this.series.map(series => ({...series, smooth: series.errors ? series.values : smoothed(series.values, smoothing)}));
    this.say(everything, logY && !possible);
    const counts = this.lines.flatMap(line => counted[line.run]), [first, last] = zoom ?? extent(counts) ?? [0, 1];
    const start = logX ? Math.max(first, extent(counts.filter(count => count > 0))?.[0] ?? 1) : first;
    const bounds = this.bounds(start, last, smoothing);
    if (bounds && this.width > LEFT + RIGHT) {
      this.x = scale(start, Math.max(last, start), LEFT, this.width - RIGHT, logX);
      this.y = scale(...roomy(bounds, logarithmic), HEIGHT - BOTTOM, TOP, logarithmic);
      this.drawAxes();
      this.drawAlarms();
      this.drawLines();
    } else {
      this.drawing.append(svg("text", {class: "empty", x: this.width / 2, y: HEIGHT / 2, "text-anchor": "middle"}, "no data in this range"));
    }
    this.cursor = svg("g", {});
    this.band = svg("rect", {class: "band", x: LEFT, y: TOP, width: 0, height: HEIGHT - TOP - BOTTOM});
    this.drawing.append(this.cursor, this.band);
    this.show(null);
  }

  bounds(first, last, smoothing) {
    const seen = this.lines.flatMap(({images, values, errors, smooth}) => {
      const within = index => images[index] >= first && images[index] <= last;
      const raw = values.filter((_, index) => within(index)), soft = smooth.filter((_, index) => within(index));
      const ends = errors ? values.flatMap((value, i) => (within(i) && value !== null && errors[i] ? [value - errors[i], value + errors[i]] : [])) : [];
      const wanted = this.board.settings.logY ? ends.filter(end => end > 0) : ends;
      return smoothing > 0 && !errors ? [...soft, ...middle(raw)] : [...raw, ...wanted];
    });
    return extent(seen);
  }

  drawAxes() {
    const clip = svg("clipPath", {id: this.clip});
    const over = zoom === null ? 8 : 0;
    clip.append(svg("rect", {x: LEFT - over, y: TOP - 6, width: this.width - LEFT - RIGHT + 2 * over, height: HEIGHT - TOP - BOTTOM + 12}));
    this.drawing.append(clip);
    for (const tick of apart(this.y.ticks(3), this.y, 14)) {
      this.drawing.append(svg("line", {class: "rule", x1: LEFT, x2: this.width - RIGHT, y1: this.y.at(tick), y2: this.y.at(tick)}));
      this.drawing.append(svg("text", {x: LEFT - 7, y: this.y.at(tick) + 4, "text-anchor": "end"}, short(tick)));
    }
    for (const tick of apart(this.x.ticks(Math.max(2, Math.floor(this.width / 110))), this.x, 42)) {
      const anchor = this.x.at(tick) > this.width - 26 ? "end" : "middle";
      this.drawing.append(svg("text", {x: this.x.at(tick), y: HEIGHT - 6, "text-anchor": anchor}, short(tick)));
    }
  }

  drawAlarms() {
    data.runs.forEach((run, index) => {
      if (hiddenRuns.has(index) || !this.definition.series.some(series => series.run === index)) return;
      for (const [images, name] of run.alarms) {
        if (images < this.x.low || images > this.x.high) continue;
        const x = this.x.at(images), mark = svg("g", {class: "alarm"});
        mark.style.setProperty("--color", data.runs.length > 1 ? color(index) : "var(--warm)");
        mark.append(svg("title", {}, name + " at " + whole(images) + " images" + (data.runs.length > 1 ? ", " + run.name : "")));
        mark.append(svg("line", {x1: x, x2: x, y1: TOP - 2, y2: HEIGHT - BOTTOM}), svg("path", {d: `M${x - 5} ${TOP - 11}h10l-5 9Z`}));
        this.drawing.append(mark);
      }
    });
  }

  drawLines() {
    const group = svg("g", {"clip-path": "url(#" + this.clip + ")"});
    for (const line of this.lines) {
      const part = svg("g", {class: line.run < COLORS ? "series" : "series again"});
      part.style.setProperty("--color", this.board.colorOf(this, line));
      if (!line.errors && this.board.settings.smoothing > 0) part.append(svg("path", {class: "raw", d: path(line.images, this.drawable(line.values), this.x, this.y)}));
      part.append(svg("path", {class: "smooth", d: path(line.images, this.drawable(line.smooth), this.x, this.y)}));
      if (line.errors) this.drawPoints(part, line);
      group.append(part);
    }
    this.drawing.append(group);
  }

  drawable(values) { return this.y.low > 0 ? values.map(value => (value !== null && value > 0 ? value : null)) : values; }

  drawPoints(part, {images, values, errors, best}) {
    values.forEach((value, index) => {
      if (value === null || images[index] < this.x.low) return;
      const x = this.x.at(images[index]), y = this.y.at(value), error = errors[index];
      if (error) part.append(svg("line", {class: "error", x1: x, x2: x, y1: this.y.at(Math.max(value - error, this.y.low)), y2: this.y.at(value + error)}));
      if (index === best) part.append(svg("circle", {class: "best", cx: x, cy: y, r: 6.5}));
      part.append(svg("circle", {class: "dot", cx: x, cy: y, r: 2.6}));
    });
  }

  say(values, wanted) {
    const gaps = values.filter(value => value === null).length;
    this.remark.textContent = gaps ? gaps + " not finite" : wanted ? "linear: some values are not positive" : "";
    const [only] = data.runs.length === 1 ? this.lines : [];
    this.value.textContent = only ? this.last(only) : "";
    this.drawing.setAttribute("aria-label", this.definition.term + ": " + this.lines.map(line => data.runs[line.run].name + " " + exact(line.values.at(-1))).join(", "));
  }

  last({images, values, errors, best}) {
    const value = exact(values.at(-1)) + (errors?.at(-1) ? " ± " + rough(errors.at(-1)) : "");
    if (!errors || best === null) return value;
    return value + (best === values.length - 1 ? " · the best" : " · best " + exact(values[best]) + " at " + short(images[best]));
  }

  show(images, isHere) {
    this.at = images;
    this.cursor.replaceChildren();
    this.readout.hidden = true;
    if (images === null || !this.x || images > this.x.high || images < this.x.low * (1 - 1e-9)) return;
    const reach = (this.x.high - this.x.low) * .06, found = [];
    for (const line of this.lines) {
      const index = nearest(line.images, images);
      if (images > line.images.at(-1) + reach || images < line.images[0] - reach || line.images[index] < this.x.low) continue;
      found.push({line, index});
    }
    const x = this.inside(this.x.at(Math.max(images, this.x.low)));
    this.cursor.append(svg("line", {class: "cursor", x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM}));
    for (const {line, index} of found) {
      const value = line.smooth[index];
      if (value === null || this.y.low > 0 && value <= 0) continue;
      const dot = svg("circle", {class: "here", cx: this.inside(this.x.at(line.images[index])), cy: this.y.at(value), r: 4});
      dot.style.setProperty("--color", this.board.colorOf(this, line));
      this.cursor.append(dot);
    }
    if (isHere && found.length) this.read(found, x);
  }

  read(found, x) {
    const rows = found.map(({line, index}) => {
      const swatch = html("i", "swatch"), error = line.errors?.[index];
      swatch.style.setProperty("--color", this.board.colorOf(this, line));
      if (line.run >= COLORS) swatch.style.setProperty("--hole", "45%");
      const smooth = !line.errors && this.board.settings.smoothing > 0 && line.smooth[index] !== null ? html("span", "soft", "smooth " + exact(line.smooth[index])) : "";
      const name = data.runs.length > 1 ? data.runs[line.run].name : "";
      return html("div", "row", swatch, html("span", "name", name), html("b", "", exact(line.values[index]) + (error ? " ± " + rough(error) : "")), smooth);
    });
    const [first] = found;
    this.readout.replaceChildren(html("div", "soft", whole(first.line.images[first.index]) + " images"), ...rows);
    this.readout.hidden = false;
    const room = this.width - this.readout.offsetWidth;
    this.readout.style.left = Math.max(0, Math.min(room, x < this.width / 2 ? x + 12 : x - 12 - this.readout.offsetWidth)) + "px";
  }
}

// A board holds the charts of a section, and the controls of their scale.
class Board {
  constructor(box, groups) {
    this.box = box;
    this.charts = [];
    groups.forEach(group => this.add(group));
    for (const control of box.querySelectorAll("input")) control.addEventListener("input", () => this.draw());
    this.control("reset").addEventListener("click", () => zoomTo(null));
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(box);
  }

  add(group) {
    const charts = html("div", "charts");
    for (const definition of group.charts) {
      const chart = new Chart(this, definition, this.charts.length);
      this.charts.push(chart);
      charts.append(chart.figure);
    }
    this.box.querySelector(".groups").append(html("div", "group", html("h3", "", group.title), charts));
  }

  control(name) { return this.box.querySelector(`[data-control="${name}"]`); }

  get settings() {
    const smoothing = this.control("smoothing");
    return {smoothing: smoothing ? Number(smoothing.value) : 0, logX: this.control("log-x").checked, logY: this.control("log-y").checked};
  }

  colorOf(chart, line) { return color(data.runs.length > 1 ? line.run : chart.definition.color); }

  draw() {
    const smoothing = this.control("smoothing");
    if (smoothing) smoothing.nextElementSibling.textContent = Number(smoothing.value).toFixed(2);
    this.control("reset").hidden = zoom === null;
    for (const chart of this.charts) chart.draw();
  }
}

function showAt(images, here) {
  for (const board of boards) for (const chart of board.charts) chart.show(images, chart === here);
}

function zoomTo(range) {
  zoom = range !== null && range[1] > range[0] ? range : null;
  for (const board of boards) board.draw();
}

// The first image count of each run, its first above 0, and its last: shared by all charts, so that their axes align.
const counted = data.runs.map((_, run) => {
  const all = Object.values(data.boards).flat().flatMap(group => group.charts).flatMap(chart => chart.series)
    .filter(series => series.run === run).flatMap(series => series.images);
  return [extent(all), extent(all.filter(count => count > 0))].filter(Boolean).flat();
});
for (const [name, groups] of Object.entries(data.boards)) {
  const box = document.getElementById(name + "-board");
  if (box) boards.push(new Board(box, groups));
}
for (const board of boards) board.draw();

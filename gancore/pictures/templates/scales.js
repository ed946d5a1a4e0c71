"use strict";

function short(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e9 || size < 1e-3) return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  if (size >= 1e6) return +(value / 1e6).toPrecision(3) + "M";
  if (size >= 1e4) return +(value / 1e3).toPrecision(3) + "k";
  return String(+value.toPrecision(3));
}

function exact(value) {
  if (value === null) return "not finite";
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e9 || size < 1e-4) ? value.toExponential(3) : (+value.toPrecision(4)).toLocaleString("en", {maximumSignificantDigits: 4});
}

const rough = value => String(+value.toPrecision(2));
const whole = value => Math.round(value).toLocaleString("en");

// The largest round step that gives about as many ticks as requested.
function linearTicks(low, high, wanted) {
  const power = 10 ** Math.floor(Math.log10(high - low));
  const step = [5, 2, 1, .5, .2, .1].map(factor => factor * power).find(width => Math.floor(high / width) - Math.ceil(low / width) + 1 >= wanted);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(+(k * step).toPrecision(12));
  return ticks;
}

function logarithmicTicks(low, high, wanted) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 1) return linearTicks(low, high, wanted).filter(tick => tick > 0);
  const stride = Math.ceil((last - first) / wanted), ticks = [];
  for (let power = first; power <= last; power += stride) ticks.push(10 ** power);
  return ticks;
}

// The ticks whose labels do not overlap.
function apart(ticks, scale, pixels) {
  let before = Infinity;
  return ticks.filter(tick => {
    const clear = Math.abs(scale.at(tick) - before) >= pixels;
    if (clear) before = scale.at(tick);
    return clear;
  });
}

// A scale maps values to pixels: at(value), and back: value(pixel).
function scale(low, high, from, to, logarithmic) {
  const bend = logarithmic ? Math.log10 : value => value, straight = logarithmic ? value => 10 ** value : value => value;
  const length = bend(high) - bend(low) || 1;
  return {
    low, high,
    at: value => from + (bend(value) - bend(low)) / length * (to - from),
    value: pixel => straight(bend(low) + (pixel - from) / (to - from) * length),
    ticks: wanted => (logarithmic ? logarithmicTicks : linearTicks)(low, high, wanted),
  };
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
  return low > high ? null : [low, high];
}

// Bounds with a margin on both sides, so that a line does not run along the edge.
function roomy([low, high], logarithmic) {
  if (logarithmic) return low < high ? [low / (high / low) ** .04, high * (high / low) ** .04] : [low / 2, high * 2];
  const flat = high - low <= Math.abs(high) * 1e-5, room = flat ? Math.abs(low) / 10 || 1 : (high - low) * .05;
  return [low - room, high + room];
}

// The range without the outermost 1 % of the values: what the raw values behind a smoothed curve need.
function middle(values) {
  const sorted = values.filter(value => value !== null).sort((a, b) => a - b);
  return sorted.length ? [sorted[Math.floor(sorted.length * .01)], sorted[Math.ceil(sorted.length * .99) - 1]] : [];
}

// An exponential moving average, corrected for its bias toward zero at the start; gaps stay gaps.
function smoothed(values, amount) {
  let mean = 0, weight = 0;
  return values.map(value => {
    if (value === null) return null;
    mean = amount * mean + (1 - amount) * value;
    weight = amount * weight + (1 - amount);
    return mean / weight;
  });
}

function nearest(sorted, wanted) {
  let low = 0, high = sorted.length - 1;
  while (high - low > 1) {
    const center = (low + high) >> 1;
    if (sorted[center] < wanted) low = center; else high = center;
  }
  return Math.abs(sorted[low] - wanted) <= Math.abs(sorted[high] - wanted) ? low : high;
}

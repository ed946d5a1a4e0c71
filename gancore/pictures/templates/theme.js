"use strict";

// Follows the system's light or dark mode until the button marked data-theme-switch is used. Runs in <head>, before anything is painted.
(() => {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  const recall = () => { try { return localStorage.getItem("gancore-theme"); } catch { return null; } };
  const keep = theme => { try { localStorage.setItem("gancore-theme", theme); } catch { /* a page without storage forgets the choice */ } };
  const shown = () => root.dataset.theme || (system.matches ? "dark" : "light");
  if (["light", "dark"].includes(recall())) root.dataset.theme = recall();
  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-switch]");
    if (!button) return;
    const label = () => {
      const other = shown() === "dark" ? "light" : "dark";
      button.title = "switch to " + other;
      button.setAttribute("aria-label", button.title);
    };
    button.addEventListener("click", () => {
      root.dataset.theme = shown() === "dark" ? "light" : "dark";
      keep(root.dataset.theme);
      label();
    });
    system.addEventListener("change", label);
    label();
  });
})();

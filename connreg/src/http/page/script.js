// Replaces the parts of the page that have changed, one by one, so that focus and selection stay.
"use strict";

const live = document.getElementById("live");
const parts = document.getElementById("parts");

function replace(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  const focused = old.contains(document.activeElement)
    ? [...old.querySelectorAll("a")].indexOf(document.activeElement)
    : -1;
  old.replaceWith(fresh);
  if (focused >= 0) fresh.querySelectorAll("a")[focused]?.focus();
}

function draw(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content;
  const ids = (root) => [...root.querySelectorAll("tr[id]")].map((row) => row.id).join();
  if (ids(fresh) !== ids(parts)) {
    parts.replaceChildren(fresh);
    return;
  }
  for (const part of [...fresh.querySelectorAll("tr[id], #summary, #events")]) {
    const old = document.getElementById(part.id);
    if (old) replace(old, part);
  }
}

function say(word) {
  live.textContent = word;
  live.dataset.state = word;
}

const source = new EventSource("connections/events");
let lost;
source.onmessage = (event) => {
  clearTimeout(lost);
  say("live");
  draw(event.data);
};
source.onerror = () => {
  // Streams end now and then, and are asked for again at once.
  clearTimeout(lost);
  lost = setTimeout(() => say("not live"), 3000);
};

// Questions that lie over the page: one choice by digit or click, or what the keys mean.

import { button, composing, digit, h, isText } from "./dom.js";

function show(parent, title, body, onkey) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    // All at once, and not when the browser tells that it is closed: a key pressed before that would be lost.
    const end = (value) => {
      if (!dialog.isConnected) return;
      dialog.close();
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
      resolve(value);
    };
    const dialog = h("dialog", { class: "rv-dialog", "aria-label": title }, h("h2", { text: title }), ...body(end));
    for (const name of ["cancel", "close"]) dialog.addEventListener(name, () => end(null));
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (!composing(event)) onkey(event, end);
    });
    parent.append(dialog);
    dialog.showModal();
  });
}

// Resolves to the value chosen, to what was written instead, or to null. `options`: [value, label] in order.
export function ask(parent, words, title, options, written) {
  const line = written && h("input", { class: "rv-line", type: "text", maxlength: 200, "aria-label": written, placeholder: written });
  const body = (done) => [
    h("div", { class: "rv-options" }, ...options.map(([value, label], place) => button(label, String(place + 1), () => done(value)))),
    line,
    h("div", { class: "rv-ends" },
      written && button(words.send, "", () => (line.value.trim() ? done(line.value.trim()) : line.focus()), { class: "rv-button rv-send" }),
      button(words.cancel, "Esc", () => done(null)),
    ),
  ];
  return show(parent, title, body, (event, end) => {
    if (isText(event.target)) {
      if (event.key !== "Enter" || !line.value.trim()) return;
      event.preventDefault();
      end(line.value.trim());
      return;
    }
    const picked = !event.altKey && !event.ctrlKey && !event.metaKey && !event.repeat && options[digit(event) - 1];
    if (!picked) return;
    event.preventDefault();
    end(picked[0]);
  });
}

export function help(parent, words, rows) {
  const body = (done) => [
    h("dl", { class: "rv-keys" }, ...rows.flatMap(([key, label]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: label })])),
    h("div", { class: "rv-ends" }, button(words.close_help, "Esc", () => done(null))),
  ];
  return show(parent, words.help_title, body, (event, end) => {
    if (event.key === "?") end(null);
  });
}

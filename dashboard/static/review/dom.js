// Elements made in one line. Words go in as text, never as markup.

export function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "text") made.textContent = value;
    else if (name === "html") made.innerHTML = value; // sanitized by the server: dashboard/hostile.py
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function button(label, key, onclick, props = {}) {
  const shown = key ? [h("span", { text: label }), h("kbd", { "aria-hidden": "true", text: key })] : [label];
  const keys = key ? { "aria-keyshortcuts": key } : {};
  return h("button", { type: "button", class: "rv-button", onclick, ...keys, ...props }, ...shown);
}

// The first characters of a text; an emoji counts as one and is not cut in two.
export function beginning(text, most) {
  return [...text].slice(0, most).join("");
}

export function fill(words, values) {
  return Object.entries(values).reduce((said, [name, value]) => said.replace(`{${name}}`, value), words);
}

export function isText(element) {
  if (!(element instanceof HTMLElement)) return false;
  if (element.isContentEditable || element.matches("textarea, select")) return true;
  return element.matches("input") && !["radio", "checkbox", "button", "submit"].includes(element.type);
}

// An input method at work: its keys are the beginnings of a character, not ours.
export function composing(event) {
  return event.isComposing || event.keyCode === 229;
}

export function digit(event) {
  const found = /^(?:Digit|Numpad)([1-9])$/.exec(event.code) || /^([1-9])$/.exec(event.key);
  return found ? Number(found[1]) : 0;
}

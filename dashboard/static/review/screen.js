// The pair screen as elements; what they do is in desk.js.

import { button, fill, h } from "./dom.js";

const SIDES = { left: "A", right: "B" };

export const CHOICES = ["left", "right", "tie", "both_bad"];

export const CRITERION_KEYS = ["Q", "W", "E", "R", "T"];

export function build(words, data, act) {
  const parts = { sides: {}, tabs: {}, choices: {}, chips: {}, criteria: {} };
  parts.progress = h("p", { class: "rv-progress" });
  parts.bar = h("progress", { class: "rv-bar", max: 1, "aria-hidden": "true" });
  parts.notice = h("p", { class: "rv-notice", role: "alert", hidden: true });
  parts.mark = h("p", { class: "rv-mark", hidden: true });
  parts.question = question(parts, words, act);
  const screen = h("section", { class: "rv-desk", tabindex: -1, "aria-label": words.desk },
    h("div", { class: "rv-top" }, parts.progress, parts.mark),
    parts.bar, parts.question, tabs(parts, words, act),
    h("div", { class: "rv-answers" }, answer(parts, words, "left"), answer(parts, words, "right")),
    criteria(parts, words, data.pair.criteria, act),
    parts.notice,
    verdict(parts, words, act),
    reasons(parts, words, data.reasons, act),
    h("div", { class: "rv-slot", "data-slot": "critical" }),
    comment(parts, words, act),
    foot(parts, words, act),
  );
  return { screen, parts };
}

function question(parts, words, act) {
  parts.fold = h("button", { type: "button", class: "rv-fold", "aria-expanded": "false", onclick: act.fold }, h("b", { text: words.question }), h("span"));
  parts.asked = h("div", { class: "rv-asked rv-text", tabindex: 0, role: "region", "aria-label": words.question });
  return h("div", { class: "rv-question" }, parts.fold, parts.asked);
}

function tabs(parts, words, act) {
  const made = Object.entries(SIDES).map(([side, letter]) => {
    parts.tabs[side] = h("button", {
      type: "button", class: "rv-tab", role: "tab", id: `rv-tab-${side}`, "aria-controls": `rv-${side}`,
      onclick: () => act.turn(side), text: fill(words.answer, { side: letter }),
    });
    return parts.tabs[side];
  });
  return h("div", { class: "rv-tabs", role: "tablist", "aria-label": words.answers }, ...made);
}

function answer(parts, words, side) {
  const name = fill(words.answer, { side: SIDES[side] });
  const text = h("div", { class: "rv-text", id: `rv-${side}`, "data-answer": side, tabindex: 0, role: "region", "aria-label": name });
  const box = h("div", { class: "rv-answer" }, h("h3", { text: SIDES[side], "aria-hidden": "true" }), text);
  parts.sides[side] = { box, text };
  return box;
}

function criteria(parts, words, listed, act) {
  const rows = listed.map(([name, label], place) => {
    const made = [["left", words.a_better_short], ["tie", words.same], ["right", words.b_better_short]].map(([value, said]) =>
      button(said, "", () => act.criterion(name, value), { class: "rv-button rv-choice", "data-value": value }));
    parts.criteria[name] = made;
    return h("div", { class: "rv-criterion" },
      h("span", { class: "rv-label" }, label, h("kbd", { "aria-hidden": "true", text: CRITERION_KEYS[place] })),
      h("div", { class: "rv-group", role: "group", tabindex: -1, "aria-label": label, "aria-keyshortcuts": CRITERION_KEYS[place] }, ...made));
  });
  return rows.length ? h("div", { class: "rv-criteria" }, ...rows) : null;
}

function verdict(parts, words, act) {
  const labels = [words.a_better, words.b_better, words.tie, words.both_bad];
  const made = CHOICES.map((choice, place) => {
    parts.choices[choice] = button(labels[place], String(place + 1), () => act.choose(choice), { class: "rv-button rv-verdict", "aria-pressed": "false" });
    return parts.choices[choice];
  });
  parts.send = button(words.send, "↵", act.send, { class: "rv-button rv-send", "aria-keyshortcuts": "Enter" });
  parts.sendLabel = parts.send.querySelector("span");
  return h("div", { class: "rv-verdicts" }, h("div", { class: "rv-four", role: "group", "aria-label": words.verdict }, ...made), parts.send);
}

function reasons(parts, words, listed, act) {
  const made = listed.map(([name, label], place) => {
    parts.chips[name] = h("button", { type: "button", class: "rv-chip", "aria-pressed": "false", title: `Shift+${place + 1}`, "aria-keyshortcuts": `Shift+${place + 1}`, onclick: () => act.reason(name), text: label });
    return parts.chips[name];
  });
  return h("div", { class: "rv-reasons", role: "group", "aria-label": words.reasons }, h("span", { class: "rv-label", text: words.reasons }), ...made);
}

function comment(parts, words, act) {
  parts.comment = h("input", {
    class: "rv-line", type: "text", maxlength: 500, autocomplete: "off", "aria-label": words.comment, placeholder: words.comment,
    "aria-keyshortcuts": "C", oninput: act.typed, enterkeyhint: "done",
  });
  parts.saved = h("span", { class: "rv-saved", role: "status" });
  return h("div", { class: "rv-comment" }, parts.comment, parts.saved);
}

function foot(parts, words, act) {
  const quiet = (label, key, done, more = {}) => button(label, key, done, { class: "rv-button rv-quiet", ...more });
  parts.back = quiet(words.back, "", act.back);
  parts.plain = quiet(words.plain, "P", act.plain, { "aria-pressed": "false" });
  parts.undo = quiet(words.undo, "U", act.undo);
  parts.skip = quiet(words.skip, "S", act.skip);
  parts.finish = quiet(words.finish, "", act.finish);
  return h("div", { class: "rv-foot", role: "group", "aria-label": words.more },
    parts.back, quiet(words.critical, "X", act.critical), parts.skip, quiet(words.flag, "F", act.flag),
    parts.plain, parts.undo, quiet(words.keys, "?", act.help, { class: "rv-button rv-quiet rv-by-key" }), parts.finish);
}

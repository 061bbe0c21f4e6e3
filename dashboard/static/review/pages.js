// What comes before and after the pairs: which campaign, how many tonight, one's own verdicts, and the end.

import { button, h } from "./dom.js";

const PAGES = { choose, start, summary, totals };

export function page(root, data, outbox) {
  const made = h("section", { class: "rv-page", tabindex: -1, "aria-label": data.title }, h("h2", { text: data.title }), ...PAGES[data.stage](data, outbox));
  if (data.refused) made.prepend(h("p", { class: "rv-notice", role: "alert", text: data.refused.words }));
  made.append(h("p", { class: "rv-saved", role: "status" }));
  root.replaceChildren(made);
  const first = made.querySelector("[data-first]") || made;
  first.focus({ preventScroll: true });
  return made;
}

function choose(data, outbox) {
  return [
    h("p", { text: data.says }),
    h("div", { class: "rv-options" }, ...data.campaigns.map(({ campaign, title }, place) =>
      button(title, "", () => outbox.put("campaign", { campaign }), { "data-first": place === 0 }))),
  ];
}

function start(data, outbox) {
  const names = "rv-planned";
  const radios = data.options.map(({ planned, words }) => h("label", { class: "rv-planned" },
    h("input", { type: "radio", name: names, value: planned, checked: planned === data.planned }), h("span", { text: words })));
  const group = h("fieldset", { class: "rv-plan" }, h("legend", { text: data.how_many }), ...radios);
  const begin = () => {
    const picked = group.querySelector("input:checked");
    outbox.put("begin", { campaign: data.campaign, planned: Number(picked.value) });
  };
  group.addEventListener("keydown", (event) => { if (event.key === "Enter") begin(); });
  return [
    data.instructions && h("div", { class: "rv-text rv-instructions", html: data.instructions.html }),
    h("ul", { class: "rv-rules" }, ...data.rules.map((rule) => h("li", { text: rule })), h("li", { class: "rv-by-key", text: data.by_key })),
    group,
    h("div", { class: "rv-ends" }, button(data.words.begin, "↵", begin, { class: "rv-button rv-send", "data-first": true })),
  ];
}

function summary(data, outbox) {
  const rows = data.given.map(({ token, question, choice }, place) => h("li", {},
    h("span", { class: "rv-place", text: String(place + 1) }),
    h("span", { class: "rv-given", text: question }),
    h("b", { text: choice }),
    button(data.words.open, "", () => outbox.put("open", { token }), { class: "rv-button rv-quiet", "aria-label": `${data.words.open}: ${place + 1}` })));
  return [
    h("p", { text: data.says }),
    rows.length ? h("ol", { class: "rv-list" }, ...rows) : null,
    h("p", { class: "rv-hint", text: data.hint }),
    h("div", { class: "rv-ends" },
      button(data.words.close, "", () => outbox.put("close", {}), { class: "rv-button rv-send", "data-first": true }),
      data.more && button(data.more, "", () => outbox.put("more", {}))),
  ];
}

function totals(data, outbox) {
  return [
    h("dl", { class: "rv-totals" }, ...data.figures.map(([label, value]) => h("div", {}, h("dt", { text: label }), h("dd", { text: value })))),
    h("p", { text: data.says }),
    data.again && h("div", { class: "rv-ends" }, button(data.again, "", () => outbox.put("again", {}), { class: "rv-button rv-send", "data-first": true })),
  ];
}

// The panel for critical errors: which answer, which kind, and the sentence itself.

import { beginning, button, composing, h } from "./dom.js";

// The sentence someone marked in an answer, though the mark is gone once something else is pressed.
export class Marked {
  constructor(root) {
    this.root = root;
    this.last = null;
    this.listen = () => this.look();
    document.addEventListener("selectionchange", this.listen);
  }

  end() {
    document.removeEventListener("selectionchange", this.listen);
  }

  look() {
    const found = document.getSelection();
    if (!found || found.isCollapsed || !found.anchorNode) return;
    const start = found.anchorNode.nodeType === Node.TEXT_NODE ? found.anchorNode.parentElement : found.anchorNode;
    const answer = start instanceof Element && this.root.contains(start) ? start.closest("[data-answer]") : null;
    const quote = beginning(found.toString().trim(), 500);
    if (answer && quote) this.last = { side: answer.dataset.answer, quote };
  }

  // A browser tells of a new mark later, when a key may already have been pressed: look once more.
  take() {
    this.look();
    const taken = this.last;
    this.last = null;
    return taken;
  }
}

export class Critical {
  constructor(words, kinds, changed) {
    this.words = words;
    this.kinds = kinds;
    this.changed = changed;
    this.sides = { left: this.side("left", "A"), right: this.side("right", "B") };
    this.kind = h("select", { "aria-label": words.critical_type, onchange: () => this.store() }, ...kinds.map(([value, label]) => h("option", { value, text: label })));
    this.quote = h("input", {
      class: "rv-line", type: "text", maxlength: 500, "aria-label": words.critical_quote, placeholder: words.critical_quote,
      oninput: () => this.store(), onkeydown: (event) => this.key(event),
    });
    this.list = h("ul", { class: "rv-errors" });
    this.form = h("div", { class: "rv-critical", role: "group", "aria-label": words.critical, hidden: true },
      h("span", { class: "rv-label", text: words.critical }),
      h("div", { class: "rv-group", role: "group", "aria-label": words.critical_side }, this.sides.left, this.sides.right),
      this.kind, this.quote,
      button(words.critical_add, "", () => this.add(), { class: "rv-button" }),
      button(words.cancel, "Esc", () => this.close(), { class: "rv-button rv-quiet" }),
    );
  }

  side(value, label) {
    return button(label, "", () => { this.chosen = value; this.store(); }, { class: "rv-button rv-choice", "data-side": value });
  }

  // Fields of the pair that is judged; the panel writes into them.
  show(fields) {
    this.fields = fields;
    const pending = fields.pending;
    this.chosen = pending ? pending.side : null;
    this.kind.value = pending ? pending.type : this.kinds[0][0];
    this.quote.value = pending ? pending.quote : "";
    this.form.hidden = !pending;
    this.paint();
  }

  open(marked) {
    if (marked) {
      this.chosen = marked.side;
      this.quote.value = marked.quote;
    }
    this.form.hidden = false;
    this.store();
    if (marked) this.kind.focus();
    else (this.chosen ? this.quote : this.sides.left).focus();
  }

  close() {
    this.form.hidden = true;
    this.quote.value = "";
    this.chosen = null;
    this.fields.pending = null;
    this.changed();
    this.paint();
  }

  store() {
    this.fields.pending = { side: this.chosen, type: this.kind.value, quote: this.quote.value };
    this.changed();
    this.paint();
  }

  key(event) {
    if (composing(event) || event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    this.add();
  }

  // What is written but not added goes along when the verdict is sent. False where something is missing.
  add() {
    const quote = this.quote.value.trim();
    if (!this.chosen) return this.sides.left.focus(), false;
    if (!quote) return this.quote.focus(), false;
    this.fields.errors = [...this.fields.errors, { side: this.chosen, type: this.kind.value, quote }];
    this.close();
    return true;
  }

  get unfinished() {
    return !this.form.hidden && this.quote.value.trim() !== "";
  }

  remove(place) {
    this.fields.errors = this.fields.errors.filter((_, other) => other !== place);
    this.changed();
    this.paint();
  }

  paint() {
    for (const [value, made] of Object.entries(this.sides)) made.setAttribute("aria-pressed", String(value === this.chosen));
    const names = Object.fromEntries(this.kinds);
    this.list.replaceChildren(...this.fields.errors.map((error, place) => h("li", {},
      h("b", { text: `${error.side === "left" ? "A" : "B"} · ${names[error.type] || error.type}` }),
      h("q", { text: error.quote }),
      button("×", "", () => this.remove(place), { class: "rv-button rv-quiet", "aria-label": `${this.words.critical_remove}: ${error.quote}` }),
    )));
    this.list.hidden = this.fields.errors.length === 0;
  }
}

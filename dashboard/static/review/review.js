// The Review page in the browser. Streamlit calls `default` again with each answer of the server; what is on the page
// stays, so that nothing typed, focused or scrolled is touched by it.

import { Desk } from "./desk.js";
import { dropDraft, tidy } from "./keep.js";
import { Outbox } from "./outbox.js";
import { page } from "./pages.js";

const reviews = new WeakMap();

class Review {
  constructor(parent) {
    tidy();
    this.root = document.createElement("div");
    this.root.className = "rv";
    parent.append(this.root);
    this.outbox = new Outbox(() => this.status());
    this.desk = null;
    this.shown = null;
  }

  take({ data, setTriggerValue }) {
    for (const message of this.outbox.messages) {
      // Kept in this browser until the service has it for good.
      const taken = data.acked.includes(message.id) && !data.denied.includes(message.id);
      if (taken && ["submit", "skip"].includes(message.kind)) dropDraft(message.token);
    }
    this.data = data;
    this.outbox.attach((messages) => setTriggerValue("sent", messages), data.acked);
    this.show();
  }

  // What lies over the page stays; the next pair waits under it.
  show() {
    if (this.desk && this.desk.asking) {
      if (!this.waiting) this.waiting = this.desk.asking.then(() => { this.waiting = null; this.show(); });
      return;
    }
    if (this.data.stage === "pair") this.pair();
    else this.page();
    this.status();
  }

  pair() {
    if (!this.desk || !this.desk.holds(this.data)) {
      this.leave();
      this.desk = new Desk(this.root, this.outbox, this.data);
    }
    this.desk.update(this.data);
  }

  page() {
    const { acked, denied, ...rest } = this.data;
    const shown = JSON.stringify(rest);
    if (shown === this.shown) return;
    this.leave();
    this.shown = shown;
    page(this.root, this.data, this.outbox);
  }

  leave() {
    if (this.desk) this.desk.end();
    this.desk = null;
    this.shown = null;
  }

  status() {
    if (this.desk) this.desk.status();
    const saved = this.desk ? null : this.root.querySelector(".rv-saved");
    if (saved) saved.textContent = this.outbox.messages.length ? (this.outbox.late ? this.data.words.sending_late : this.data.words.sending) : "";
  }

  end() {
    this.leave();
    this.outbox.end();
    this.root.remove();
  }
}

export default function review(component) {
  const parent = component.parentElement;
  if (!reviews.has(parent)) reviews.set(parent, new Review(parent));
  reviews.get(parent).take(component);
  return () => {
    reviews.get(parent)?.end();
    reviews.delete(parent);
  };
}

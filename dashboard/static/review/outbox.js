// Messages to the service, sent until it says it has them. Whatever is sent twice is taken once: each has an id.

import { keepMessages, keptMessages } from "./keep.js";

const AGAIN = 4000; // milliseconds without an answer after which it is sent again
const LATE = 2500; // milliseconds after which someone should know
const LASTING = ["submit", "guess", "skip", "flag"]; // what outlasts a reload

export class Outbox {
  constructor(changed) {
    this.changed = changed;
    this.messages = keptMessages();
    this.send = null;
    this.sentAt = 0;
    this.timer = setInterval(() => this.look(), 500);
  }

  end() {
    clearInterval(this.timer);
  }

  // Each answer of the server brings a new way to send; the old one may belong to a connection that is gone.
  attach(send, acknowledged) {
    this.send = send;
    const before = this.messages.length;
    this.messages = this.messages.filter((message) => !acknowledged.includes(message.id));
    if (this.messages.length !== before) this.store();
    if (this.messages.length && Date.now() - this.sentAt > 1000) this.flush();
    this.changed();
  }

  put(kind, content) {
    const id = `${kind}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    if (kind === "draft") this.withdrawDrafts(content.token);
    this.messages.push({ id, kind, at: Date.now(), ...content });
    this.store();
    this.flush();
    this.changed();
    return id;
  }

  // A draft of what was sent for good must not come after it.
  withdrawDrafts(token) {
    this.messages = this.messages.filter((message) => message.kind !== "draft" || message.token !== token);
  }

  has(id) {
    return this.messages.some((message) => message.id === id);
  }

  get late() {
    return this.messages.some((message) => Date.now() - message.at > LATE) || (this.messages.length > 0 && !connected());
  }

  store() {
    keepMessages(this.messages.filter((message) => LASTING.includes(message.kind)));
  }

  // All of them each time: of two that are sent at once only the last may arrive.
  flush() {
    if (!this.send || !connected()) return;
    this.sentAt = Date.now();
    this.send(this.messages);
  }

  look() {
    if (this.messages.length && Date.now() - this.sentAt > AGAIN) this.flush();
    this.changed();
  }
}

function connected() {
  const app = document.querySelector("[data-testid=stApp]");
  if (!app) return true; // a page that is a file has no server to lose
  const state = app.getAttribute("data-test-connection-state");
  return navigator.onLine !== false && (state === null || state === "CONNECTED");
}

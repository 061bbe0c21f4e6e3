// A pack: the Review page without a server. What the service would keep is kept in this browser, and saved as a file.

import review from "../review/review.js";
import { Kept } from "./kept.js";
import { fill } from "../review/dom.js";
import { hmac } from "./sha256.js";

const pack = JSON.parse(document.getElementById("pack").textContent);
const root = document.getElementById("review");

class Local {
  constructor() {
    this.kept = new Kept(pack);
    this.acked = [];
    this.open = null; // token of a verdict that is open to be changed
    this.summary = false;
    this.saved = null; // name of the file that was saved just now
  }

  // What the page shows, as the server would say it.
  stage() {
    const { kept } = this;
    if (!kept.state.begun) {
      const { rules } = pack.start;
      return { ...pack.start, stage: "start", rules: kept.lasts() ? rules : [pack.says.keeps_nothing, ...rules] };
    }
    if (this.saved) return this.totals();
    if (this.open) return this.pair(this.open, true);
    const next = this.summary ? null : kept.next();
    return next ? this.pair(next, false) : this.list();
  }

  pair(token, answered) {
    const { kept } = this;
    const served = kept.pair(token);
    const verdict = answered ? kept.said(token).verdict : null;
    const mark = answered ? pack.says.changing : served.practice ? pack.marks[kept.practiceLeft()] || "" : "";
    const draft = kept.said(token).draft || verdict || served.draft;
    kept.show(token);
    return { ...pack.page, stage: "pair", progress: this.progress(), pair: { ...served, draft, answered, mark, known: 0 } };
  }

  progress() {
    const { done, planned } = this.kept.counts();
    const minutes = Math.max(1, Math.round((planned - done) * this.kept.pace() / 60));
    const words = fill(pack.says.progress, { done, planned, time: fill(pack.says.minutes, { n: minutes }) });
    return { words, share: planned ? Math.min(1, done / planned) : 1 };
  }

  list() {
    const { kept } = this;
    kept.show(null);
    const given = kept.given().map((token) => ({
      token, question: [...kept.pair(token).question.raw].slice(0, 120).join(""), choice: pack.choices[kept.said(token).verdict.choice],
    }));
    const over = kept.next() === null;
    return { ...pack.summary, stage: "summary", given, says: over ? pack.says.all : pack.says.early, more: over ? null : pack.says.go_on };
  }

  totals() {
    return {
      ...pack.totals, stage: "totals", figures: [[pack.says.judged, String(this.kept.counts().judged)]],
      says: fill(pack.says.saved, { file: this.saved }),
    };
  }

  take(messages) {
    for (const message of messages) {
      if (this.acked.includes(message.id)) continue;
      // Of another pack in this browser, whose page was closed: it stays there.
      const known = message.token === undefined || this.kept.pair(message.token);
      if (known && ACTS[message.kind]) ACTS[message.kind](this, message);
      this.acked.push(message.id);
    }
    this.draw();
  }

  draw() {
    const data = { ...this.stage(), language: pack.language, words: pack.words, acked: this.acked, denied: [], refused: null };
    review({ parentElement: root, data, setTriggerValue: (_, messages) => setTimeout(() => this.take([...messages])) });
  }

  save() {
    const said = JSON.stringify(this.kept.saidOfAll());
    const signature = hmac(pack.key, `${pack.kind} ${pack.version}\n${pack.id}\n${said}`);
    const text = JSON.stringify({ kind: pack.kind, version: pack.version, pack: pack.id, said, signature });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `verdicts-${pack.id}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    this.saved = link.download;
  }
}

const ACTS = {
  begin: (local) => { local.kept.begin(); },
  draft: (local, { token, fields }) => { local.kept.put(token, { draft: fields }); },
  submit: (local, { token, fields }) => {
    local.kept.stop();
    local.kept.put(token, { verdict: fields, draft: null });
    local.open = null;
  },
  guess: (local, { token, choice }) => { local.kept.put(token, { guess: choice }); },
  skip: (local, { token, reason }) => { local.kept.put(token, { skip: reason, draft: null }); },
  flag: (local, { token, reason }) => { local.kept.put(token, { flags: [...(local.kept.said(token).flags || []), reason] }); },
  undo: (local, { token }) => {
    const given = local.kept.given().reverse();
    const before = given[given.indexOf(token) + 1];
    if (before) local.open = before;
  },
  open: (local, { token }) => { local.open = token; },
  next: (local) => { local.open = null; },
  finish: (local) => { local.open = null; local.summary = true; },
  more: (local) => { local.open = null; local.summary = false; },
  close: (local) => { local.save(); },
  again: (local) => { local.saved = null; local.summary = true; },
};

new Local().draw();

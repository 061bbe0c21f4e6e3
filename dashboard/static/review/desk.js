// One pair before its grader: what is chosen and typed, how it is kept, and when it is sent.

import { ask, help } from "./dialog.js";
import { Critical, Marked } from "./critical.js";
import { beginning, fill } from "./dom.js";
import { keepDraft, newest } from "./keep.js";
import { listen } from "./keys.js";
import { build, CHOICES, CRITERION_KEYS } from "./screen.js";

const PAUSE = 400; // milliseconds without typing after which a draft goes to the service
const NARROW = "(max-width: 699px)";

export class Desk {
  constructor(root, outbox, data) {
    this.root = root;
    this.outbox = outbox;
    this.words = data.words;
    this.language = data.language;
    this.token = null;
    this.sent = null; // id of the message that ends this pair
    this.asking = null; // the question that lies over the page, while it does
    this.plain = false;
    this.scrolled = { left: 0, right: 0 };
    this.narrow = matchMedia(NARROW);
    this.resized = () => this.turn(this.side);
    this.narrow.addEventListener("change", this.resized);
    const { screen, parts } = build(this.words, data, this.acts());
    this.screen = screen;
    this.parts = parts;
    this.critical = new Critical(this.words, data.errors, () => this.changed());
    screen.querySelector("[data-slot=critical]").append(this.critical.list, this.critical.form);
    root.replaceChildren(screen);
    this.marked = new Marked(screen);
    this.unlisten = listen(this);
    this.fits = `${data.language} ${JSON.stringify(data.pair.criteria)}`;
  }

  // Whether new data can be shown by the elements there are.
  holds(data) {
    return data.stage === "pair" && this.fits === `${data.language} ${JSON.stringify(data.pair.criteria)}`;
  }

  end() {
    this.flush();
    this.unlisten();
    this.marked.end();
    this.narrow.removeEventListener("change", this.resized);
  }

  acts() {
    return {
      fold: () => this.fold(), turn: (side) => this.turn(side), criterion: (name, value) => this.criterion(name, value),
      choose: (choice) => this.choose(choice), send: () => this.submit(), reason: (name) => this.reason(name),
      typed: () => this.typed(), back: () => this.outbox.put("next", {}), plain: () => this.switchPlain(),
      undo: () => this.undo(), skip: () => this.skip(), finish: () => this.outbox.put("finish", {}),
      critical: () => this.openCritical(), flag: () => this.flag(), help: () => this.help(),
    };
  }

  // --- what comes from the server -------------------------------------------------------------------------------

  update(data) {
    this.data = data;
    this.parts.progress.textContent = data.progress.words;
    this.parts.bar.value = data.progress.share;
    if (data.pair.token !== this.token) this.load(data.pair);
    const refused = data.refused ? data.refused.id : null;
    if (refused && refused !== this.refused) this.say(data.refused.words); // once: each answer of the server has it again
    this.refused = refused;
    this.status();
  }

  load(pair) {
    this.flush();
    this.token = pair.token;
    this.pair = pair;
    this.fields = newest(pair.token, pair.draft);
    this.sent = null;
    this.side = pair.shown_first;
    this.scrolled = { left: 0, right: 0 };
    this.parts.comment.value = this.fields.comment;
    this.parts.mark.textContent = pair.mark;
    this.parts.mark.hidden = !pair.mark;
    this.parts.back.hidden = !pair.answered;
    this.parts.skip.hidden = this.parts.finish.hidden = pair.answered;
    this.open(false);
    this.marked.take();
    this.critical.show(this.fields);
    this.write();
    this.turn(this.side);
    this.say("");
    for (const { text } of Object.values(this.parts.sides)) text.scrollTop = 0;
    this.screen.focus({ preventScroll: true });
    this.screen.scrollIntoView({ block: "nearest" });
    window.requestAnimationFrame(() => document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0));
  }

  write() {
    const put = (element, text) => {
      element.classList.toggle("rv-plain", this.plain);
      if (this.plain) element.textContent = text.raw;
      else element.innerHTML = text.html; // sanitized by the server: dashboard/hostile.py
      if (text.cut) element.append(Object.assign(document.createElement("p"), { className: "rv-cut", textContent: this.words.cut }));
    };
    put(this.parts.asked, this.pair.question);
    this.parts.fold.querySelector("span").textContent = beginning(this.pair.question.raw, 80);
    put(this.parts.sides.left.text, this.pair.left);
    put(this.parts.sides.right.text, this.pair.right);
    this.parts.plain.setAttribute("aria-pressed", String(this.plain));
  }

  // --- what the grader does -------------------------------------------------------------------------------------

  get locked() {
    return this.sent !== null && this.outbox.has(this.sent);
  }

  choose(choice) {
    if (this.locked || !this.bothSeen()) return;
    this.fields.choice = choice;
    this.say("");
    this.changed();
  }

  // A verdict's key: the first time it chooses, the second time it sends.
  press(place) {
    const choice = CHOICES[place - 1];
    if (this.fields.choice === choice) this.submit();
    else this.choose(choice);
  }

  criterion(name, value) {
    if (this.locked) return;
    if (this.fields.criteria[name] === value || value === null) delete this.fields.criteria[name];
    else this.fields.criteria[name] = value;
    this.say("");
    this.changed();
  }

  // A criterion's key goes through A, same, B and nothing.
  cycle(place) {
    const entry = this.data.pair.criteria[place];
    if (!entry) return false;
    const order = [undefined, "left", "tie", "right"];
    const next = order[(order.indexOf(this.fields.criteria[entry[0]]) + 1) % order.length];
    this.criterion(entry[0], next ?? null);
    return true;
  }

  reason(name) {
    if (this.locked || !name) return;
    const had = this.fields.reasons.includes(name);
    this.fields.reasons = had ? this.fields.reasons.filter((other) => other !== name) : [...this.fields.reasons, name];
    this.changed();
  }

  typed() {
    this.fields.comment = this.parts.comment.value;
    this.changed();
  }

  changed() {
    if (this.locked) return;
    // Later than what it was made from, also where another device's clock is ahead.
    this.fields.saved = Math.max(Date.now(), this.fields.saved + 1);
    keepDraft(this.token, this.fields);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), PAUSE);
    this.paint();
    this.status();
  }

  // The draft goes to the service now.
  flush() {
    if (!this.timer) return;
    this.forget();
    this.outbox.put("draft", { token: this.token, fields: structuredClone(this.fields) });
  }

  // The draft need not go: what is sent says it all.
  forget() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  bothSeen() {
    const missing = ["left", "right"].find((side) => !this.fields.seen.includes(side));
    if (!missing) return true;
    this.say(fill(this.words.open_first, { side: missing === "left" ? "A" : "B" }));
    return false;
  }

  // Every criterion is wanted, but where both are unacceptable.
  allAnswered() {
    const blank = this.data.pair.criteria.findIndex(([name]) => !this.fields.criteria[name]);
    if (blank < 0 || this.fields.choice === "both_bad") return true;
    const [name, label] = this.data.pair.criteria[blank];
    this.say(fill(this.words.criterion_first, { criterion: label, key: CRITERION_KEYS[blank] }));
    this.parts.criteria[name][0].parentElement.focus();
    return false;
  }

  submit() {
    if (this.locked || !this.bothSeen()) return;
    if (!this.fields.choice) return this.say(this.words.choose_first);
    if (!this.allAnswered()) return;
    if (this.critical.unfinished && !this.critical.add()) return;
    this.forget();
    this.outbox.withdrawDrafts(this.token);
    keepDraft(this.token, this.fields);
    const token = this.token;
    this.sent = this.outbox.put("submit", { token, known: this.pair.known, fields: structuredClone(this.fields) });
    this.status();
    if (this.pair.asks_guess) this.guess(token);
  }

  over(question) {
    this.asking = question.finally(() => { this.asking = null; });
    return this.asking;
  }

  async guess(token) {
    const options = [["left", "A"], ["right", "B"], ["unknown", this.words.guess_unknown]];
    const choice = await this.over(ask(this.root, this.words, this.words.guess, options, ""));
    if (choice) this.outbox.put("guess", { token, choice });
  }

  async skip() {
    if (this.locked || this.pair.answered) return;
    const { token } = this;
    const reason = await this.over(ask(this.root, this.words, this.words.skip_why, this.data.skips, this.words.other_reason));
    if (!reason || token !== this.token || this.locked) return;
    this.forget();
    this.outbox.withdrawDrafts(this.token);
    this.sent = this.outbox.put("skip", { token, reason });
    this.status();
  }

  async flag() {
    const { token } = this;
    const reason = await this.over(ask(this.root, this.words, this.words.flag_why, this.data.flags, this.words.other_reason));
    if (!reason) return;
    this.outbox.put("flag", { token, reason });
    this.say(this.words.flagged, "quiet");
  }

  undo() {
    if (!this.locked) this.outbox.put("undo", { token: this.token });
  }

  openCritical() {
    if (!this.locked) this.critical.open(this.marked.take());
  }

  help() {
    const rows = [
      ["1 – 4", this.words.key_verdict], ["Enter", this.words.key_send], [CRITERION_KEYS.slice(0, this.data.pair.criteria.length).join(" "), this.words.key_criteria],
      [`Shift 1 – ${this.data.reasons.length}`, this.words.key_reasons], ["C", this.words.key_comment], ["Alt 1 – 4", this.words.key_inside],
      ["X", this.words.key_critical], ["S", this.words.skip], ["F", this.words.flag], ["P", this.words.plain], ["U", this.words.key_undo],
      ["A B", this.words.key_sides], ["Esc", this.words.key_escape],
    ];
    this.over(help(this.root, this.words, rows.filter(([key]) => key)));
  }

  switchPlain() {
    this.plain = !this.plain;
    this.write();
  }

  // --- a narrow screen ------------------------------------------------------------------------------------------

  open(whether) {
    this.parts.question.dataset.open = String(whether);
    this.parts.fold.setAttribute("aria-expanded", String(whether));
  }

  fold() {
    this.open(this.parts.question.dataset.open !== "true");
  }

  turn(side) {
    if (!this.fields) return;
    const { sides, tabs } = this.parts;
    if (this.narrow.matches && sides[this.side] && !sides[this.side].box.hidden) this.scrolled[this.side] = sides[this.side].text.scrollTop;
    this.side = side;
    for (const [each, { box, text }] of Object.entries(sides)) {
      box.hidden = this.narrow.matches && each !== side;
      if (!box.hidden && this.narrow.matches) text.scrollTop = this.scrolled[each];
      tabs[each].setAttribute("aria-selected", String(each === side));
    }
    const seen = this.narrow.matches ? [side] : ["left", "right"];
    const before = this.fields.seen.length;
    this.fields.seen = [...new Set([...this.fields.seen, ...seen])];
    if (this.fields.seen.length === 2) this.say("");
    if (this.fields.seen.length !== before && this.fields.saved) keepDraft(this.token, this.fields);
    this.paint();
  }

  look(side) {
    this.turn(side);
    this.parts.sides[side].text.focus({ preventScroll: true });
  }

  // --- what is seen ---------------------------------------------------------------------------------------------

  paint() {
    const { choices, chips, criteria, send, sendLabel, tabs } = this.parts;
    const { fields } = this;
    for (const [choice, made] of Object.entries(choices)) made.setAttribute("aria-pressed", String(fields.choice === choice));
    for (const [name, made] of Object.entries(chips)) made.setAttribute("aria-pressed", String(fields.reasons.includes(name)));
    for (const [name, made] of Object.entries(criteria)) {
      for (const each of made) each.setAttribute("aria-pressed", String(fields.criteria[name] === each.dataset.value));
    }
    const seen = fields.seen.length === 2;
    for (const side of ["left", "right"]) tabs[side].dataset.seen = String(fields.seen.includes(side));
    for (const made of Object.values(choices)) made.setAttribute("aria-disabled", String(!seen));
    send.disabled = !fields.choice || !seen || this.locked;
    sendLabel.textContent = this.pair.answered ? this.words.change : this.words.send;
    this.screen.dataset.ready = String(Boolean(fields.choice));
  }

  say(words, tone = "warn") {
    this.parts.notice.textContent = words;
    this.parts.notice.dataset.tone = tone;
    this.parts.notice.hidden = !words;
  }

  status() {
    if (!this.fields) return;
    const { locked, outbox, words } = this;
    const ending = locked ? [words.sending, words.sending_late] : [words.saving, words.saving_late];
    const waiting = outbox.messages.length > 0;
    const said = waiting ? ending[outbox.late ? 1 : 0] : this.timer ? words.saving : this.fields.saved ? words.saved : "";
    this.screen.dataset.locked = String(locked);
    this.screen.dataset.late = String(waiting && outbox.late);
    if (this.parts.saved.textContent !== said) this.parts.saved.textContent = said;
    this.parts.send.disabled = locked || !this.fields.choice || this.fields.seen.length < 2;
  }
}

// What was said of each pair of a pack, kept in this browser after each act: closing the page or the machine loses nothing.

const PACE = 120; // seconds that a pair is taken to last before the first verdict

function localStorageHas(key) {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}

export class Kept {
  constructor(pack) {
    this.pack = pack;
    this.key = `assay.pack.${pack.id}`;
    this.pairs = new Map(pack.pairs.map((pair) => [pair.token, pair]));
    this.state = { begun: false, pairs: {}, ...this.read() };
    this.since = null; // since when a pair is on the screen, and which
    document.addEventListener("visibilitychange", () => this.look());
    window.addEventListener("pagehide", () => this.stop());
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) || {};
    } catch {
      return {}; // a browser that keeps nothing
    }
  }

  write() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.state));
    } catch {
      // As above: the page says so before the first pair.
    }
  }

  // Whether this browser keeps anything.
  lasts() {
    this.write();
    return localStorageHas(this.key);
  }

  begin() {
    this.state.begun = true;
    this.write();
  }

  pair(token) {
    return this.pairs.get(token);
  }

  said(token) {
    return this.state.pairs[token] || {};
  }

  put(token, news) {
    this.state.pairs[token] = { ...this.said(token), ...news };
    this.write();
  }

  // Verdicts that can be changed, in the order of the pairs; practice is none.
  given() {
    return [...this.pairs.keys()].filter((token) => this.said(token).verdict && !this.pair(token).practice);
  }

  isDone(token) {
    return Boolean(this.said(token).verdict || this.said(token).skip);
  }

  next() {
    return [...this.pairs.keys()].find((token) => !this.isDone(token)) ?? null;
  }

  practiceLeft() {
    return [...this.pairs.values()].filter((pair) => pair.practice && !this.isDone(pair.token)).length;
  }

  counts() {
    const counted = [...this.pairs.values()].filter((pair) => !pair.practice);
    const judged = counted.filter((pair) => this.said(pair.token).verdict).length;
    return { planned: counted.length, judged, done: counted.filter((pair) => this.isDone(pair.token)).length };
  }

  // --- how long each pair was on the screen ---------------------------------------------------------------------

  show(token) {
    if (this.since && this.since.token === token) return;
    this.stop();
    this.since = token && !this.said(token).verdict ? { token, at: Date.now() } : null;
  }

  stop() {
    if (!this.since) return;
    const { token, at } = this.since;
    this.since = null;
    this.put(token, { seconds: (this.said(token).seconds || 0) + (Date.now() - at) / 1000 });
  }

  look() {
    if (document.hidden && this.since) {
      const { token } = this.since;
      this.stop();
      this.away = token;
    } else if (!document.hidden && this.away) {
      this.show(this.away);
      this.away = null;
    }
  }

  pace() {
    const took = this.given().map((token) => this.said(token).seconds || 0).sort((a, b) => a - b);
    return took.length ? took[Math.floor(took.length / 2)] : PACE;
  }

  // All of it, as the file has it: every pair of the pack, also those of which nothing was said.
  saidOfAll() {
    this.stop();
    const pairs = {};
    for (const token of this.pairs.keys()) {
      const { verdict, skip, guess, flags, draft, seconds } = this.said(token);
      pairs[token] = {
        verdict: verdict || null, skip: verdict ? null : skip || null, guess: guess || null, flags: flags || [],
        draft: draft || null, seconds: Math.round((seconds || 0) * 10) / 10,
      };
    }
    return { saved: Date.now(), pairs };
  }
}

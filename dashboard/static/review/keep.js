// What has been filled in so far, kept by this browser until it is sent: a reload or a dead battery loses nothing.

const DRAFT = "assay.review.draft.";
const OUTBOX = "assay.review.outbox";
const DAY = 24 * 3600 * 1000;

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null; // a browser that keeps nothing, or something that is not ours
  }
}

function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing: the service has the draft a moment later.
  }
}

export function empty() {
  return { choice: null, criteria: {}, reasons: [], comment: "", errors: [], pending: null, seen: [], saved: 0 };
}

// The newer one of what this browser and what the service has; a page elsewhere may have gone on.
export function newest(token, served) {
  const here = read(DRAFT + token);
  const there = served && typeof served === "object" ? served : {};
  const taken = here && (here.saved || 0) >= (there.saved || 0) ? here : there;
  return { ...empty(), ...taken };
}

export function keepDraft(token, fields) {
  write(DRAFT + token, fields);
}

export function dropDraft(token) {
  write(DRAFT + token, null);
}

export function keptMessages() {
  const found = read(OUTBOX);
  const fresh = (message) => message && typeof message.id === "string" && Date.now() - message.at < DAY / 2;
  return Array.isArray(found) ? found.filter(fresh) : [];
}

export function keepMessages(messages) {
  write(OUTBOX, messages.length ? messages : null);
}

// Drafts of pairs that went elsewhere would stay for ever.
export function tidy() {
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(DRAFT)) continue;
      const found = read(key);
      if (!found || Date.now() - (found.saved || 0) > 2 * DAY) localStorage.removeItem(key);
    }
  } catch {
    // As above.
  }
}

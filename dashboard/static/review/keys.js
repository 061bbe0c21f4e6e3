// The keyboard: one key for everything, none of them while something is typed or composed.

import { composing, digit, isText } from "./dom.js";
import { CRITERION_KEYS } from "./screen.js";

export function listen(desk) {
  const onkey = (event) => {
    if (desk.asking || composing(event) || event.ctrlKey || event.metaKey) return;
    const target = event.composedPath()[0];
    const inside = target instanceof Node && desk.screen.contains(target);
    if (isText(target)) {
      if (inside && typing(desk, event, target)) taken(event);
    } else if ((inside || target === document.body || !(target instanceof HTMLElement) || passive(target)) && pressed(desk, event, target)) {
      taken(event);
    }
  };
  // Before Streamlit's own keys, of which one runs the page again.
  window.addEventListener("keydown", onkey, true);
  return () => window.removeEventListener("keydown", onkey, true);
}

function taken(event) {
  event.preventDefault();
  event.stopPropagation();
}

// The page around the pair, where nothing wants the key.
function passive(target) {
  return !target.closest("button, a, [role=radio], [role=menuitem], dialog");
}

// In the line: digits are text; Enter and Esc leave it, Alt with a digit is a verdict.
function typing(desk, event, target) {
  if (event.altKey) {
    const place = digit(event);
    if (place < 1 || place > 4 || event.repeat) return false;
    desk.press(place);
    return true;
  }
  if (event.key === "Escape" || (event.key === "Enter" && target === desk.parts.comment)) {
    target.blur();
    desk.screen.focus({ preventScroll: true });
    return true;
  }
  return false;
}

function pressed(desk, event, target) {
  if (event.repeat) return digit(event) > 0 || event.key === "Enter";
  const place = digit(event);
  if (place) return number(desk, event, place);
  if (event.altKey) return false;
  if (event.key === "Enter") return enter(desk, target);
  return letter(desk, event);
}

function number(desk, event, place) {
  if (event.shiftKey) {
    const entry = desk.data.reasons[place - 1];
    if (entry) desk.reason(entry[0]);
    return Boolean(entry);
  }
  if (place > 4) return false;
  desk.press(place);
  return true;
}

// Enter sends, but for what the keyboard itself went to: there it presses, as everywhere.
function enter(desk, target) {
  if (target instanceof HTMLElement && target.closest("button") && target.matches(":focus-visible")) {
    const chosen = target.matches(".rv-verdict[aria-pressed=true]");
    if (!chosen) return false;
  }
  desk.submit();
  return true;
}

function letter(desk, event) {
  const key = event.key.toLowerCase();
  const criterion = CRITERION_KEYS.indexOf(key.toUpperCase());
  if (criterion >= 0) return desk.cycle(criterion);
  const acts = {
    c: () => desk.parts.comment.focus(), x: () => desk.openCritical(), s: () => desk.skip(), f: () => desk.flag(),
    p: () => desk.switchPlain(), u: () => desk.undo(), a: () => desk.look("left"), b: () => desk.look("right"),
    "?": () => desk.help(), "？": () => desk.help(), escape: () => escape(desk),
  };
  if (!acts[key]) return false;
  acts[key]();
  return true;
}

function escape(desk) {
  if (!desk.critical.form.hidden) desk.critical.close();
  else if (desk.pair.answered) desk.outbox.put("next", {});
  desk.screen.focus({ preventScroll: true });
}

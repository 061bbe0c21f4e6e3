// HMAC-SHA-256 (FIPS 180-4, RFC 2104) of a text: a page that is opened as a file is not given the browser's own by all.

const CONSTANTS = [];
const BEGIN = [];

// The first 32 bits of the fractional parts of the square and cube roots of the first primes.
for (let number = 2; CONSTANTS.length < 64; number += 1) {
  let prime = true;
  for (let part = 2; part * part <= number; part += 1) if (number % part === 0) prime = false;
  if (!prime) continue;
  if (BEGIN.length < 8) BEGIN.push(fraction(Math.sqrt(number)));
  CONSTANTS.push(fraction(Math.cbrt(number)));
}

function fraction(value) {
  return Math.floor((value - Math.floor(value)) * 0x100000000) | 0;
}

const turned = (value, by) => (value >>> by) | (value << (32 - by));

function sha256(bytes) {
  const padded = new Uint8Array(((bytes.length + 8) >> 6 << 6) + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0);
  const state = [...BEGIN];
  for (let at = 0; at < padded.length; at += 64) mix(state, view, at);
  const made = new DataView(new ArrayBuffer(32));
  state.forEach((word, place) => made.setInt32(4 * place, word));
  return new Uint8Array(made.buffer);
}

function mix(state, view, at) {
  const words = new Int32Array(64);
  for (let place = 0; place < 16; place += 1) words[place] = view.getInt32(at + 4 * place);
  for (let place = 16; place < 64; place += 1) {
    const near = words[place - 2], far = words[place - 15];
    const low = turned(far, 7) ^ turned(far, 18) ^ (far >>> 3);
    const high = turned(near, 17) ^ turned(near, 19) ^ (near >>> 10);
    words[place] = (words[place - 16] + low + words[place - 7] + high) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let place = 0; place < 64; place += 1) {
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + CONSTANTS[place] + words[place]) | 0;
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, place) => { state[place] = (state[place] + value) | 0; });
}

function joined(first, second) {
  const made = new Uint8Array(first.length + second.length);
  made.set(first);
  made.set(second, first.length);
  return made;
}

// `key`: 64 hexadecimal digits. Gives as many.
export function hmac(key, text) {
  const block = new Uint8Array(64);
  block.set(key.match(/../g).map((pair) => parseInt(pair, 16)));
  const inner = sha256(joined(block.map((byte) => byte ^ 0x36), new TextEncoder().encode(text)));
  const outer = sha256(joined(block.map((byte) => byte ^ 0x5c), inner));
  return [...outer].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What the page remembers: the history of operations, and values that later examples need.
import { variablesWithoutSecrets, withoutSecrets } from "./language.js";

const HISTORY = "remit.explorer.history";
const CARRIED = "remit.explorer.carried";
const KEPT = 30;
const SIX_WEEKS = 42;

/** Earlier operations, newest first: [{name, document, variables}]. */
export function history() {
  return read(localStorage, HISTORY, []);
}

/** Adds an operation, without the passwords, codes and tokens in it: local storage outlives the session. */
export function remember({ name, document, variables }) {
  const entry = { name, document: withoutSecrets(document), variables: variablesWithoutSecrets(variables) };
  const isOther = (kept) => kept.document !== entry.document || JSON.stringify(kept.variables) !== JSON.stringify(entry.variables);
  write(localStorage, HISTORY, [entry, ...history().filter(isOther)].slice(0, KEPT));
}

export function forgetHistory() {
  localStorage.removeItem(HISTORY);
}

/** Keeps the first value of each wanted name that an answer holds, until the tab closes. */
export function carry(answer, wanted) {
  const found = {};
  collect(answer, wanted, found);
  write(sessionStorage, CARRIED, { ...read(sessionStorage, CARRIED, {}), ...found });
}

function collect(value, wanted, found) {
  if (value === null || typeof value !== "object") return;
  for (const [name, inner] of Object.entries(value)) {
    const isPlain = typeof inner === "string" || typeof inner === "number";
    if (isPlain && wanted.has(name) && !(name in found)) found[name] = inner;
    collect(inner, wanted, found);
  }
}

/** An example's variables with their words filled in: `@midnight`, `@next-midnight`, `@free-start`, `@new-key`, and what was carried. */
export function filledIn(variables, now = new Date()) {
  const carried = read(sessionStorage, CARRIED, {});
  const fill = (name, value) => {
    if (value === "") return carried[name] ?? "";
    if (value === "@midnight") return instant(now, 0, 0);
    if (value === "@next-midnight") return instant(now, 1, 0);
    if (value === "@free-start") return carried[name] ?? instant(now, SIX_WEEKS, 12);
    return value === "@new-key" ? freshKey() : value;
  };
  return JSON.parse(JSON.stringify(variables, fill));
}

/** An hour of today or a later day by the reader's clock, as an instant that the API reads. */
function instant(now, daysLater, hour) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + daysLater, hour).toISOString();
}

/** Not `crypto.randomUUID`: browsers give that to https and localhost alone. */
function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function read(storage, name, otherwise) {
  try {
    return JSON.parse(storage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(storage, name, value) {
  try {
    storage.setItem(name, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the page works without memory.
  }
}

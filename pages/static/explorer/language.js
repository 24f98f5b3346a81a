// The GraphQL language as an editor needs it: tokens, operations, colours, layout. Pure: no page, no network.

const TOKEN = /(?<space>[\s,\uFEFF]+)|(?<comment>#[^\n\r]*)|(?<string>"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\\n\r])*")|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|(?<punctuator>\.\.\.|[!$&()\[\]{}:=@|])|(?<error>[^])/gyu;
const KEYWORDS = new Set(["query", "mutation", "subscription", "fragment", "on", "true", "false", "null"]);
const OPERATIONS = new Set(["query", "mutation", "subscription"]);
const CLOSING = { "(": ")", "[": "]", "{": "}" };
const SECRET = /password|secret|token|^(mailed)?code$/i;
const LINE_LENGTH = 80;

/** Every token of the text with its place; spaces and commas are left out, what is no GraphQL has the kind "error". */
export function tokenize(text) {
  const tokens = [];
  for (const match of text.matchAll(TOKEN)) {
    const [kind] = Object.entries(match.groups).find(([, found]) => found !== undefined);
    if (kind !== "space") tokens.push({ kind, text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}

/** The operations of a document: [{type, name}], where name is "" for an anonymous one. */
export function operationsOf(text) {
  const operations = [];
  let depth = 0;
  let startsDefinition = true;
  const tokens = tokenize(text).filter((token) => token.kind !== "comment");
  tokens.forEach((token, place) => {
    if (depth === 0 && startsDefinition && (OPERATIONS.has(token.text) || token.text === "{")) {
      const next = tokens[place + 1];
      const isNamed = token.text !== "{" && next?.kind === "name";
      operations.push({ type: token.text === "{" ? "query" : token.text, name: isNamed ? next.text : "" });
    }
    if (token.text in CLOSING) depth += 1;
    if (Object.values(CLOSING).includes(token.text)) depth -= 1;
    startsDefinition = depth === 0 && token.text === "}";
  });
  return operations;
}

/** The text in pieces [class, text] for colouring; the class of plain text is "". */
export function colours(text) {
  const pieces = [];
  let written = 0;
  const tokens = tokenize(text);
  tokens.forEach((token, place) => {
    if (token.start > written) pieces.push(["", text.slice(written, token.start)]);
    pieces.push([colourOf(token, tokens[place - 1], tokens[place + 1]), token.text]);
    written = token.end;
  });
  if (written < text.length) pieces.push(["", text.slice(written)]);
  return pieces;
}

function colourOf(token, previous, next) {
  if (token.kind === "punctuator") return { $: "is-variable", "@": "is-directive" }[token.text] ?? "";
  if (token.kind !== "name") return `is-${token.kind}`;
  if (previous?.text === "$") return "is-variable";
  if (previous?.text === "@") return "is-directive";
  if (KEYWORDS.has(token.text) && next?.text !== ":") return "is-keyword";
  return /^[A-Z]/.test(token.text) ? "is-type" : "is-name";
}

/** The document without the literal values of passwords, codes and tokens: for what is kept in the browser. */
export function withoutSecrets(text) {
  const tokens = tokenize(text);
  const secrets = tokens.filter(
    (token, place) => token.kind === "string" && tokens[place - 1]?.text === ":" && SECRET.test(tokens[place - 2]?.text),
  );
  return secrets.reduceRight((kept, { start, end }) => `${kept.slice(0, start)}""${kept.slice(end)}`, text);
}

/** The same variables with the values of passwords, codes and tokens emptied, at any depth. */
export function variablesWithoutSecrets(variables) {
  return JSON.parse(JSON.stringify(variables, (name, value) => (SECRET.test(name) ? "" : value)));
}

/**
 * The document laid out: two spaces a level, a selection a line, arguments on one line while they fit.
 * Text that is no GraphQL, or that the layout would change in more than spaces and commas, comes back as it was.
 */
export function prettify(text) {
  const tokens = tokenize(text);
  if (tokens.length === 0 || tokens.some((token) => token.kind === "error")) return text;
  const pretty = new Layout(tokens, text).document();
  const words = (source) => source.map((token) => token.text.trimEnd()).join("\n");
  return words(tokenize(pretty)) === words(tokens) ? pretty : text;
}

class Layout {
  constructor(tokens, text) {
    this.tokens = tokens;
    this.text = text;
    this.place = 0;
  }

  get next() {
    return this.tokens[this.place];
  }

  get previous() {
    return this.tokens[this.place - 1];
  }

  take() {
    return this.tokens[this.place++];
  }

  document() {
    let laid = "";
    while (this.next) {
      const gap = laid && (this.previous.kind === "comment" ? "\n" : "\n\n");
      laid += gap + (this.next.kind === "comment" ? this.take().text.trimEnd() : this.definition());
    }
    return `${laid}\n`;
  }

  definition() {
    let line = "";
    while (this.next && this.next.text !== "{") line = this.extend(line, 0);
    return this.next ? `${line && `${line} `}${this.selections(0)}` : line;
  }

  selections(level) {
    const indent = "  ".repeat(level + 1);
    let laid = this.take().text;
    while (this.next && this.next.text !== "}") {
      if (this.next.kind === "comment") laid += `${this.isOnSameLine() ? " " : `\n${indent}`}${this.take().text.trimEnd()}`;
      else laid += `\n${indent}${this.selection(level + 1)}`;
    }
    return this.next ? `${laid}\n${"  ".repeat(level)}${this.take().text}` : laid;
  }

  selection(level) {
    let line = this.extend("", level);
    const isSpread = line === "...";
    while (this.next && this.continuesSelection(isSpread)) {
      if (this.next.text === "{") return `${line} ${this.selections(level)}`;
      line = this.extend(line, level);
    }
    return line;
  }

  continuesSelection(isSpread) {
    if ([":", "(", "@", "{"].includes(this.next.text)) return true;
    if ([":", "@", "..."].includes(this.previous.text)) return true;
    return isSpread && this.previous.text === "on" && this.tokens[this.place - 2].text === "...";
  }

  /** The line with the next token, or the next group in brackets, added to it. */
  extend(line, level) {
    const gap = line && spaceBetween(this.previous, this.next);
    if (this.next.text in CLOSING) return `${line}${gap}${this.group(level, line.length + 2 * level)}`;
    const token = this.take();
    return `${line}${gap}${token.text.trimEnd()}${token.kind === "comment" ? "\n" : ""}`;
  }

  group(level, column) {
    const start = this.place;
    const flat = this.bracketed(level, (items) => items.join(", "));
    if (!flat.includes("\n") && column + flat.length <= LINE_LENGTH) return flat;
    this.place = start;
    const indent = `\n${"  ".repeat(level + 1)}`;
    return this.bracketed(level + 1, (items) => `${indent}${items.join(indent)}\n${"  ".repeat(level)}`);
  }

  bracketed(level, join) {
    const opening = this.take().text;
    const items = [];
    while (this.next && this.next.text !== CLOSING[opening]) items.push(this.item(opening, level));
    return `${opening}${items.length ? join(items) : ""}${this.next ? this.take().text : ""}`;
  }

  item(opening, level) {
    let line = this.extend("", level);
    while (this.next && this.next.text !== CLOSING[opening] && !this.startsItem(opening)) line = this.extend(line, level);
    return line.trimEnd();
  }

  startsItem(opening) {
    const [token, second, third] = this.tokens.slice(this.place, this.place + 3);
    if (token.kind === "comment" || this.previous.kind === "comment") return true;
    if (["$", "@", ":"].includes(this.previous.text)) return false;
    if (opening === "[") return token.text !== "!";
    return (token.kind === "name" && second?.text === ":") || (token.text === "$" && third?.text === ":");
  }

  isOnSameLine() {
    return !this.text.slice(this.previous.end, this.next.start).includes("\n");
  }
}

function spaceBetween(previous, token) {
  if ([":", "!", "("].includes(token.text) || ["$", "@", "(", "["].includes(previous.text)) return "";
  if (previous.text === "..." && token.kind === "name" && token.text !== "on") return "";
  return " ";
}

// JSON in colours.

const TOKEN = /(?<key>"(?:\\.|[^"\\])*"(?=\s*:))|(?<string>"(?:\\.|[^"\\])*")|(?<number>-?\d[\d.eE+-]*)|(?<keyword>true|false|null)/g;

/** The text in pieces [class, text]; what is no JSON stays plain. */
export function jsonColours(text) {
  const pieces = [];
  let written = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [kind] = Object.entries(match.groups).find(([, found]) => found !== undefined);
    pieces.push(["", text.slice(written, match.index)], [`is-${kind}`, match[0]]);
    written = match.index + match[0].length;
  }
  return [...pieces, ["", text.slice(written)]];
}

/** The text indented if it is JSON, else as it was. */
export function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

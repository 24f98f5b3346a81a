// What may be written at the cursor, by the schema. Pure: no page, no network.
import { tokenize } from "./language.js";
import { typeText } from "./schema.js";

const DEFINITIONS = ["query", "mutation", "subscription", "fragment"];

/** {from, items: [{text, detail}]}: the place where the word at the cursor begins, and what fits it. */
export function completionsAt(schema, text, cursor) {
  const word = /\w*$/.exec(text.slice(0, cursor))[0];
  const from = cursor - word.length;
  const before = tokenize(text.slice(0, from));
  if (isInsideText(text, from)) return { from, items: [] };
  const fitting = candidates(schema, before).filter(({ text: name }) => name.toLowerCase().startsWith(word.toLowerCase()));
  return { from, items: fitting.filter(({ text: name }) => name !== word) };
}

function isInsideText(text, cursor) {
  const around = tokenize(text).find(({ start, end }) => start < cursor && cursor <= end);
  return around?.kind === "comment" || (around?.kind === "string" && cursor < around.end);
}

function candidates(schema, tokens) {
  const words = tokens.filter((token) => token.kind !== "comment");
  const frame = frameAfter(schema, words);
  const previous = words.at(-1)?.text;
  if (previous === "on") return schema.fragmentTypes(frame.type).map((name) => ({ text: name, detail: "" }));
  if (previous === "$" || previous === "@") return [];
  if (frame.kind === "document") return DEFINITIONS.map((text) => ({ text, detail: "" }));
  if (frame.kind === "selection") return previous === "..." ? [{ text: "on", detail: "" }] : fieldsOf(frame.type);
  if (previous === ":" || frame.isList) return valuesOf(schema.type(frame.input?.type ?? ""));
  return frame.inputs.map((input) => ({ text: input.name, detail: typeText(input.type) }));
}

function fieldsOf(type) {
  const fields = (type?.fields ?? []).map((field) => ({ text: field.name, detail: typeText(field.type) }));
  return type ? [...fields, { text: "__typename", detail: "String!" }] : [];
}

function valuesOf(type) {
  if (type?.name === "Boolean") return ["true", "false"].map((text) => ({ text, detail: "Boolean" }));
  return (type?.enumValues ?? []).map((value) => ({ text: value.name, detail: type.name }));
}

/** The innermost open bracket after these tokens, with the types that hold in it. */
function frameAfter(schema, tokens) {
  const frames = [{ kind: "document", inputs: [], root: "query" }];
  tokens.forEach((token, place) => {
    const frame = frames.at(-1);
    if (token.text in OPENED) frames.push(OPENED[token.text](schema, frame));
    else if (["}", ")", "]"].includes(token.text)) close(frames);
    else if (token.kind === "name") read(schema, frame, token, tokens[place - 1], tokens[place + 1]);
  });
  return frames.at(-1);
}

const OPENED = {
  "{": (schema, frame) => {
    if (frame.kind === "document") return { kind: "selection", type: frame.condition ?? schema.type(schema.roots[frame.root]) };
    if (frame.kind === "selection") return { kind: "selection", type: frame.condition ?? schema.type(frame.field?.type ?? "") };
    return { kind: "values", inputs: schema.type(frame.input?.type ?? "")?.inputFields ?? [] };
  },
  "(": (_, frame) => ({ kind: "values", inputs: frame.field?.args ?? [] }),
  "[": (_, frame) => ({ kind: "values", inputs: [], input: frame.input, isList: true }),
};

function close(frames) {
  if (frames.length > 1) frames.pop();
  if (frames.length === 1) frames[0] = { kind: "document", inputs: [], root: "query" };
}

function read(schema, frame, token, previous, next) {
  if (previous?.text === "@") return;
  if (previous?.text === "on") frame.condition = schema.type(token.text);
  else if (frame.kind === "document" && token.text in schema.roots) frame.root = token.text;
  else if (frame.kind === "selection") selectField(schema, frame, token);
  else if (next?.text === ":") frame.input = frame.inputs?.find((input) => input.name === token.text);
}

function selectField(schema, frame, token) {
  frame.condition = undefined;
  frame.field = schema.field(frame.type, token.text);
}

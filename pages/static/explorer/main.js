// The explorer: puts the parts together and answers the reader's actions.
import { answerNodes } from "./answer.js";
import { Documentation } from "./documentation.js";
import { Editor } from "./editor.js";
import { element } from "./elements.js";
import { jsonColours, prettyJson } from "./json.js";
import { colours, operationsOf, prettify } from "./language.js";
import { carry, filledIn, forgetHistory, history, remember } from "./memory.js";
import { INTROSPECTION, Schema } from "./schema.js";
import { Suggestions } from "./suggestions.js";
import { headersFrom, send } from "./transport.js";

const COLOURED_CHARACTERS = 200_000;
const HEADERS = "remit.explorer.headers";

const at = (id) => document.getElementById(id);
const { endpoint, examples: examplesAddress } = document.body.dataset;
const editor = new Editor(at("document"), colours);
const variables = new Editor(at("variables"), jsonColours);
const documentation = new Documentation(at("documentation"), loadSchema);
let schema;
let wantedNames = new Set();
let running;

new Suggestions(at("completions"), editor, () => schema);

/* Running */

async function run() {
  if (running) return running.abort();
  showAnswers([]);
  const request = readRequest();
  if (!request) return undefined;
  running = new AbortController();
  at("run").textContent = "Stop";
  showStatus("…");
  try {
    await perform(request, running.signal);
  } catch (problem) {
    showStatus(problem.name === "AbortError" ? "stopped" : `No answer: ${problem.message}`);
  } finally {
    running = undefined;
    at("run").textContent = "Run";
    document.querySelector(".answer").scrollIntoView(); // on a narrow screen it is below
  }
  return undefined;
}

/** The request as it is written on the page; undefined, and a sentence in the status line, if it cannot be sent. */
function readRequest() {
  try {
    const chosen = chosenOperation();
    const given = readVariables();
    const operation = { query: editor.text, variables: given, operationName: chosen.name || undefined };
    return { operation, headers: headersFrom(at("headers").value), isSubscription: chosen.type === "subscription" };
  } catch (problem) {
    showStatus(problem.message);
    return undefined;
  }
}

function readVariables() {
  const text = variables.text.trim();
  try {
    return text ? JSON.parse(text) : {};
  } catch (problem) {
    markVariables({ areValid: false });
    throw new Error(`Variables are not JSON: ${problem.message}`);
  }
}

function markVariables({ areValid }) {
  variables.field.setAttribute("aria-invalid", String(!areValid));
}

async function perform({ operation, headers, isSubscription }, signal) {
  const texts = [];
  const onAnswer = (text) => {
    texts.push(text);
    showAnswers(texts);
  };
  rememberOperation(operation);
  const { status, milliseconds } = await send({ endpoint, headers, operation, isSubscription, signal, onAnswer });
  const answer = parsed(texts.at(-1));
  carry(answer?.data, wantedNames);
  showStatus([status, `${milliseconds} ms`, ...costOf(answer)].join(" · "));
}

function costOf(answer) {
  const cost = answer?.extensions?.cost;
  return cost ? [`cost ${cost.requested} of ${cost.limit}, ${cost.remaining} left`] : [];
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function showStatus(text) {
  at("status").textContent = text;
}

function showAnswers(texts) {
  const shown = texts.map(prettyJson).join("\n\n");
  at("answer").replaceChildren(...(shown.length > COLOURED_CHARACTERS ? [shown] : answerNodes(shown, wantedNames, take)));
}

/** Keeps a value of the answer for the examples to come, and gives it to the one that is open. */
function take(name, value) {
  carry({ [name]: value }, wantedNames);
  const given = parsed(variables.text);
  if (given && name in given) variables.text = JSON.stringify({ ...given, [name]: value }, null, 2);
  showStatus(`${name} will be filled in`);
}

/* The operation to run, where a document has several */

function showOperations() {
  const operations = operationsOf(editor.text);
  const select = at("operation");
  const before = select.value;
  select.replaceChildren(...operations.map(({ name }) => element("option", {}, name)));
  if (operations.some(({ name }) => name === before)) select.value = before;
  select.hidden = operations.length < 2;
}

function chosenOperation() {
  const operations = operationsOf(editor.text);
  const chosen = operations.find(({ name }) => name === at("operation").value) ?? operations[0];
  if (!chosen) throw new Error("Write an operation first, or choose an example.");
  return chosen;
}

/* Examples and history */

function open({ document: text, variables: values }) {
  running?.abort();
  editor.text = text;
  markVariables({ areValid: true });
  variables.text = Object.keys(values).length ? JSON.stringify(values, null, 2) : "";
  showOperations();
  showAnswers([]);
  showStatus("");
}

function openExample(example) {
  open({ document: example.document, variables: filledIn(example.variables) });
  window.history.replaceState(null, "", `#${example.slug}`);
  for (const button of at("examples").querySelectorAll("button")) {
    if (button.dataset.slug === example.slug) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

async function loadExamples() {
  const examples = await (await fetch(examplesAddress)).json();
  wantedNames = new Set(examples.flatMap((example) => Object.keys(example.variables)));
  const groups = Map.groupBy(examples, ({ group }) => group);
  for (const [group, members] of groups) at("examples").append(element("h3", {}, group), ...members.map(exampleButton));
  openExample(examples.find(({ slug }) => `#${slug}` === location.hash) ?? examples[0]);
}

function exampleButton(example) {
  return element("button", { type: "button", "data-slug": example.slug, onclick: () => openExample(example) }, example.title);
}

function rememberOperation({ query, variables: given, operationName }) {
  remember({ name: operationName ?? query.replace(/\s+/g, " ").slice(0, 40), document: query, variables: given });
  showHistory();
}

function showHistory() {
  const entries = history();
  const button = (entry) => element("button", { type: "button", onclick: () => open(entry) }, entry.name);
  at("history").replaceChildren(...entries.map(button));
  at("clear-history").hidden = !entries.length;
}

/* Schema */

async function loadSchema() {
  documentation.explain("Asking for the schema …");
  try {
    const headers = headersFrom(at("headers").value);
    let answer;
    const onAnswer = (text) => (answer = parsed(text));
    await send({ endpoint, headers, operation: { query: INTROSPECTION }, isSubscription: false, onAnswer });
    if (!answer?.data) throw new Error(answer?.errors?.[0]?.message ?? "The answer held no schema.");
    schema = new Schema(answer.data);
    documentation.show(schema);
  } catch (problem) {
    documentation.explain(`${problem.message} Sign in as somebody who may read the schema, then ask again.`);
  }
}

function toggleDocumentation() {
  const pane = at("documentation");
  pane.hidden = !pane.hidden;
  document.body.classList.toggle("without-documentation", pane.hidden);
  at("toggle-documentation").setAttribute("aria-expanded", String(!pane.hidden));
}

/* Start */

function prettifyAll() {
  const laid = prettify(editor.text);
  if (laid !== editor.text) editor.replace(laid);
  const indented = prettyJson(variables.text);
  if (indented !== variables.text) variables.replace(indented);
}

function onShortcut(event) {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    run();
  }
  if (event.altKey && event.shiftKey && event.code === "KeyF") {
    event.preventDefault();
    prettifyAll();
  }
}

// In the capture phase: before the editor takes Enter for a new line.
document.addEventListener("keydown", onShortcut, { capture: true });
editor.field.addEventListener("input", showOperations);
variables.field.addEventListener("input", () => markVariables({ areValid: true }));
at("run").addEventListener("click", run);
at("prettify").addEventListener("click", prettifyAll);
at("toggle-documentation").addEventListener("click", toggleDocumentation);
at("clear-history").addEventListener("click", () => {
  forgetHistory();
  showHistory();
});
at("headers").value = sessionStorage.getItem(HEADERS) ?? "";
at("headers").addEventListener("input", (event) => sessionStorage.setItem(HEADERS, event.target.value));

if (window.matchMedia("(max-width: 1440px)").matches) toggleDocumentation();
showHistory();
loadExamples().catch((problem) => showStatus(`The examples could not be loaded: ${problem.message}`));
loadSchema();

// Sends operations to the API: POST with JSON; subscriptions as server-sent events.

const ONE_ANSWER = "application/graphql-response+json, application/json;q=0.9";
const EVENTS = "text/event-stream";

/** Headers from lines `name: value`; throws an Error that names the first line that is none. */
export function headersFrom(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  return lines.map((line) => {
    const [, name, value] = /^\s*([\w-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (!name) throw new Error(`Headers: “${line.trim()}” is not of the form “name: value”.`);
    return [name, value];
  });
}

/**
 * Sends one operation. `onAnswer` gets each answer's text: one, or as many as a subscription has.
 * Resolves to {status, milliseconds} when the last has come; rejects when the server cannot be reached or `signal` aborts.
 */
export async function send({ endpoint, headers, operation, isSubscription, signal, onAnswer }) {
  const started = performance.now();
  const hasBearer = headers.some(([name]) => name.toLowerCase() === "authorization");
  const response = await fetch(endpoint, {
    method: "POST",
    headers: [...headers, ["Content-Type", "application/json"], ["Accept", isSubscription ? EVENTS : ONE_ANSWER]],
    body: JSON.stringify(operation),
    // A bearer token and a session cookie together are refused as two credentials.
    credentials: hasBearer ? "omit" : "same-origin",
    signal,
  });
  const isStream = response.headers.get("Content-Type")?.startsWith(EVENTS);
  if (isStream) await readEvents(response.body, onAnswer);
  else onAnswer(await response.text());
  return { status: response.status, milliseconds: Math.round(performance.now() - started) };
}

async function readEvents(stream, onAnswer) {
  let waiting = "";
  for await (const piece of pieces(stream.pipeThrough(new TextDecoderStream()))) {
    const events = (waiting + piece).replaceAll("\r\n", "\n").split("\n\n");
    waiting = events.pop();
    events.map(dataOf).filter(Boolean).forEach(onAnswer);
  }
}

/** Safari cannot iterate a stream by itself. */
async function* pieces(stream) {
  const reader = stream.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
}

function dataOf(event) {
  const lines = event.split("\n").filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length).trimStart()).join("\n");
}

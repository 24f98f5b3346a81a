// The answer: JSON in colours, in which a click takes a value that examples need.
import { element } from "./elements.js";
import { jsonColours } from "./json.js";

/** The JSON as nodes. Plain values of a name in `wanted` act as buttons, which call `take(name, value)`. */
export function answerNodes(text, wanted, take) {
  let key;
  return jsonColours(text).map(([kind, piece]) => {
    if (!kind) return piece;
    if (kind === "is-key") key = JSON.parse(piece);
    else if (wanted.has(key) && piece !== "null") return takeable(kind, piece, { name: key, take });
    return element("span", { class: kind }, piece);
  });
}

/** Not a button element: Firefox leaves the text of those out when the answer is selected and copied. */
function takeable(kind, piece, { name, take }) {
  const onclick = () => take(name, JSON.parse(piece));
  const onkeydown = (event) => event.key === "Enter" && !event.ctrlKey && !event.metaKey && onclick();
  const title = `Use it as ${name} in the examples`;
  return element("span", { class: `${kind} takeable`, role: "button", tabindex: "0", title, onclick, onkeydown }, piece);
}

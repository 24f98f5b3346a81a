// Elements without markup: text can never become code.

/** An element; attributes that are functions are event listeners (`onclick`), `undefined` and false ones are left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== false));
  return made;
}

/** Coloured text: pieces [class, text] as spans. */
export function coloured(pieces) {
  return pieces.map(([name, text]) => (name ? element("span", { class: name }, text) : text));
}

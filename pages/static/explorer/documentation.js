// The schema's documentation, drawn from introspection: search, root types, one type at a time with a way back.
import { element } from "./elements.js";
import { nameOf, typeText } from "./schema.js";

export class Documentation {
  /** In `place`; `onLoad` is called when the reader asks for the schema (again). */
  constructor(place, onLoad) {
    this.place = place;
    this.onLoad = onLoad;
    this.trail = [];
  }

  /** Says why there is no schema, with the button that asks again. */
  explain(sentence) {
    const button = element("button", { type: "button", onclick: this.onLoad }, "Ask for the schema");
    this.place.replaceChildren(element("h2", {}, "Schema"), element("p", {}, sentence), button);
  }

  show(schema) {
    this.schema = schema;
    this.results = element("div");
    const oninput = (event) => this.draw(event.target.value.trim());
    const search = element("input", { type: "search", placeholder: "Search types and fields", "aria-label": "Search the schema", oninput });
    this.place.replaceChildren(search, this.results);
    this.draw("");
  }

  draw(sought) {
    const type = this.trail.at(-1);
    if (sought) this.results.replaceChildren(this.found(sought));
    else if (type) this.results.replaceChildren(this.back(), ...this.typePage(this.schema.type(type)));
    else this.results.replaceChildren(...this.rootPage());
  }

  open(name) {
    this.trail.push(name);
    this.place.querySelector("input").value = "";
    this.draw("");
    this.place.scrollTo(0, 0);
  }

  back() {
    const onclick = () => {
      this.trail.pop();
      this.draw("");
    };
    const to = this.trail.at(-2) ?? "Schema";
    return element("div", { class: "trail" }, element("button", { type: "button", onclick }, `← ${to}`));
  }

  rootPage() {
    return Object.values(this.schema.roots).filter(Boolean).flatMap((name) => [
      element("h3", {}, name),
      this.members(this.schema.type(name).fields),
    ]);
  }

  typePage(type) {
    return [
      element("h2", {}, type.name),
      element("p", { class: "quiet" }, type.kind.toLowerCase().replace("_", " ")),
      described(type),
      ...this.section("Implements", this.types(type.interfaces)),
      ...this.section("Fields", this.members(type.fields ?? type.inputFields)),
      ...this.section("Values", this.values(type.enumValues)),
      ...this.section("Possible types", this.types(type.possibleTypes)),
    ];
  }

  section(title, list) {
    return list.children.length ? [element("h3", {}, title), list] : [];
  }

  found(sought) {
    const found = this.schema.search(sought);
    if (!found.length) return element("p", { class: "quiet" }, `Nothing is named like “${sought}”.`);
    const line = ({ type, field }) => element("li", {}, element("code", {}, this.link(type.name), field ? `.${field.name}` : ""));
    return element("ul", {}, ...found.map(line));
  }

  members(fields) {
    return element("ul", {}, ...(fields ?? []).map((field) => this.member(field)));
  }

  member(field) {
    const signature = [field.name, ...this.argumentsOf(field), ": ", this.link(typeText(field.type), nameOf(field.type))];
    const usual = field.defaultValue ? ` = ${field.defaultValue}` : "";
    return element("li", {}, element("code", {}, ...signature, usual), described(field), deprecated(field));
  }

  argumentsOf({ args = [] }) {
    if (!args.length) return [];
    const written = args.flatMap((arg) => [", ", `${arg.name}: `, this.link(typeText(arg.type), nameOf(arg.type))]);
    return ["(", ...written.slice(1), ")"];
  }

  types(types) {
    return element("ul", {}, ...(types ?? []).map(({ name }) => element("li", {}, element("code", {}, this.link(name)))));
  }

  values(values) {
    const line = (value) => element("li", {}, element("code", {}, value.name), described(value), deprecated(value));
    return element("ul", {}, ...(values ?? []).map(line));
  }

  link(text, name = text) {
    return element("button", { type: "button", class: "type", onclick: () => this.open(name) }, text);
  }
}

function described({ description }) {
  return description ? element("p", { class: "quiet" }, description) : "";
}

function deprecated({ isDeprecated, deprecationReason }) {
  return isDeprecated ? element("p", { class: "deprecated" }, `Deprecated: ${deprecationReason}`) : "";
}

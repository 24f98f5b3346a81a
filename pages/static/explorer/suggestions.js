// The list of completions under the cursor: arrows choose, Enter takes, Escape closes; Tab takes what is chosen.
import { completionsAt } from "./completion.js";
import { element } from "./elements.js";

const PADDING_LEFT = 14;
const LINES_BELOW = 2.4;

export class Suggestions {
  /** In `list`, for the editor; `schema()` answers the schema, or undefined while there is none. */
  constructor(list, editor, schema) {
    this.list = list;
    this.editor = editor;
    this.schema = schema;
    this.field = editor.field;
    this.field.setAttribute("aria-autocomplete", "list");
    this.field.setAttribute("aria-controls", list.id);
    this.field.addEventListener("input", (event) => this.follow(event));
    this.field.addEventListener("blur", () => this.close());
    this.field.addEventListener("click", () => this.close());
    // In the capture phase, so that Enter takes a suggestion before the editor makes a line of it.
    this.field.addEventListener("keydown", (event) => this.steer(event), { capture: true });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  follow(event) {
    if (/^\w$/.test(event.data ?? "")) this.open();
    else if (event.inputType === "deleteContentBackward" && this.isOpen) this.open();
    else this.close();
  }

  open() {
    const schema = this.schema();
    const found = schema && completionsAt(schema, this.editor.text, this.field.selectionStart);
    if (!found?.items.length) return this.close();
    this.found = found;
    this.list.replaceChildren(...found.items.map((item, place) => this.option(item, place)));
    this.list.hidden = false;
    this.choose(0);
    return this.settle();
  }

  close() {
    this.list.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  option({ text, detail }, place) {
    const onmousedown = (event) => {
      event.preventDefault();
      this.take(place);
    };
    return element("li", { role: "option", id: `completion-${place}`, onmousedown }, text, element("span", {}, detail));
  }

  choose(place) {
    const count = this.list.children.length;
    this.chosen = (place + count) % count;
    [...this.list.children].forEach((option, each) => option.setAttribute("aria-selected", each === this.chosen));
    this.list.children[this.chosen].scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", `completion-${this.chosen}`);
  }

  take(place) {
    this.editor.replace(this.found.items[place].text, this.found.from, this.field.selectionStart);
    this.close();
  }

  steer(event) {
    if (event.ctrlKey && event.code === "Space") {
      event.preventDefault();
      this.open();
      return;
    }
    if (!this.isOpen || event.ctrlKey || event.metaKey) return;
    const act = {
      ArrowDown: () => this.choose(this.chosen + 1),
      ArrowUp: () => this.choose(this.chosen - 1),
      Enter: () => this.take(this.chosen),
      Tab: () => this.take(this.chosen),
      Escape: () => this.close(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Puts the list under the word: the letters have one width, so the column tells the place. */
  settle() {
    const lines = this.editor.text.slice(0, this.found.from).split("\n");
    const style = getComputedStyle(this.field);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const left = PADDING_LEFT + lines.at(-1).length * pen.measureText("m").width - this.field.scrollLeft;
    const top = (lines.length + LINES_BELOW) * parseFloat(style.lineHeight) - this.field.scrollTop;
    this.list.style.left = `${Math.max(0, Math.min(left, this.field.clientWidth - this.list.offsetWidth))}px`;
    this.list.style.top = `${top}px`;
  }
}

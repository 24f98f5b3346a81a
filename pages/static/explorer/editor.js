// A text field with colours under it. Tab leaves the field, as it does everywhere: nobody is trapped by the keyboard.
import { coloured } from "./elements.js";

export class Editor {
  /** Over a textarea that stands beside the `pre` of its colours. */
  constructor(field, colour) {
    this.field = field;
    this.colour = colour;
    this.paper = field.parentElement.querySelector("pre");
    field.addEventListener("input", () => this.paint());
    field.addEventListener("scroll", () => this.align());
    field.addEventListener("keydown", (event) => this.indent(event));
  }

  get text() {
    return this.field.value;
  }

  /** Puts in another text; undo forgets what was before. */
  set text(text) {
    this.field.value = text;
    this.field.setSelectionRange(0, 0);
    this.field.scrollTo(0, 0);
    this.paint();
  }

  /** Replaces a part, or all, in a way that the field's own undo can take back. */
  replace(text, from = 0, to = this.text.length) {
    this.field.focus();
    this.field.setSelectionRange(from, to);
    // Deprecated, and still the only way to write into a field's undo history.
    if (!document.execCommand("insertText", false, text)) this.field.setRangeText(text, from, to, "end");
    this.paint();
  }

  paint() {
    this.paper.replaceChildren(...coloured(this.colour(this.text)));
    this.align();
  }

  align() {
    this.paper.style.translate = `${-this.field.scrollLeft}px ${-this.field.scrollTop}px`;
  }

  indent(event) {
    if (event.key !== "Enter" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    const { selectionStart, selectionEnd } = this.field;
    const line = this.text.slice(0, selectionStart).split("\n").at(-1);
    const deeper = /[{([]\s*$/.test(line) ? "  " : "";
    this.replace(`\n${/^ */.exec(line)[0]}${deeper}`, selectionStart, selectionEnd);
  }
}

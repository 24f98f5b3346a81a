// The mailbox: copies codes, and reloads the page when mail has come.
const POLL_MILLISECONDS = 3000;
const search = document.querySelector("input[name=to]");

async function copyCode(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // Browsers give the clipboard to https and localhost alone: elsewhere the code is selected for Ctrl-C.
    getSelection().selectAllChildren(code);
    button.textContent = "Selected: press Ctrl-C";
  }
}

const isTyping = () => search.value !== search.defaultValue;

async function reloadOnNewMail() {
  if (document.hidden || isTyping()) return;
  const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
  const revision = answer.headers.get("ETag");
  if (answer.ok && revision !== document.body.dataset.revision && !isTyping()) location.reload();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copyCode(button);
});
// A server that restarts is no reason to stop looking.
setInterval(() => reloadOnNewMail().catch(() => {}), POLL_MILLISECONDS);

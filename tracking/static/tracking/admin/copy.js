// Puts the text beside a pressed “Copy” into the clipboard, and says on the button whether it could.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const text = button.parentElement.querySelector("[data-copied]");
  button.textContent = (await copied(text)) ? "Copied" : "Selected: press Ctrl-C";
  setTimeout(() => (button.textContent = "Copy"), 2000);
});

// Outside https and localhost browsers keep the clipboard to themselves: the text is selected then.
async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return false;
  }
}

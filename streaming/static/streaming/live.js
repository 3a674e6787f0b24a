// The live view: shows what the socket sends, newest first, and tells it what to send.
const ROWS = 200; // kept on the page; older lines go
const RETRY_MS = 2000;
const NOT_ALLOWED = 4403;

const view = document.getElementById("live-events");
const form = view.querySelector("form");
const lines = view.querySelector("tbody");
const pause = view.querySelector("[data-pause]");
const light = view.querySelector("[data-state]");
const words = view.querySelector("[data-words]");
const leftOut = view.querySelector("[data-skipped]");
const nothingYet = lines.firstElementChild;

let socket;
let paused = false;
let shown = 0;
let skipped = 0;
let unread = 0;

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}${view.dataset.socket}`);
  socket.onopen = ask;
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = ({ code, reason }) => {
    if (code === NOT_ALLOWED) return say("away", reason);
    say("away", "The connection is lost; trying again.");
    setTimeout(connect, RETRY_MS);
  };
}

function ask() {
  if (socket.readyState !== WebSocket.OPEN) return;
  const filter = Object.fromEntries(new FormData(form));
  socket.send(JSON.stringify(paused ? { type: "pause" } : { type: "watch", filter }));
}

function receive(message) {
  if (message.type === "state") return say(message.state, message.detail);
  if (paused) return;
  skipped += message.skipped;
  unread += message.unread;
  for (const event of message.events) add(event);
  tellLeftOut();
}

function say(state, detail) {
  light.dataset.state = state;
  words.textContent = detail || { watching: "Watching", paused: "Paused", connecting: "Connecting …" }[state];
}

function tellLeftOut() {
  const parts = [`${shown.toLocaleString("en")} shown`];
  if (skipped) parts.push(`${skipped.toLocaleString("en")} left out: they came faster than can be shown`);
  if (unread) parts.push(`${unread.toLocaleString("en")} passed over unread: too many for the live view`);
  leftOut.textContent = parts.join("; ");
}

function add(event) {
  shown += 1;
  nothingYet.remove();
  const at = event.appendedAt.slice(11, 23);
  const name = element("td", "", event.event || "–");
  for (const mark of event.marks) name.append(element("span", "live-mark", mark));
  const time = element("td");
  const open = element("button", "", at);
  open.type = "button";
  open.title = "Show it whole";
  open.setAttribute("aria-expanded", "false");
  time.append(open);
  const place = element("td");
  const follow = element("a", "", `${event.partition}@${event.offset}`);
  follow.href = addressOf(event);
  follow.title = "Follow it to its batch and list";
  place.append(follow);
  const visitor = element("td", "live-id");
  const only = element("button", "", event.visitorId);
  only.type = "button";
  only.title = `Only this visitor: ${event.visitorId}`;
  only.dataset.visitor = event.visitorId;
  visitor.append(only);
  const products = element("td", "live-products", event.products.join(", ") || "–");
  products.title = event.products.join(", ");
  const line = element("tr");
  line.append(time, element("td", "", event.kind), name, products, visitor, element("td", "", event.source || "–"), place);
  open.onclick = () => toggle(line, open, event);
  lines.prepend(line);
  while (lines.rows.length > ROWS) lines.lastElementChild.remove();
}

function addressOf(event) {
  return `${view.dataset.record}${event.partition}/${event.offset}/`;
}

async function toggle(line, button, event) {
  const below = line.nextElementSibling;
  if (below?.classList.contains("live-whole")) {
    below.remove();
    button.setAttribute("aria-expanded", "false");
    return;
  }
  const cell = element("td", "", "Reading it from the log …");
  cell.colSpan = 7;
  const row = element("tr", "live-whole");
  row.append(cell);
  line.after(row);
  button.setAttribute("aria-expanded", "true");
  try {
    const response = await fetch(`${addressOf(event)}whole/`);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    cell.innerHTML = await response.text();
  } catch (error) {
    cell.textContent = `It could not be read: ${error.message}. Close and open it again.`;
  }
}

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function clear() {
  lines.replaceChildren(nothingYet);
  shown = skipped = unread = 0;
  leftOut.textContent = "";
}

let typing;
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    clear();
    ask();
  }, 250);
});
form.addEventListener("submit", (event) => event.preventDefault());
lines.addEventListener("click", ({ target }) => {
  if (!target.dataset.visitor) return;
  form.elements.visitor.value = target.dataset.visitor;
  clear();
  ask();
});
pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
  pause.setAttribute("aria-pressed", String(paused));
  ask();
});
view.querySelector("[data-clear]").addEventListener("click", clear);
connect();
